"""What clients are told of errors, and what they are not."""

import logging

import pytest

from girok.context import CallContext, use
from girok.errors import FieldError, InvalidInput, RateLimited, Text
from girok.graphql.errors import refused
from tests.kernel.graphql.library import engine, run


class TestFields:
    async def test_an_error_of_ours_has_code_reason_and_place(self) -> None:
        answer = await run(engine(), '{\n  broken: fails(how: "not-found") }')
        assert answer.data == {"broken": None}
        assert answer.errors == [
            {
                "message": "There is no such author.",
                "path": ["broken"],
                "locations": [{"line": 2, "column": 3}],
                "extensions": {"code": "NOT_FOUND", "reason": "AUTHOR_GONE"},
            }
        ]

    async def test_it_is_told_in_the_language_of_the_call(self) -> None:
        with use(CallContext(locale="ko")):
            answer = await run(engine(), '{ fails(how: "not-found") }')
        assert answer.errors[0]["message"] == "그런 저자가 없습니다."

    async def test_rate_limited_says_when_to_come_back(self) -> None:
        answer = await run(engine(), '{ fails(how: "limited") }')
        assert answer.errors[0]["extensions"] == {"code": "RATE_LIMITED", "reason": "RATE_LIMITED", "retryAfter": 2}

    async def test_anything_else_is_internal_and_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.ERROR):
            answer = await run(engine(), '{ fails(how: "bug") }')
        assert answer.errors[0]["extensions"] == {"code": "INTERNAL", "reason": "INTERNAL"}
        assert "secret" not in str(answer.errors)
        assert [record.getMessage() for record in caplog.records] == ["GraphQL field fails failed"]
        assert "secret detail" in caplog.text

    async def test_an_outage_is_logged_without_a_traceback(self, caplog: pytest.LogCaptureFixture) -> None:
        answer = await run(engine(), '{ fails(how: "away") }')
        assert answer.errors[0]["extensions"] == {"code": "UNAVAILABLE", "reason": "UNAVAILABLE"}
        assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]

    async def test_what_fails_a_whole_batch_is_logged_once(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.ERROR):
            answer = await run(engine(), "{ books(first: 20) { reviews { stars } } }")
        assert answer.data == {"books": [{"reviews": None}] * 20}
        assert {each["extensions"]["code"] for each in answer.errors} == {"INTERNAL"}
        assert len(caplog.records) == 1

    async def test_a_batch_with_an_answer_missing_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        answer = await run(engine(), "{ books(first: 2) { shelf } }")
        assert answer.data == {"books": [{"shelf": None}] * 2}
        assert "gave 1 answers for 2 objects" in caplog.text


class TestRefusals:
    def test_details_name_the_fields(self) -> None:
        text = Text("Too short.", "너무 짧습니다.")
        refusal = refused(InvalidInput(text, details=[FieldError("input.title", text)]))
        assert refusal.status == 400
        assert refusal.errors == [
            {
                "message": "Too short.",
                "extensions": {
                    "code": "BAD_USER_INPUT",
                    "reason": "BAD_USER_INPUT",
                    "details": [{"path": "input.title", "message": "Too short."}],
                },
            }
        ]

    def test_the_status_is_the_categorys(self) -> None:
        assert refused(RateLimited(retry_after=1)).status == 429
