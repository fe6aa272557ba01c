"""Share links: who has one sees what the resume shows, without an account."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from girok.clock import Clock, IdFactory
from girok.context import current, require_user
from girok.networks import host_network
from girok.ratelimit import RateLimiter
from plugins.personal.errors import ShareNotFound
from plugins.personal.links import Duration, ShareLink, check_open, expiry, is_token, new_token
from plugins.personal.messages import Resume
from plugins.personal.privacy import published
from plugins.personal.repository import ResumeRepository, ShareRepository
from plugins.personal.service.views import Views

__all__ = ["Shares"]

_MOST_LINKS = 1_000
"""That somebody may have: their list is one answer."""


class Shares:
    """For the routes of this process. Somebody else's link or resume is one that there is not."""

    def __init__(
        self, links: ShareRepository, resumes: ResumeRepository, limiter: RateLimiter, clock: Clock, ids: IdFactory
    ) -> None:
        self._links = links
        self._resumes = resumes
        self._limiter = limiter
        self._clock = clock
        self._ids = ids
        self.views = Views(links, clock)

    async def create(self, resume_id: str, duration: Duration, custom: datetime | None) -> ShareLink:
        """A new link to one's own resume. Raises InvalidExpiry, ResumeNotFound, TooManyShares."""
        user_id = require_user().user_id
        now = self._clock.now()
        link = ShareLink(
            id=self._ids.new(),
            token=new_token(),
            resume_id=resume_id,
            user_id=user_id,
            expires_at=expiry(duration, custom, now),
            is_active=True,
            created_at=now,
            updated_at=now,
        )
        await self._links.add(link, _MOST_LINKS)
        return link

    async def list(self) -> list[ShareLink]:
        """One's own, the newest first; those of deleted resumes are gone."""
        return await self._links.links_of(require_user().user_id)

    async def get(self, link_id: str) -> ShareLink:
        """One of one's own. Raises ShareNotFound."""
        link = await self._links.link(link_id, require_user().user_id)
        if link is None:
            raise ShareNotFound
        return link

    async def change(
        self,
        link_id: str,
        *,
        duration: Duration | None = None,
        custom: datetime | None = None,
        is_active: bool | None = None,
    ) -> ShareLink:
        """What is None stays; a duration counts from now, `custom` alone is one.

        Raises InvalidExpiry, ShareNotFound.
        """
        user_id = require_user().user_id
        now = self._clock.now()
        if duration is None and custom is not None:
            duration = "custom"
        changes: dict[str, object] = {"updated_at": now}
        if duration is not None:
            changes["expires_at"] = expiry(duration, custom, now)
        if is_active is not None:
            changes["is_active"] = is_active
        return await self._links.change(link_id, user_id, lambda link: msgspec.structs.replace(link, **changes))

    async def delete(self, link_id: str) -> None:
        """One of one's own. Raises ShareNotFound."""
        await self._links.remove(link_id, require_user().user_id)

    async def view(self, token: str, viewer: Callable[[], Awaitable[str | None]] | None) -> Resume:
        """What everybody who has the link sees.

        `viewer` tells the id of who looks; it is a view unless that is the owner, and none without `viewer`. An address
        that guesses tokens is limited, whoever has a good one is not. Raises ShareNotFound, ShareInactive,
        ShareExpired, RateLimited.
        """
        link = await self._links.by_token(token) if is_token(token) else None
        if link is None:
            await self._limiter.spend("share_token", f"address:{host_network(current().address)}")
            raise ShareNotFound
        check_open(link, self._clock.now())
        resume = await self._resumes.shared(link.resume_id)
        if resume is None:  # deleted this very moment
            raise ShareNotFound
        if viewer is not None and await viewer() != link.user_id:
            await self.views.count(link.id)
        return published(resume)
