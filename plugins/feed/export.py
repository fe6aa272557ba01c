"""What feed stores of a user: their posts, whom they follow and what they like.

Who follows them and likes their posts is in the parts of those who did it; timelines are others' posts.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable

from girok.export import Exported
from girok.kit import Kit
from plugins.feed.repository import Since
from plugins.feed.service import repository

__all__ = ["export"]

_PAGE = 500


async def export(kit: Kit, user_id: str) -> AsyncGenerator[Exported, None]:
    """Posts, newest first: `post {id, text, like_count, created_at}`; then `like` and `follow`: `{id, since}`."""
    feed = repository(kit)
    before = None
    while page := await feed.posts_of(user_id, "", before, _PAGE):
        for post in page:
            told = {"id": post.id, "text": post.text, "like_count": post.like_count, "created_at": post.created_at}
            yield Exported("post", told)
        before = page[-1].id
    async for like in _all(feed.likes_of, user_id):
        yield Exported("like", like._asdict())
    async for follow in _all(feed.follows_of, user_id):
        yield Exported("follow", follow._asdict())


async def _all(pages: Callable[[str, str, int], Awaitable[list[Since]]], user_id: str) -> AsyncGenerator[Since, None]:
    after = ""
    while page := await pages(user_id, after, _PAGE):
        for each in page:
            yield each
        after = page[-1].id
