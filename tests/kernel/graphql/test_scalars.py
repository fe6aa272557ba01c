"""DateTime is strict both ways, JSON is anything."""

from datetime import datetime, timedelta, timezone

import pytest

from girok.graphql.schema import assemble
from tests.kernel.graphql.library import engine, parts, run

DATE_TIME = assemble(parts()).type_map["DateTime"]
SEOUL = timezone(timedelta(hours=9))


class TestDateTime:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-01-31",
            "2026-01-31T08:00:00",
            "2026-01-31T08:00:00+00:00",
            "2026-01-31T08:00:00.1Z",
            "2026-01-31T08:00:00.123456Z",
            "2026-01-31t08:00:00.000z",
            "2026-01-31 08:00:00.000Z",
            "2026-02-30T08:00:00.000Z",
            "2026-01-31T24:00:00.000Z",
            "2026-01-31T08:00:60.000Z",
            "0000-01-31T08:00:00.000Z",
            "\uff12026-01-31T08:00:00.000Z",
            "2026-01-31T08:00:00.000Z\n",
            "",
        ],
    )
    async def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(Exception, match="DateTime must be ISO 8601"):
            await run(engine(), "query($at: DateTime) { given(at: $at) }", {"at": text})

    @pytest.mark.parametrize("literal", ["1767168000", "true", "{}", "NOW"])
    def test_a_literal_that_is_no_text_is_refused(self, literal: str) -> None:
        with pytest.raises(Exception, match="DateTime must be ISO 8601"):
            engine().prepare(f"{{ given(at: {literal}) }}")

    def test_another_zone_is_told_in_utc(self) -> None:
        at = datetime(2026, 2, 1, 7, 59, 59, 999999, tzinfo=SEOUL)
        assert DATE_TIME.coerce_output_value(at) == "2026-01-31T22:59:59.999Z"

    def test_a_time_without_a_zone_is_a_bug(self) -> None:
        with pytest.raises(TypeError):
            DATE_TIME.coerce_output_value(datetime(2026, 1, 31))  # noqa: DTZ001


class TestJson:
    async def test_a_variable_arrives_as_it_is(self) -> None:
        value = {"a": [1, 2.5, None, True, {"b": "한글"}]}
        answer = await run(engine(), "query($any: JSON) { given(any: $any) }", {"any": value})
        assert answer.data == {"given": f"(None, None, (), {value!r}, 5)"}
