"""The story: two people register, one follows the other, posts arrive in timelines, a like counts.

It knows one address and nothing else: not how many processes answer there, and not what they store things in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from girok.testing.client import Browser

__all__ = ["PASSWORD", "create_post", "eventually", "register", "tell", "timeline"]

PASSWORD = "Str0ng!pass"

_REGISTER = "mutation($input: RegisterInput!) { register(input: $input) { success user { id username email } } }"
_LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success user { username } } }"
_CREATE = "mutation($input: CreatePostInput!) { createPost(input: $input) { id text author { username } createdAt } }"
_TIMELINE = """
query($first: Int, $after: String) {
  timeline(first: $first, after: $after) {
    edges { cursor node { id text likeCount liked author { id username followerCount } } }
    pageInfo { endCursor hasNextPage startCursor hasPreviousPage }
  }
}
"""


async def register(browser: Browser, username: str) -> dict[str, Any]:
    """Register `username` and stay signed in; the User."""
    answer = await browser.graphql(
        _REGISTER,
        {
            "input": {
                "email": f"{username}@example.org",
                "username": username,
                "password": PASSWORD,
                "name": username.title(),
            }
        },
    )
    return answer.data["register"]["user"]


async def create_post(browser: Browser, text: str, client_id: str | None = None) -> dict[str, Any]:
    """Create a post; the Post."""
    return (await browser.graphql(_CREATE, {"input": {"text": text, "clientId": client_id}})).data["createPost"]


async def timeline(browser: Browser, first: int = 20, after: str | None = None) -> dict[str, Any]:
    """One page of the timeline: a PostConnection."""
    return (await browser.graphql(_TIMELINE, {"first": first, "after": after})).data["timeline"]


async def eventually(look: Callable[[], Awaitable[object]], within: float = 30.0) -> None:
    """Look until the answer is true. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while not await look():
            await asyncio.sleep(0.01)


async def texts(browser: Browser) -> list[str]:
    """The texts of the first page of the timeline."""
    return [edge["node"]["text"] for edge in (await timeline(browser))["edges"]]


async def tell(base_url: str) -> None:
    """The whole story, told once against the girok at `base_url`."""
    async with Browser(base_url) as ada, Browser(base_url) as ben, Browser(base_url) as nobody:
        await _sign_up(ada, ben, nobody)
        await _follow_and_read(ada, ben)
        await _like(ada, ben)
        await _page(ada, ben)
        await _delete_and_unfollow(ada, ben)
        await _sessions(ada)


async def _sign_up(ada: Browser, ben: Browser, nobody: Browser) -> None:
    user = await register(ada, "ada")
    assert user["email"] == "ada@example.org"
    await register(ben, "ben")
    assert (await ada.graphql("{ me { username email role } }")).data["me"] == {
        "username": "ada",
        "email": "ada@example.org",
        "role": "USER",
    }
    assert (await nobody.graphql("{ me { username } }")).data["me"] is None
    assert (await nobody.graphql("{ timeline { edges { cursor } } }")).error["code"] == "UNAUTHENTICATED"
    taken = await nobody.graphql(
        _REGISTER,
        {"input": {"email": "ADA@example.org", "username": "ada2", "password": PASSWORD, "name": "Ada"}},
    )
    assert (taken.error["code"], taken.error["reason"]) == ("CONFLICT", "EMAIL_TAKEN")
    assert (await ben.graphql('{ user(username: "ada") { username email role } }')).data["user"] == {
        "username": "ada",
        "email": None,
        "role": None,
    }


async def _follow_and_read(ada: Browser, ben: Browser) -> None:
    await create_post(ada, "before ben came")
    followed = await ben.graphql('mutation { follow(username: "ada") { username isFollowing followerCount } }')
    assert followed.data["follow"] == {"username": "ada", "isFollowing": True, "followerCount": 1}
    again = await ben.graphql('mutation { follow(username: "ada") { followerCount } }')
    assert again.data["follow"] == {"followerCount": 1}
    post = await create_post(ada, "hello from ada", client_id="one")
    assert post["author"] == {"username": "ada"}
    assert (await create_post(ada, "hello again", client_id="one"))["id"] == post["id"]
    await create_post(ben, "hello from ben")

    async def ben_sees_all() -> bool:
        return await texts(ben) == ["hello from ben", "hello from ada", "before ben came"]

    await eventually(ben_sees_all)
    assert await texts(ada) == ["hello from ada", "before ben came"]


