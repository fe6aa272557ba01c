"""GraphQL over HTTP: methods, media types, parameters, statuses, and bodies that are nothing of the kind."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from girok.errors import Unavailable
from girok.graphql.accept import media_type
from girok.graphql.http import GraphQLHttp, Request, Response, refuse
from girok.graphql.part import Context
from girok.port import Ports
from tests.kernel.graphql.library import engine

JSON = "application/json; charset=utf-8"
GRAPHQL = "application/graphql-response+json; charset=utf-8"
HTTP = GraphQLHttp(engine())
APPEND = 'mutation { append(word: "x") }'


async def _send(request: Request) -> Response:
    return await HTTP.answer(request, Context(Ports()))


async def _post(body: bytes, content_type: str = "application/json", **headers: str) -> Response:
    named = {name.encode(): value.encode() for name, value in {"content-type": content_type, **headers}.items()}
    return await _send(Request("POST", b"", named, body))


async def _get(**parameters: Any) -> Response:
    return await _send(Request("GET", urlencode(parameters).encode(), {}, b""))


def _query(text: str, **more: Any) -> bytes:
    return json.dumps({"query": text, **more}).encode()


def _reason(response: Response) -> str:
    (error,) = json.loads(response.body)["errors"]
    return error["extensions"]["reason"]


class TestPost:
    async def test_an_operation_is_run(self) -> None:
        response = await _post(_query("{ books(first: 1) { id } }"))
        assert (response.status, json.loads(response.body)) == (200, {"data": {"books": [{"id": "0"}]}})
        assert dict(response.headers) == {
            b"content-type": JSON.encode(),
            b"content-length": str(len(response.body)).encode(),
            b"cache-control": b"no-store",
        }

    async def test_all_parameters_are_read(self) -> None:
        text = "query a($first: Int) { books(first: $first) { id } } query b { __typename }"
        body = _query(text, operationName="a", variables={"first": 0}, extensions={"x": 1})
        assert json.loads((await _post(body)).body) == {"data": {"books": []}}

    async def test_null_parameters_are_absent_ones_and_others_are_ignored(self) -> None:
        body = _query("{ __typename }", operationName=None, variables=None, extensions=None, other=[1])
        assert (await _post(body)).status == 200

    async def test_errors_of_fields_leave_the_status_alone(self) -> None:
        response = await _post(_query('{ fails(how: "not-found") __typename }'))
        assert response.status == 200
        answer = json.loads(response.body)
        assert list(answer) == ["errors", "data"]
        assert answer["data"] == {"fails": None, "__typename": "Query"}

    async def test_an_operation_that_ran_without_any_data_is_200_too(self) -> None:
        response = await _post(_query("{ required }"), accept="application/graphql-response+json")
        assert (response.status, json.loads(response.body)["data"]) == (200, None)

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "application/json;charset=UTF-8",
            'application/json ; charset="utf-8"',
            "Application/JSON",
        ],
    )
    async def test_json_is_read(self, content_type: str) -> None:
        assert (await _post(_query("{ __typename }"), content_type)).status == 200

    @pytest.mark.parametrize(
        "content_type",
        [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/graphql",
            "application/graphql-response+json",
            "application/jsonp",
            "application/json; charset=utf-16",
            "application/json; charset=iso-8859-1",
        ],
    )
    async def test_anything_else_is_not(self, content_type: str) -> None:
        response = await _post(_query("{ __typename }"), content_type)
        assert (response.status, _reason(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")


BAD_BODIES = {
    "empty": b"",
    "blank": b"  ",
    "no JSON": b"query { __typename }",
    "cut off": b'{"query": "{ __typename }"',
    "a number": b"1",
    "null": b"null",
    "a string": b'"{ __typename }"',
    "a batch": b'[{"query": "{ __typename }"}]',
    "a batch after a blank": b' [{"query": "{ __typename }"}]',
    "no query": b"{}",
    "a query that is null": b'{"query": null}',
    "a query that is a number": b'{"query": 1}',
    "a query that is a list": b'{"query": ["{ __typename }"]}',
    "variables that are a list": b'{"query": "{ __typename }", "variables": []}',
    "variables that are text": b'{"query": "{ __typename }", "variables": "{}"}',
    "extensions that are a list": b'{"query": "{ __typename }", "extensions": []}',
    "a name that is a number": b'{"query": "{ __typename }", "operationName": 1}',
    "an unknown name": b'{"query": "{ __typename }", "operationName": "x"}',
    "an empty name": b'{"query": "{ __typename }", "operationName": ""}',
    "no UTF-8": b'{"query": "{ __typename }\xff"}',
    "UTF-16": '{"query": "{ __typename }"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"query": "{ __typename }"}',
    "an encoded surrogate": b'{"query": "{ book(id: \\"\xed\xa0\x80\\") { id } }"}',
    "a lone surrogate in the query": b'{"query": "{ book(id: \\"\\ud800\\") { id } }"}',
    "a lone low surrogate": b'{"query": "{ book(id: \\"\\udc00\\") { id } }"}',
    "a lone surrogate in variables": b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
    "a lone surrogate escaped for GraphQL": b'{"query": "{ book(id: \\"\\\\ud800\\") { id } }"}',
    "NUL in the query": b'{"query": "{ book(id: \\"\\u0000\\") { id } }"}',
    "NUL escaped for GraphQL": b'{"query": "{ book(id: \\"\\\\u0000\\") { id } }"}',
    "NUL in variables": b'{"query": "{ __typename }", "variables": {"a": [{"b": "x\\u0000y"}]}}',
    "NUL in a name of a variable": b'{"query": "{ __typename }", "variables": {"\\u0000": 1}}',
    "a raw NUL": b'{"query": "{ __typename }\x00"}',
    "a number out of all bounds": b'{"query": "{ __typename }", "variables": {"a": 1e999}}',
    "NaN": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    "a megabyte of brackets": b"[" * 1_000_000,
    "a megabyte of objects": b'{"variables":' * 80_000,
    "a megabyte of nested variables": b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 1_000_000,
    "wrong variables": b'{"query": "query($first: Int!) { books(first: $first) { id } }", "variables": {"first": "x"}}',
    "a missing variable": b'{"query": "query($first: Int!) { books(first: $first) { id } }"}',
    "an unknown field": b'{"query": "{ nothing }"}',
    "a syntax error": b'{"query": "{"}',
}


class TestBadBodies:
    @pytest.mark.timeout(10)
    @pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
    @pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
    async def test_are_400_with_errors(self, body: bytes, accept: str) -> None:
        response = await _post(body, accept=accept)
        assert response.status == 400
        assert dict(response.headers)[b"content-type"].decode().startswith(accept)
        answer = json.loads(response.body)
        assert list(answer) == ["errors"]
        assert {each["extensions"]["code"] for each in answer["errors"]} == {"BAD_USER_INPUT"}
        assert all(each["message"] for each in answer["errors"])

    async def test_what_only_looks_like_nul_is_text(self) -> None:
        body = rb'{"query": "query($any: JSON) { given(any: $any) }", "variables": {"any": "\\u0000"}}'
        assert json.loads((await _post(body)).body)["data"] == {"given": r"(None, None, (), '\\u0000', 5)"}

    async def test_text_of_every_kind_comes_through(self) -> None:
        answer = await _post(_query("query($any: JSON) { given(any: $any) }", variables={"any": "한글 😀 \u2028"}))
        assert "한글 😀" in json.loads(answer.body)["data"]["given"]


class TestGet:
    async def test_a_query_is_run(self) -> None:
        response = await _get(
            query="query a($first: Int) { books(first: $first) { id } }",
            operationName="a",
            variables='{"first": 1}',
            extensions="{}",
        )
        assert (response.status, json.loads(response.body)) == (200, {"data": {"books": [{"id": "0"}]}})

    async def test_a_mutation_is_not(self) -> None:
        response = await _get(query=APPEND)
        assert (response.status, dict(response.headers)[b"allow"]) == (405, b"POST")
        assert _reason(response) == "METHOD_NOT_ALLOWED"

    async def test_nor_is_one_that_is_chosen_by_name(self) -> None:
        text = f"query a {{ __typename }} {APPEND.replace('mutation', 'mutation b')}"
        assert [(await _get(query=text, operationName=name)).status for name in ("a", "b")] == [200, 405]

    @pytest.mark.parametrize(
        "query_string",
        [
            b"",
            b"query=",
            b"variables={}",
            b"query=%7B__typename%7D&variables=[]",
            b"query=%7B__typename%7D&variables=x",
            b"query=%7B__typename%7D&variables=%22x%22",
            b"query=%7B__typename%7D&extensions=1",
            b"query=%7B__typename%7D&operationName=x",
            b"query=%7B__typename%7D%FF",
            b"query=%ED%A0%80",
            b"query=\xff",
            b"query=%7Bbook(id:%22%00%22)%7Bid%7D%7D",
            b"query=%7B__typename%7D&variables=%7B%22a%22:%22%5Cu0000%22%7D",
            b"query=%7B__typename%7D&variables=%7B%22a%22:%22%5Cud800%22%7D",
            b"query=%7B__typename%7D" + b"&a=1" * 30,
        ],
    )
    async def test_bad_parameters_are_400(self, query_string: bytes) -> None:
        response = await _send(Request("GET", query_string, {}, b""))
        assert (response.status, _reason(response)) in [
            (400, "BAD_USER_INPUT"),
            (400, "GRAPHQL_PARSE_FAILED"),
        ]

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
    async def test_other_methods_are_405(self, method: str) -> None:
        response = await _send(Request(method, b"query=%7B__typename%7D", {}, _query("{ __typename }")))
        assert (response.status, dict(response.headers)[b"allow"]) == (405, b"GET, POST")


class TestAccept:
    @pytest.mark.parametrize(
        ("accept", "expected"),
        [
            ("", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/json", JSON),
            ("APPLICATION/JSON; charset=utf-8", JSON),
            ("application/graphql-response+json", GRAPHQL),
            ("application/graphql-response+json, application/json;q=0.9", GRAPHQL),
            ("application/json, application/graphql-response+json", GRAPHQL),
            ("application/json, application/graphql-response+json;q=0.9", JSON),
            ("application/graphql-response+json;q=0.5, */*;q=0.1", GRAPHQL),
            ("application/json;q=0, */*", GRAPHQL),
            ("application/json;q=0, application/*;q=0", None),
            ("application/graphql-response+json;q=0, application/json", JSON),
            ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
            ("text/html", None),
            ("text/event-stream", None),
            ("application/json;q=x", None),
            ("application/xml, ,;q", None),
        ],
    )
    def test_decides_the_media_type(self, accept: str, expected: str | None) -> None:
        found = media_type(accept.encode())
        assert (found.decode() if found else None) == expected

    async def test_none_that_there_is_is_406(self) -> None:
        response = await _post(_query("{ __typename }"), accept="text/html")
        assert (response.status, _reason(response)) == (406, "NOT_ACCEPTABLE")
        assert dict(response.headers)[b"content-type"] == JSON.encode()


class TestRefuse:
    def test_any_error_of_ours_becomes_an_answer(self) -> None:
        response = refuse({b"accept": b"application/graphql-response+json"}, Unavailable(), (b"retry-after", b"1"))
        assert (response.status, _reason(response)) == (503, "UNAVAILABLE")
        assert dict(response.headers)[b"content-type"] == GRAPHQL.encode()
        assert dict(response.headers)[b"retry-after"] == b"1"
