"""Load: people who write, delete, like, follow, sign in and out, at random and all at once, until girok is killed.

Each lane of a person sends one request after another and owns what it changes, so that the ledger always knows what
may have become of the one that a kill cut off.
"""

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import httpx

from girok.testing.client import Answer, Browser
from tests.scenarios.ledger import Fact, Ledger, SentPost, Visit
from tests.scenarios.story import PASSWORD, create_post, register, timeline

__all__ = ["DELETE", "Person", "until_killed"]

DELETE = "mutation($id: ID!) { deletePost(id: $id) }"
_LIKE = "mutation($id: ID!) { likePost(id: $id) { liked } }"
_UNLIKE = "mutation($id: ID!) { unlikePost(id: $id) { liked } }"
_FOLLOW = "mutation($username: String!) { follow(username: $username) { isFollowing } }"
_UNFOLLOW = "mutation($username: String!) { unfollow(username: $username) { isFollowing } }"
_LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
_RECENT = 40
"""Likes go to posts as new as that, so that some meet posts that are being deleted."""


class Person:
    """One account, and what it does. `cookies` are those of its registration, `open_browser` is given the address."""

    def __init__(
        self, username: str, ledger: Ledger, random: Random, open_browser: Callable[[str], Browser] = Browser
    ) -> None:
        self.username = username
        self.cookies: dict[str, str] = {}
        self._ledger = ledger
        self._random = random
        self._open = open_browser
        self._sent = 0

    async def sign_up(self, base_url: str) -> None:
        """Register and stay signed in."""
        async with self.browser(base_url) as browser:
            await register(browser, self.username)

    async def follow(self, base_url: str, others: Sequence["Person"]) -> None:
        """Follow the others, once and for all."""
        async with self.browser(base_url) as browser:
            for each in others:
                await self._turn_follow(browser, each.username)

    def browser(self, base_url: str) -> Browser:
        """A browser that is signed in."""
        browser = self._open(base_url)
        browser.cookies = self.cookies
        return browser

    async def write(self, base_url: str) -> None:
        """Send again what a kill cut off, then create, delete, and send the same once more."""
        async with self.browser(base_url) as browser:
            for post in self._ledger.of(self.username):
                if post.id is None and post.client_id is not None:
                    await _send(browser, post)
            while True:
                await self._write_one(browser)

    async def like(self, base_url: str) -> None:
        """Like and unlike what others wrote lately."""
        async with self.browser(base_url) as browser:
            while True:
                assert (await browser.graphql("{ me { username } }")).data["me"] == {"username": self.username}
                for post in self._ledger.answered[-_RECENT:]:
                    if self._random.random() < 0.1:
                        await self._turn_like(browser, post)

    async def read(self, base_url: str) -> None:
        """Read the timeline, and who one is."""
        async with self.browser(base_url) as browser:
            while True:
                assert (await timeline(browser))["edges"] is not None
                assert (await browser.graphql("{ me { username } }")).data["me"] == {"username": self.username}

    async def waver(self, base_url: str, others: Sequence["Person"]) -> None:
        """Follow and unfollow the others."""
        async with self.browser(base_url) as browser:
            while True:
                await self._turn_follow(browser, self._random.choice(others).username)

    async def visit(self, base_url: str) -> None:
        """Sign in with another browser, look who one is, and sign out."""
        email = f"{self.username}@example.org"
        while True:
            async with self._open(base_url) as browser:
                answer = await browser.graphql(_LOGIN, {"input": {"email": email, "password": PASSWORD}})
                assert answer.data["login"] == {"success": True}
                visit = Visit(self.username, dict(browser.cookies), Fact(True))
                self._ledger.visits.append(visit)
                assert (await browser.graphql("{ me { username } }")).data["me"] == {"username": self.username}
                with visit.signed_in.changing(False):
                    assert (await browser.graphql("mutation { logout { success } }")).data["logout"]["success"]

    async def _write_one(self, browser: Browser) -> None:
        mine = [each for each in self._ledger.of(self.username) if each.there.allowed == {True}]
        chance = self._random.random()
        if mine and chance < 0.15:
            post = self._random.choice(mine)
            with post.there.changing(False):
                assert (await browser.graphql(DELETE, {"id": post.id})).data == {"deletePost": True}
        elif mine and mine[-1].client_id and chance < 0.3:
            again = await create_post(browser, "the same once more", mine[-1].client_id)
            assert again["id"] == mine[-1].id
        else:
            self._sent += 1
            text = f"{self.username} {self._sent} {'x' * self._random.randint(1, 300)}"
            client_id = f"c{self._sent}" if self._random.random() < 0.6 else None
            post = SentPost(self.username, text, client_id)
            self._ledger.posts.append(post)
            await _send(browser, post)

    async def _turn_follow(self, browser: Browser, followee: str) -> None:
        fact = self._ledger.follows[self.username, followee]
        value = True not in fact.allowed
        with fact.changing(value):
            answer = await browser.graphql(_FOLLOW if value else _UNFOLLOW, {"username": followee})
            assert answer.data["follow" if value else "unfollow"] == {"isFollowing": value}

    async def _turn_like(self, browser: Browser, post: SentPost) -> None:
        assert post.id is not None
        fact = self._ledger.likes[self.username, post.id]
        value = True not in fact.allowed
        with fact.changing(value):
            answer = await browser.graphql(_LIKE if value else _UNLIKE, {"id": post.id})
            if post.there.allowed == {True}:
                assert answer.data["likePost" if value else "unlikePost"] == {"liked": value}
            else:
                assert _found(answer) in (None, {"liked": value})


async def until_killed(lanes: Sequence[Any]) -> None:
    """Run the lanes until every one has lost its connection. Raises what else ended one."""
    for ended in await asyncio.gather(*lanes, return_exceptions=True):
        if not isinstance(ended, httpx.TransportError):
            raise ended


async def _send(browser: Browser, post: SentPost) -> None:
    with post.there.changing(True):
        post.id = (await create_post(browser, post.text, post.client_id))["id"]


def _found(answer: Answer) -> Any:
    """What a like gave; None where the post was not found."""
    if "errors" in answer.body:
        assert answer.error["reason"] == "POST_NOT_FOUND", answer.body
        return None
    (found,) = answer.data.values()
    return found