async def _like(ada: Browser, ben: Browser) -> None:
    post_id = (await timeline(ada))["edges"][0]["node"]["id"]
    like = "mutation($id: ID!) { likePost(id: $id) { likeCount liked } }"
    assert (await ben.graphql(like, {"id": post_id})).data["likePost"] == {"likeCount": 1, "liked": True}
    assert (await ben.graphql(like, {"id": post_id})).data["likePost"] == {"likeCount": 1, "liked": True}
    assert (await ada.graphql("query($id: ID!) { post(id: $id) { likeCount liked } }", {"id": post_id})).data == {
        "post": {"likeCount": 1, "liked": False}
    }
    unlike = "mutation($id: ID!) { unlikePost(id: $id) { likeCount liked } }"
    assert (await ben.graphql(unlike, {"id": post_id})).data["unlikePost"] == {"likeCount": 0, "liked": False}


async def _page(ada: Browser, ben: Browser) -> None:
    for number in range(5):
        await create_post(ada, f"number {number}")

    async def arrived() -> bool:
        return len(await texts(ben)) == 8

    await eventually(arrived)
    seen: list[str] = []
    after = None
    while True:
        page = await timeline(ben, first=3, after=after)
        seen += [edge["node"]["text"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [*[f"number {number}" for number in (4, 3, 2, 1, 0)], *(await texts(ben))[5:]]
    assert (await ben.graphql("{ timeline(first: 0) { edges { cursor } } }")).error["code"] == "BAD_USER_INPUT"
    assert (await ben.graphql('{ timeline(after: "x") { edges { cursor } } }')).error["reason"] == "INVALID_CURSOR"


async def _delete_and_unfollow(ada: Browser, ben: Browser) -> None:
    newest = (await timeline(ada))["edges"][0]["node"]["id"]
    delete = "mutation($id: ID!) { deletePost(id: $id) }"
    assert (await ben.graphql(delete, {"id": newest})).error["code"] == "FORBIDDEN"
    assert (await ada.graphql(delete, {"id": newest})).data["deletePost"] is True
    assert (await ada.graphql(delete, {"id": newest})).error["code"] == "NOT_FOUND"
    assert (await ada.graphql("query($id: ID!) { post(id: $id) { id } }", {"id": newest})).data["post"] is None
    assert "number 4" not in await texts(ben)
    unfollowed = await ben.graphql('mutation { unfollow(username: "ada") { isFollowing followerCount } }')
    assert unfollowed.data["unfollow"] == {"isFollowing": False, "followerCount": 0}
    assert await texts(ben) == ["hello from ben"]


async def _sessions(ada: Browser) -> None:
    stolen = dict(ada.cookies)
    assert (await ada.graphql("{ sessions { current } }")).data["sessions"] == [{"current": True}]
    assert (await ada.graphql("mutation { logout { success } }")).data["logout"] == {"success": True}
    ada.cookies.update(stolen)
    refused = await ada.graphql("{ me { username } }")
    assert refused.data["me"] is None
    assert "session_id" not in ada.cookies
    wrong = await ada.graphql(_LOGIN, {"input": {"email": "ada@example.org", "password": "Wr0ng!pass"}})
    assert wrong.error == {"code": "UNAUTHENTICATED", "reason": "INVALID_CREDENTIALS"}
    again = await ada.graphql(_LOGIN, {"input": {"email": "ada@example.org", "password": PASSWORD}})
    assert again.data["login"] == {"success": True, "user": {"username": "ada"}}
    assert (await ada.graphql("{ me { username } }")).data["me"] == {"username": "ada"}
