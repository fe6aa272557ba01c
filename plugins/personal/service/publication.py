"""What others see of somebody's resume, as a message and as a page that is kept ready.

A page is encoded once for each version of a resume. Whose it is and which version there is now is read at each request,
so a change is seen by the next one in every process; only what follows from these two is remembered.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from girok.errors import NotFound
from plugins.auth.ports import AuthService, GetUserByUsernameRequest
from plugins.personal.errors import ResumeNotFound
from plugins.personal.messages import Resume
from plugins.personal.ports import GetPublicResumeRequest
from plugins.personal.privacy import published
from plugins.personal.repository import ResumeRepository

__all__ = ["Page", "Publication"]


class Page(NamedTuple):
    """An encoded answer; `id` and `version` are those of the resume that it shows."""

    id: str
    version: int
    body: bytes


class Publication:
    """See PersonalService in ports.py. `encode` makes a page of what is published, `most_bytes` of them are kept."""

    def __init__(
        self, resumes: ResumeRepository, auth: AuthService, encode: Callable[[Resume], bytes], most_bytes: int
    ) -> None:
        self._resumes = resumes
        self._auth = auth
        self._encode = encode
        self._pages = _Pages(most_bytes)

    async def get_public_resume(self, request: GetPublicResumeRequest) -> Resume:
        return published(await self._first(await self._user_id(request.username)))

    async def page(self, username: str) -> Page:
        """The public page. Raises ResumeNotFound."""
        user_id = await self._user_id(username)
        current = await self._resumes.first_version(user_id)
        if current is None:
            raise ResumeNotFound
        if (kept := self._pages.get(*current)) is not None:
            return kept
        resume = published(await self._first(user_id))
        page = Page(resume.id, resume.version, self._encode(resume))
        self._pages.keep(page)
        return page

    async def _user_id(self, username: str) -> str:
        try:
            return (await self._auth.get_user_by_username(GetUserByUsernameRequest(username))).id
        except NotFound:
            raise ResumeNotFound from None

    async def _first(self, user_id: str) -> Resume:
        found = await self._resumes.first(user_id)
        if found is None:
            raise ResumeNotFound
        return found


class _Pages:
    """Pages by resume, those that nobody asked for longest given up first."""

    def __init__(self, most_bytes: int) -> None:
        self._left = most_bytes
        self._pages: OrderedDict[str, Page] = OrderedDict()

    def get(self, resume_id: str, version: int) -> Page | None:
        """The page of this version."""
        found = self._pages.get(resume_id)
        if found is None or found.version != version:
            return None
        self._pages.move_to_end(resume_id)
        return found

    def keep(self, page: Page) -> None:
        """Keep it, in place of another version."""
        if earlier := self._pages.pop(page.id, None):
            self._left += len(earlier.body)
        self._pages[page.id] = page
        self._left -= len(page.body)
        while self._left < 0 and self._pages:
            _, oldest = self._pages.popitem(last=False)
            self._left += len(oldest.body)
