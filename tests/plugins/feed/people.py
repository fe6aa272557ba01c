"""People for tests of feed, acted as through the call context."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from girok.context import Actor, CallContext, acting_as
from girok.testing.box import TestBox
from plugins.auth.ports import AuthService, RegisterRequest
from plugins.feed.ports import CreatePostRequest, FeedService, GetTimelineRequest, Post
from tests.scenarios.story import PASSWORD

__all__ = ["Person", "person"]


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    actor: Actor
    username: str
    feed: FeedService

    def acts(self) -> AbstractContextManager[CallContext]:
        """The body runs as this person."""
        return acting_as(self.actor)

    async def posts(self, text: str, client_id: str | None = None) -> Post:
        """Create a post."""
        with self.acts():
            return await self.feed.create_post(CreatePostRequest(text, client_id))

    async def sees(self) -> list[str]:
        """The texts of the whole timeline, newest first, read in pages of 7."""
        texts: list[str] = []
        after = None
        with self.acts():
            while True:
                page = await self.feed.get_timeline(GetTimelineRequest(7, after))
                texts += [edge.node.text for edge in page.edges]
                after = page.page_info.end_cursor
                if not page.page_info.has_next_page:
                    return texts


async def person(box: TestBox, username: str) -> Person:
    """Register `username`."""
    registered = await box.kit.ports[AuthService].register(
        RegisterRequest(email=f"{username}@example.org", username=username, password=PASSWORD, name=username.title())
    )
    return Person(Actor(registered.user.id, "USER", registered.session_id), username, box.kit.ports[FeedService])
