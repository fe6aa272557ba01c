"""Bad input over real sockets: whatever comes, it is answered with what is wrong, and girok goes on."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.budget import share
from tests.scenarios.launch import GOOD, Launched, launched, query, request

HANDLE = "a" * 43
JSON = "Content-Type: application/json"
HEAD = "POST /graphql"
CHUNKED = "Transfer-Encoding: chunked"
DEEP = 1_000_000
TEN_MEGABYTES = b" " * 10_000_000
NO_REQUEST = "BAD_USER_INPUT"
SHAPE = "GRAPHQL_VALIDATION_FAILED"
SYNTAX = "GRAPHQL_PARSE_FAILED"
CUT = "BODY_CUT"
FIRST = "query($first: Int!) { timeline(first: $first) { edges { cursor } } }"
CIRCLE = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"
LOGIN = "mutation($input: LoginInput!) { login(input: $input) { success } }"
NAME = "query($name: String!) { user(username: $name) { id } }"


def post(body: bytes, *headers: str) -> bytes:
    return request(HEAD, JSON, *headers, body=body)


def document(text: str, **rest: Any) -> bytes:
    return post(json.dumps({"query": text, **rest}).encode())


def asked(text: str) -> bytes:
    return post(b'{"query": "{ __typename }", %s}' % text.encode())


def chunks(body: bytes) -> bytes:
    return request(HEAD, JSON, CHUNKED, body=body, length=False)


def aliases(number: int) -> str:
    return " ".join(f"a{each}: __typename" for each in range(number))


BODIES: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (post(b"hello"), 400, NO_REQUEST),
    "nothing": (post(b""), 400, NO_REQUEST),
    "a list": (post(b"[1]"), 400, NO_REQUEST),
    "a batch": (post(b'[{"query": "{ __typename }"}]'), 400, NO_REQUEST),
    "a text": (post(b'"query"'), 400, NO_REQUEST),
    "a megabyte of open lists": (post(b"[" * DEEP), 400, NO_REQUEST),
    "a megabyte of open objects": (post(b'{"a":' * (DEEP // 5)), 400, NO_REQUEST),
    "a megabyte of variables in variables": (asked('"variables": ' + '{"a":' * (DEEP // 6)), 400, NO_REQUEST),
    "a megabyte of selections in selections": (document("{a" * (DEEP // 2 - 50)), 400, "COST_LIMIT"),
    "thousands of selections in selections": (document("{a" * 3_300 + "}" * 3_300), 400, SYNTAX),
    "hundreds of selections in selections": (document("{a" * 200 + "}" * 200), 400, "COST_LIMIT"),
    "lists in lists in a document": (document("{ user(username: " + "[" * 9_000), 400, SYNTAX),
    "ten megabytes": (post(TEN_MEGABYTES), 413, "PAYLOAD_TOO_LARGE"),
    "ten megabytes in a chunk": (
        chunks(b"989680\r\n" + TEN_MEGABYTES + b"\r\n0\r\n\r\n"),
        413,
        "PAYLOAD_TOO_LARGE",
    ),
    "no query": (post(b"{}"), 400, NO_REQUEST),
    "a query that is a number": (post(b'{"query": 1}'), 400, NO_REQUEST),
    "a query that is null": (post(b'{"query": null}'), 400, NO_REQUEST),
    "an empty query": (document(""), 400, SYNTAX),
    "a query of blanks": (document(" \n"), 400, SYNTAX),
    "half a query": (document("{ __typename"), 400, SYNTAX),
    "variables that are a list": (asked('"variables": []'), 400, NO_REQUEST),
    "a name that is a list": (asked('"operationName": []'), 400, NO_REQUEST),
    "an operation that is not there": (document("{ __typename }", operationName="x"), 400, NO_REQUEST),
    "a subscription": (document("subscription { x }"), 400, SHAPE),
    "a field that is not there": (document("{ nothing }"), 400, SHAPE),
    "an argument that is not there": (document("{ me(x: 1) { id } }"), 400, SHAPE),
    "a type that is not there": (document("query($a: Nothing) { __typename }"), 400, SHAPE),
    "a directive that is not there": (document("{ __typename @nothing }"), 400, SHAPE),
    "fragments in a circle": (
        document("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"),
        400,
        SHAPE,
    ),
    "ten thousand aliases": (document(f"{{ {aliases(10_000)} }}"), 400, "COST_LIMIT"),
    "three thousand aliases": (document(f"{{ {aliases(3_000)} }}"), 400, "COST_LIMIT"),
    "a variable that is missing": (document(NAME), 400, NO_REQUEST),
    "a variable of another type": (document(NAME, variables={"name": 1}), 400, NO_REQUEST),
    "a variable that must not be null": (document(NAME, variables={"name": None}), 400, NO_REQUEST),
    "an object for a text": (document(NAME, variables={"name": {"a": []}}), 400, NO_REQUEST),
    "a number beyond 32 bits": (document(FIRST, variables={"first": 2**31}), 400, NO_REQUEST),
    "a number beyond 64 bits": (document(FIRST, variables={"first": 10**30}), 400, NO_REQUEST),
    "a number of four thousand digits": (
        post(f'{{"query": "{FIRST}", "variables": {{"first": {"9" * 4_000}}}}}'.encode()),
        400,
        NO_REQUEST,
    ),
    "a number of four thousand digits in a document": (
        document(f"{{ timeline(first: {'9' * 4_000}) {{ edges {{ cursor }} }} }}"),
        400,
        SHAPE,
    ),
    "half a number": (document(FIRST, variables={"first": 1.5}), 400, NO_REQUEST),
    "NaN": (asked('"variables": {"first": NaN}'), 400, NO_REQUEST),
    "Infinity": (asked('"variables": {"first": Infinity}'), 400, NO_REQUEST),
    "a number out of all bounds": (asked('"variables": {"first": 1e999}'), 400, NO_REQUEST),
    "a lone surrogate in a variable": (asked(r'"variables": {"name": "\ud800"}'), 400, NO_REQUEST),
    "a lone surrogate in the query": (post(rb'{"query": "{ user(username: \"\ud800\") { id } }"}'), 400, NO_REQUEST),
    "a lone surrogate escaped in the query": (document(r'{ user(username: "\ud800") { id } }'), 400, SYNTAX),
    "an encoded surrogate": (post(b'{"query": "{ __typename }\xed\xa0\x80"}'), 400, NO_REQUEST),
    "NUL in a variable": (document(NAME, variables={"name": "a\0b"}), 400, NO_REQUEST),
    "NUL in the query": (document('{ user(username: "\0") { id } }'), 400, NO_REQUEST),
    "NUL escaped in the query": (document(r'{ user(username: "\u0000") { id } }'), 400, NO_REQUEST),
    "bytes that are no UTF-8": (post(b'{"query": "{ __typename }\xff"}'), 400, NO_REQUEST),
    "UTF-16": (post('{"query": "{ __typename }"}'.encode("utf-16")), 400, NO_REQUEST),
    "the last of two queries": (post(b'{"query": "{ __typename }", "query": "{ nothing }"}'), 400, SHAPE),
    "chunks that are none": (chunks(b"zz\r\nxx\r\n"), 400, CUT),
    "a chunk of a negative size": (chunks(b"-1\r\nxx\r\n"), 400, CUT),
    "a chunk beyond 64 bits": (chunks(b"f" * 20 + b"\r\nxx\r\n"), 400, CUT),
    "a chunk with a novel in its extension": (chunks(b"1;" + b"x" * 100_000 + b"\r\nx\r\n0\r\n\r\n"), 400, CUT),
    "thousands of trailers": (chunks(b"1\r\nx\r\n0\r\n" + b"x: y\r\n" * 5_000 + b"\r\n"), 400, CUT),
    "a compressed body": (post(b"\x1f\x8b\x08\x00", "Content-Encoding: gzip"), 400, NO_REQUEST),
    "a body of a text": (request(HEAD, "Content-Type: text/plain", body=b"x"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "a body of a form": (
        request(HEAD, "Content-Type: application/x-www-form-urlencoded", body=b"query={__typename}"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    "a body of nothing known": (request(HEAD, "Content-Type: \xff", body=b"x"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "no media type": (request(HEAD, body=b'{"query": "{ __typename }"}'), 415, "UNSUPPORTED_MEDIA_TYPE"),
    "another charset": (
        request(HEAD, "Content-Type: application/json; charset=utf-16", body=b"x"),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    ),
}

HEADERS: dict[str, tuple[bytes, int, str]] = {
    "GET without a query": (request("GET /graphql"), 400, NO_REQUEST),
    "GET of a mutation": (request("GET /graphql?query=mutation{logout{success}}"), 405, "METHOD_NOT_ALLOWED"),
    "GET with bytes that are no UTF-8": (request("GET /graphql?query=%ff"), 400, NO_REQUEST),
    "GET with thousands of parameters": (request("GET /graphql?" + "a=1&" * 5_000), 400, NO_REQUEST),
    "GET with variables that are no JSON": (
        request("GET /graphql?query={__typename}&variables={"),
        400,
        NO_REQUEST,
    ),
    "PUT": (request("PUT /graphql", JSON, body=b"{}"), 405, "METHOD_NOT_ALLOWED"),
    "DELETE": (request("DELETE /graphql"), 405, "METHOD_NOT_ALLOWED"),
    "TRACE": (request("TRACE /graphql"), 405, "METHOD_NOT_ALLOWED"),
    "a method that nobody knows": (request("BREW /graphql"), 405, "METHOD_NOT_ALLOWED"),
    "post": (request("post /graphql", JSON, body=b"{}"), 405, "METHOD_NOT_ALLOWED"),
    "an origin that is null": (post(b"{}", "Origin: null"), 403, "CROSS_SITE_REQUEST"),
    "an origin that is none": (post(b"{}", "Origin: http://["), 403, "CROSS_SITE_REQUEST"),
    "an origin of bytes": (post(b"{}", "Origin: \xff"), 403, "CROSS_SITE_REQUEST"),
    "a foreign origin": (post(b"{}", "Origin: https://evil.example"), 403, "CROSS_SITE_REQUEST"),
    "a bearer of nothing": (post(b"{}", "Authorization: Bearer"), 401, "UNAUTHENTICATED"),
    "a bearer of bytes": (post(b"{}", "Authorization: Bearer \xff\xfe"), 401, "UNAUTHENTICATED"),
    "an answer in a format that is none": (post(b"{}", "Accept: \xff;q=\xff,,;"), 406, "NOT_ACCEPTABLE"),
    "an answer as a picture": (post(b"{}", "Accept: image/png"), 406, "NOT_ACCEPTABLE"),
    "two hosts": (post(b"{}", "Host: other"), 400, "INVALID_HOST"),
    "no host": (GOOD.replace(b"Host: localhost\r\n", b""), 400, "INVALID_HOST"),
    "a host of markup": (GOOD.replace(b"Host: localhost", b"Host: <script>"), 400, NO_REQUEST),
    "a host of bytes": (GOOD.replace(b"Host: localhost", b"Host: \xff\xfe"), 400, NO_REQUEST),
}

HARMLESS = {
    "cookies that are none": "Cookie: ;;;=; session_id; a=b=c; =\xff",
    "a session that is bytes": "Cookie: session_id=\xff\xfe",
    "a session of nothing": "Cookie: session_id=",
    "a session of sixty thousand characters": f"Cookie: session_id={'a' * 60_000}",
    "a session that is not there": f"Cookie: session_id={HANDLE}",
    "two sessions": f"Cookie: session_id={HANDLE}; session_id={HANDLE[1:]}b",
    "two sessions in two headers": f"Cookie: session_id={HANDLE}\r\nCookie: session_id={HANDLE[1:]}b",
    "a request id of markup": "X-Request-Id: \xff<script>",
    "a trace of bytes": "traceparent: \xff",
    "languages of bytes": "Accept-Language: \xff;q=\xff, ko;q=inf, ;;",
    "a device of bytes": "User-Agent: \xff\xfe\x80",
    "an authorization of nothing known": "Authorization: \x80\x81",
    "an expectation of nothing known": "Expect: fish",
    "a client that is bytes": "X-Forwarded-For: \xff,,",
}

ELSEWHERE: dict[str, tuple[bytes, int]] = {
    "a path that is not there": (request("GET /nothing"), 404),
    "an encoded NUL": (request("GET /graphql%00"), 404),
    "dots": (request("GET /public/../../girok.db"), 404),
    "encoded dots": (request("GET /public/%2e%2e/%2e%2e/girok.db"), 404),
    "encoded dots and slashes": (request("GET /public/%2e%2e%2f%2e%2e%2fgirok.db"), 404),
    "an encoded NUL in a file's name": (request("GET /public/a%00.png"), 404),
    "an encoded surrogate in a file's name": (request("GET /public/%ed%a0%80"), 404),
    "a file's name of kilobytes": (request(f"GET /public/{'a' * 5_000}"), 404),
    "a file in thousands of folders": (request(f"GET /public/{'a/' * 3_000}b"), 404),
    "a percent sign alone": (request("GET /graphql%"), 404),
    "a percent sign with what is no number": (request("GET /%zz"), 404),
    "a path of bytes": (request("GET /%ff%fe"), 404),
    "another host's path": (request("GET //evil.example/livez"), 404),
    "a star": (request("OPTIONS *"), 404),
    "a proxy's method": (request("CONNECT evil.example:80"), 405),
    "a method of another path": (request("DELETE /livez"), 405),
    "a file that nobody signed": (request("PUT /temp/a.png", body=b"x"), 403),
    "raw bytes in a path": (b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "a path of a hundred thousand characters": (request(f"GET /livez?{'a' * 100_000}"), 414),
    "a thousand headers": (request("GET /livez", *(f"x{each}: y" for each in range(1_000))), 431),
    "a header of a megabyte": (request("GET /livez", f"x: {'y' * DEEP}"), 431),
    "NUL in a header": (request("GET /livez", "x: a\0b"), 400),
    "a header without a name": (request("GET /livez", ": a"), 400),
    "a header over two lines": (request("GET /livez", "x: a\r\n b"), 400),
    "a length that is no number": (request(HEAD, JSON, "Content-Length: x"), 400),
    "a negative length": (request(HEAD, JSON, "Content-Length: -1"), 400),
    "a length beyond 64 bits": (request(HEAD, JSON, f"Content-Length: {10**30}"), 400),
    "two lengths": (request(HEAD, JSON, "Content-Length: 1", "Content-Length: 2"), 400),
    "a coding that is not there": (request(HEAD, JSON, "Transfer-Encoding: gzip"), 400),
    "HTTP/0.9": (b"GET /livez\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 200, 400),
    "a websocket where there is none": (
        request(
            "GET /graphql",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ),
        403,
    ),
}


@pytest.fixture(scope="module")
def girok(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """One process for all of it, by default settings."""
    with launched(tmp_path_factory.mktemp("bad")) as process:
        yield process
        process.check()


class TestGraphQL:
    @pytest.mark.parametrize("name", BODIES)
    def test_a_bad_body_is_refused(self, girok: Launched, name: str) -> None:
        data, status, reason = BODIES[name]
        reply = girok.exchange(data)
        assert (reply.status, reply.reasons) == (status, {reason})
        girok.check()

    @pytest.mark.parametrize("name", HEADERS)
    def test_a_bad_head_is_refused(self, girok: Launched, name: str) -> None:
        data, status, reason = HEADERS[name]
        reply = girok.exchange(data)
        assert (reply.status, reply.reasons) == (status, {reason})
        girok.check()

    @pytest.mark.parametrize("name", HARMLESS)
    def test_a_header_that_makes_no_sense_is_as_none(self, girok: Launched, name: str) -> None:
        reply = girok.query("{ me { id } }", None, HARMLESS[name])
        assert (reply.status, reply.json) == (200, {"data": {"me": None}})
        girok.check()

    def test_a_body_shorter_than_announced_is_refused(self, girok: Launched) -> None:
        with girok.connect() as connection:
            connection.send(request(HEAD, JSON, "Content-Length: 100", body=b"{", length=False))
            connection.half_close()
            reply = connection.reply()
        assert (reply.status, reply.reasons) == (400, {CUT})
        girok.check()

    def test_what_follows_a_body_is_another_request(self, girok: Launched) -> None:
        with girok.connect() as connection:
            connection.send(GOOD + b"garbage\r\n\r\n")
            assert connection.reply().status == 200
            assert connection.reply().status == 400
            assert connection.rest() == b""
        girok.check()

    @pytest.mark.slow
    def test_a_body_that_stops_coming_is_given_up(self, girok: Launched) -> None:
        with girok.connect() as connection:
            connection.send(request(HEAD, JSON, "Content-Length: 100", body=b"{", length=False))
            reply = connection.reply()
            assert (reply.status, reply.reasons) == (408, {"BODY_TOO_SLOW"})
            assert connection.rest() == b""
        girok.check()


class TestElsewhere:
    @pytest.mark.parametrize("name", ELSEWHERE)
    def test_a_bad_request_is_refused(self, girok: Launched, name: str) -> None:
        data, status = ELSEWHERE[name]
        assert girok.exchange(data).status == status
        girok.check()


class TestAnything:
    def send(self, girok: Launched, data: bytes) -> None:
        reply = girok.exchange(data)
        assert reply.status < 500
        assert reply.status == 200 or reply.reasons

    @settings(max_examples=150, deadline=None)
    @given(st.binary(max_size=300))
    def test_bytes_in_a_body(self, girok: Launched, body: bytes) -> None:
        self.send(girok, post(body))

    @pytest.mark.slow
    @settings(max_examples=share(5000), deadline=None)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
            max_leaves=20,
        ),
        st.sampled_from(["{ me { id } }", NAME, FIRST, LOGIN]),
        st.sampled_from(["name", "first", "input"]),
    )
    def test_json_in_variables(self, girok: Launched, value: object, text: str, name: str) -> None:
        self.send(girok, query(text, {name: value}))

    @pytest.mark.slow
    @settings(max_examples=share(5000), deadline=None)
    @given(st.binary(max_size=400), st.sampled_from(["GET /graphql?", "POST /graphql", "GET /public/", "GET /"]))
    def test_bytes_in_a_head(self, girok: Launched, data: bytes, line: str) -> None:
        with girok.connect() as connection:
            connection.send(line.encode() + data + b"\r\n\r\n")
            connection.half_close()
            assert b" 500 " not in connection.rest()
