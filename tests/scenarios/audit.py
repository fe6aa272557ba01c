"""Compares what girok says, and what its file holds, with the ledger of a load."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from girok.testing.client import Browser
from tests.scenarios.ledger import Ledger, SentPost
from tests.scenarios.load import Person
from tests.scenarios.story import create_post, eventually, timeline

__all__ = ["audit", "events", "settled"]

_USER_POSTS = """
query($username: String!, $after: String) {
  userPosts(username: $username, first: 100, after: $after) {
    edges { node { id text likeCount liked author { username } } } pageInfo { endCursor hasNextPage }
  }
}
"""
_RELATION = "query($username: String!) { user(username: $username) { followerCount followingCount isFollowing } }"
_BATCH = 100
_REPEATED = 20


@dataclass
class View:
    """All that one person sees. `posts` are everybody's, by id; `timeline` has ids as they come."""

    posts: dict[str, dict[str, Any]]
    timeline: list[str]
    relations: dict[str, dict[str, Any]]


async def audit(people: Sequence[Person], ledger: Ledger, base_url: str) -> None:
    """Once all events are handled, everything is as it was last acknowledged, seen by every person.

    A change that was cut off may have happened or not, in every view alike. Raises AssertionError.
    """
    for each in people:
        async with each.browser(base_url) as browser:
            await _check_own(browser, ledger.of(each.username))
    views = {each.username: await _view(each, people, base_url) for each in people}
    posts = views[people[0].username].posts
    _check_posts(posts, ledger)
    _check_likes(views, ledger)
    follows = _check_follows(views, ledger)
    for name, view in views.items():
        authors = {name, *(followee for follower, followee in follows if follower == name)}
        expected = {post_id for post_id, post in posts.items() if post["author"]["username"] in authors}
        assert view.timeline == sorted(expected, reverse=True), (name, expected ^ set(view.timeline))
    for visit in ledger.visits:
        async with Browser(base_url) as browser:
            browser.cookies = dict(visit.cookies)
            me = (await browser.graphql("{ me { username } }")).data["me"]
        assert me in (None, {"username": visit.username})
        assert (me is not None) in visit.signed_in.allowed, visit


async def events(base_url: str) -> Counter[str]:
    """How many events wait (`depth`), and how many are dead letters (`dead`)."""
    async with httpx.AsyncClient(timeout=30.0) as http:
        lines = (await http.get(f"{base_url}/metrics")).text.split("\n")
    found: Counter[str] = Counter()
    for line in lines:
        for name in ("depth", "dead"):
            if line.startswith(f"girok_bus_{name}{{"):
                found[name] += int(float(line.rpartition(" ")[2]))
    return found


async def settled(base_url: str, within: float = 60.0) -> None:
    """Return once no event waits for a consumer of that process, which can tell. Raises TimeoutError."""

    async def look() -> bool:
        found = await events(base_url)
        return "depth" in found and found["depth"] == 0

    await eventually(look, within)


async def _check_own(browser: Browser, sent: Sequence[SentPost]) -> None:
    """The session works, every post of one's own can be read by its id, and the same client id is the same post."""
    answered = [each for each in sent if each.id is not None]
    assert sent
    assert (await browser.graphql("{ me { username } }")).data["me"] == {"username": sent[0].author}
    for start in range(0, len(answered), _BATCH):
        some = answered[start : start + _BATCH]
        wanted = " ".join(f'p{number}: post(id: "{each.id}") {{ text }}' for number, each in enumerate(some))
        found = (await browser.graphql(f"{{ {wanted} }}")).data
        for number, each in enumerate(some):
            post = found[f"p{number}"]
            assert (post is not None) in each.there.allowed, each
            assert post in (None, {"text": each.text}), (post, each)
    kept = [each for each in answered if each.client_id is not None and each.there.allowed == {True}]
    for each in kept[-_REPEATED:]:
        assert (await create_post(browser, "once more", each.client_id))["id"] == each.id


async def _view(person: Person, people: Sequence[Person], base_url: str) -> View:
    view = View({}, [], {})
    async with person.browser(base_url) as browser:
        for each in people:
            after, more = None, True
            while more:
                answer = await browser.graphql(_USER_POSTS, {"username": each.username, "after": after})
                page = answer.data["userPosts"]
                view.posts |= {edge["node"]["id"]: edge["node"] for edge in page["edges"]}
                after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
            found = (await browser.graphql(_RELATION, {"username": each.username})).data["user"]
            view.relations[each.username] = found
        after, more = None, True
        while more:
            page = await timeline(browser, 100, after)
            view.timeline += [edge["node"]["id"] for edge in page["edges"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return view


def _check_posts(posts: dict[str, dict[str, Any]], ledger: Ledger) -> None:
    """What was acknowledged is listed, and nothing else but what a kill cut off, once at the most."""
    known = {each.id for each in ledger.answered}
    for each in ledger.answered:
        assert (each.id in posts) in each.there.allowed, each
    cut_off = {each.text for each in ledger.posts if each.id is None}
    strange = Counter(post["text"] for post_id, post in posts.items() if post_id not in known)
    assert strange.keys() <= cut_off, strange
    assert strange.total() == len(strange), strange


def _check_likes(views: dict[str, View], ledger: Ledger) -> None:
    likes: Counter[str] = Counter()
    for name, view in views.items():
        for post_id, post in view.posts.items():
            likes[post_id] += post["liked"]
            fact = ledger.likes.get((name, post_id))
            assert post["liked"] in (fact.allowed if fact else {False}), (name, post_id, fact)
    for view in views.values():
        for post_id, post in view.posts.items():
            assert post["likeCount"] == likes[post_id], (post_id, post, likes[post_id])


def _check_follows(views: dict[str, View], ledger: Ledger) -> set[tuple[str, str]]:
    """Who follows whom, as acknowledged and as counted."""
    follows = {
        (name, other) for name, view in views.items() for other, it in view.relations.items() if it["isFollowing"]
    }
    for pair, fact in ledger.follows.items():
        assert (pair in follows) in fact.allowed, (pair, fact)
    assert follows <= ledger.follows.keys()
    followers, following = Counter(followee for _, followee in follows), Counter(follower for follower, _ in follows)
    for view in views.values():
        for name, it in view.relations.items():
            assert (it["followerCount"], it["followingCount"]) == (followers[name], following[name]), name
    return follows
