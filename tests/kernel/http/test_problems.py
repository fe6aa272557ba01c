"""Errors as REST's clients read them."""

from typing import Any

import httpx
import pytest

from tests.kernel.http.stage import Stage

JSON = {"content-type": "application/json"}


async def get(path: str, **headers: str) -> httpx.Response:
    async with Stage().client() as client:
        return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def send(body: bytes | str, path: str = "/resumes/1?page=1", **headers: str) -> httpx.Response:
    async with Stage().client() as client:
        return await client.post(path, content=body, headers={**JSON, **headers})


def details(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 400, response.text
    return {each["path"]: each["message"] for each in response.json()["error"]["details"]}


class TestProblem:
    async def test_has_the_members_of_rfc_9457_and_of_the_contract(self) -> None:
        response = await get("/taken?page=1", x_request_id="r1")
        assert response.status_code == 409
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["cache-control"] == "no-store"
        assert response.json() == {
            "type": "urn:girok:problem:EMAIL_TAKEN",
            "title": "Conflict",
            "status": 409,
            "detail": "This email is taken.",
            "instance": "/taken",
            "success": False,
            "message": "This email is taken.",
            "error": {"code": "CONFLICT", "message": "This email is taken."},
            "meta": {
                "timestamp": "2026-01-02T03:04:05.678Z",
                "path": "/taken",
                "statusCode": 409,
                "requestId": "r1",
            },
        }

    async def test_speaks_korean_to_koreans(self) -> None:
        response = await get("/taken", accept_language="ko-KR")
        assert response.json()["message"] == response.json()["error"]["message"] == "이미 사용 중인 이메일입니다."

    async def test_has_the_reason_as_its_code_where_the_contract_names_it(self) -> None:
        assert (await get("/named")).json()["error"]["code"] == "INVALID_PASSWORD"

    async def test_says_when_to_come_back(self) -> None:
        response = await get("/limited")
        assert (response.status_code, response.headers["retry-after"]) == (429, "3")
        assert response.json()["error"]["code"] == "RATE_LIMITED"

    async def test_of_a_store_that_is_away_is_logged_without_a_traceback(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        response = await get("/away")
        assert (response.status_code, response.json()["error"]["code"]) == (503, "UNAVAILABLE")
        (record,) = [each for each in caplog.records if each.name == "girok.http.problems"]
        assert (record.levelname, record.exc_info) == ("WARNING", None)
        assert vars(record)["cause"] == "ConnectionError('nobody there')"

    async def test_names_the_path_as_it_was_sent(self) -> None:
        response = await get("/%ED%95%9C%2F%ff")
        assert (response.status_code, response.json()["instance"]) == (404, "/%ED%95%9C%2F%ff")


class TestLitestarsRefusals:
    async def test_no_route_is_404(self) -> None:
        response = await get("/nowhere")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")
        assert "details" not in response.json()["error"]

    async def test_a_path_parameter_of_another_type_is_404(self) -> None:
        assert (await send("{}", "/resumes/one?page=1")).status_code == 404

    async def test_another_method_is_405_and_says_which_are_taken(self) -> None:
        response = await send("{}", "/call")
        assert (response.status_code, response.json()["error"]["code"]) == (405, "BAD_USER_INPUT")
        assert response.headers["allow"] == "GET, OPTIONS"

    async def test_another_media_type_is_415(self) -> None:
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "nonsense"):
            response = await send("{}", **{"content-type": media_type})
            assert (response.status_code, response.json()["error"]["code"]) == (415, "BAD_USER_INPUT")

    async def test_a_host_that_is_none_is_400(self) -> None:
        response = await get("/call", host="a b")
        assert (response.status_code, response.json()["error"]["code"]) == (400, "BAD_USER_INPUT")

    async def test_a_missing_query_parameter_is_named(self) -> None:
        response = await send('{"jobTitle": "x"}', "/resumes/1")
        assert details(response) == {"page": "This is required."}
        assert response.json()["message"] == "page: This is required."

    async def test_wrong_query_parameters_are_named(self) -> None:
        assert details(await send('{"jobTitle": "x"}', "/resumes/1?page=one")) == {"page": "Must be a whole number."}


class TestJsonBody:
    async def test_is_typed(self) -> None:
        response = await send('{"jobTitle": "x", "skills": [{"name": "Go"}], "unknown": 1}')
        assert (response.status_code, response.json()["skills"]) == (201, 1)

    async def test_of_json_of_another_name_is_taken(self) -> None:
        response = await send('{"jobTitle": "x"}', **{"content-type": "application/merge-patch+json; charset=utf-8"})
        assert response.status_code == 201

    async def test_names_every_field_that_is_wrong(self) -> None:
        response = await send('{"skills": [{"name": "Go"}, {"name": "C", "years": "5"}, {}]}')
        assert details(response) == {
            "jobTitle": "This is required.",
            "skills[1].name": "Must have at least 2 characters.",
            "skills[1].years": "Must be a whole number.",
            "skills[2].name": "This is required.",
        }
        assert response.json()["message"] == "jobTitle: This is required."

    async def test_names_them_in_korean(self) -> None:
        response = await send('{"jobTitle": 5}', **{"accept-language": "ko"})
        assert details(response) == {"jobTitle": "문자열이어야 합니다."}
        assert response.json()["message"] == "jobTitle: 문자열이어야 합니다."

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"nonsense",
            b"[]",
            b"null",
            b'{"jobTitle": "x"} more',
            b'{"jobTitle": "\xff"}',
            b'{"jobTitle": "\\ud800"}',
            b'{"jobTitle": "\\u0000"}',
            b'{"jobTitle": "\\\\\\u0000"}',
            b'{"jobTitle": "\x00"}',
            b'{"jobTitle": 1e999}',
            b'{"skills": ' + b"[" * 1000,
            b"[" * 2000,
            b'{"a":' * 400,
            b"\xef\xbb\xbf{}",
        ],
        ids=range(16),
    )
    async def test_that_is_none_is_400(self, body: bytes) -> None:
        response = await send(body)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "BAD_USER_INPUT")

    async def test_may_speak_of_nul(self) -> None:
        assert (await send(b'{"jobTitle": "\\\\u0000"}')).status_code == 201

    async def test_lists_no_more_errors_than_anybody_reads(self) -> None:
        body: Any = '{"jobTitle": "x", "skills": [' + ",".join(["1"] * 500) + "]}"
        assert len(details(await send(body))) == 20
