"""Bad values in every argument of every operation: a code that says whose fault it is, and never ours."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.scenarios.launch import Launched, launched
from tests.scenarios.story import PASSWORD

REGISTER = "mutation($input: RegisterInput!) { register(input: $input) { success } }"
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
CREATE = "mutation($input: CreatePostInput!) { createPost(input: $input) { id } }"
PAGE = "edges { cursor } pageInfo { endCursor }"
ADA = {"email": "ada@example.org", "username": "ada", "password": PASSWORD, "name": "Ada"}

TEXTS = {
    "nothing": "",
    "a blank": " ",
    "a megabyte, almost": "x" * 1_000_000,
    "SQL": "' OR 1=1; DROP TABLE account; --",
    "a path": "../../../etc/passwd",
    "markup": "<script>alert(1)</script>",
    "a format": "%s%n{0}${x}",
    "colours": "\x1b[31mred\x07",
    "line ends": "a\r\nb\u2028c\x85d",
    "no character": "\uffff\ufffe\U0010ffff",
    "text from right to left": "\u202egnp.exe",
    "nothing to see": "\u200b\u2060\ufeff",
    "many marks on one letter": "e" + "\u0301" * 500,
    "a family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "letters that look like others": "аdа",  # noqa: RUF001 - that they look alike is the point
    "letters that shrink and grow": "İıßſK\ufb03",  # noqa: RUF001 - as above
    "Hangul in pieces": "\u1112\u1161\u11ab",
    "digits of other scripts": "١٢٣",
    "a number": "9" * 400,
    "an id of nobody": "00000000-0000-0000-0000-000000000000",
    "an id in capitals": "0192F3A4-0000-7000-8000-00000000000A",
    "an id in braces": "{0192f3a4-0000-7000-8000-00000000000a}",
    "an email without a host": "ada@",
    "two emails": "ada@example.org,ben@example.org",
    "an email in quotes": '"ada lovelace"@example.org',
    "an email of other letters": "ädä@exämple.org",
    "an email at an address": "ada@[127.0.0.1]",
    "an email over two lines": "ada@example.org\r\nBcc: ben@example.org",
}
IMPOSSIBLE = {"NUL": "a\0b", "half a pair": "a\ud800", "the other half": "\udc00a", "NUL alone": "\0"}

REFUSED: dict[str, tuple[str, dict[str, Any], str, set[str]]] = {
    "register email": (REGISTER, ADA, "email", {"BAD_USER_INPUT"}),
    "register username": (REGISTER, ADA, "username", {"BAD_USER_INPUT"}),
    "register password": (REGISTER, ADA, "password", {"BAD_USER_INPUT"}),
    "login email": (LOGIN, {"password": PASSWORD}, "email", {"UNAUTHENTICATED"}),
    "login password": (LOGIN, {"email": "ada@example.org"}, "password", {"UNAUTHENTICATED"}),
    "deletePost": ("mutation($id: ID!) { deletePost(id: $id) }", {}, "id", {"NOT_FOUND"}),
    "likePost": ("mutation($id: ID!) { likePost(id: $id) { id } }", {}, "id", {"NOT_FOUND"}),
    "unlikePost": ("mutation($id: ID!) { unlikePost(id: $id) { id } }", {}, "id", {"NOT_FOUND"}),
    "endSession": ("mutation($id: ID!) { endSession(id: $id) }", {}, "id", {"NOT_FOUND"}),
    "follow": ("mutation($u: String!) { follow(username: $u) { id } }", {}, "u", {"NOT_FOUND"}),
    "unfollow": ("mutation($u: String!) { unfollow(username: $u) { id } }", {}, "u", {"NOT_FOUND"}),
    "timeline": (f"query($after: String) {{ timeline(after: $after) {{ {PAGE} }} }}", {}, "after", {"BAD_USER_INPUT"}),
    "userPosts after": (
        f'query($after: String) {{ userPosts(username: "ada", after: $after) {{ {PAGE} }} }}',
        {},
        "after",
        {"BAD_USER_INPUT"},
    ),
}
TAKEN: dict[str, tuple[str, dict[str, Any], str, set[str]]] = {
    "register name": (
        REGISTER,
        ADA | {"email": "ben@example.org", "username": "ben"},
        "name",
        {"BAD_USER_INPUT", "CONFLICT"},
    ),
    "createPost text": (CREATE, {}, "text", {"BAD_USER_INPUT"}),
    "createPost clientId": (CREATE, {"text": "hello"}, "clientId", {"BAD_USER_INPUT"}),
    "user": ("query($u: String!) { user(username: $u) { id } }", {}, "u", set()),
    "post": ("query($id: ID!) { post(id: $id) { id } }", {}, "id", set()),
    "userPosts": (f"query($u: String!) {{ userPosts(username: $u) {{ {PAGE} }} }}", {}, "u", set()),
}
"""Arguments that take some of the values, or find nothing without an error."""
PLACES = {**REFUSED, **TAKEN}


@pytest.fixture(scope="module")
def girok(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    with launched(tmp_path_factory.mktemp("bad")) as process:
        yield process
        process.check()


@pytest.fixture(scope="module")
def cookie(girok: Launched) -> str:
    """Ada's, as a header."""
    reply = girok.query(REGISTER, {"input": ADA})
    return f"Cookie: {reply.headers['set-cookie'].partition(';')[0]}"


def codes(girok: Launched, cookie: str, place: str, values: dict[str, str]) -> dict[str, set[str]]:
    """For each value, put into the variable or the input's field of this place: the codes of the answer."""
    text, rest, name, _ = PLACES[place]
    headers = () if text in (REGISTER, LOGIN) else (cookie,)  # else signing in would end Ada's session
    found: dict[str, set[str]] = {}
    for each, value in values.items():
        given = {**rest, name: value}
        reply = girok.query(text, {"input": given} if "$input" in text else given, *headers)
        assert reply.status < 500
        found[each] = {error["extensions"]["code"] for error in reply.json.get("errors", ())}
    girok.check()
    return found


@pytest.mark.parametrize("place", REFUSED)
def test_text_that_makes_no_sense_is_refused(girok: Launched, cookie: str, place: str) -> None:
    expected = dict.fromkeys(TEXTS, REFUSED[place][3])
    assert codes(girok, cookie, place, TEXTS) == expected


@pytest.mark.parametrize("place", TAKEN)
def test_text_that_may_make_sense_is_never_our_fault(girok: Launched, cookie: str, place: str) -> None:
    allowed = TAKEN[place][3]
    found = codes(girok, cookie, place, TEXTS)
    assert {each: codes for each, codes in found.items() if not codes <= allowed} == {}


@pytest.mark.parametrize("place", PLACES)
def test_what_no_store_takes_is_refused_everywhere(girok: Launched, cookie: str, place: str) -> None:
    assert codes(girok, cookie, place, IMPOSSIBLE) == {each: {"BAD_USER_INPUT"} for each in IMPOSSIBLE}
