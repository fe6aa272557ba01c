"""Structured logs: what a line holds, what it hides, and that it stays one line."""

import io
import json
import logging
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from granian.log import LogLevels, configure_logging
from hypothesis import given
from hypothesis import strategies as st

from girok.context import Actor, CallContext, use
from girok.errors import log_fault
from girok.nats import NatsUnavailable
from girok.port import DeadlineExceeded
from girok.sections import Log
from girok.telemetry.logs import JsonFormatter, TextFormatter, configure, granian_logging

log = logging.getLogger("girok.test")

SECRETS = ["password", "newPassword", "refreshToken", "token", "client_secret", "Set-Cookie", "Authorization"]
SECRETS += ["session_id", "sessionId", "sid", "api_key", "credentials", "privateKey"]


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


class Written:
    """What was logged, as text and as parsed lines."""

    def __init__(self, section: Log) -> None:
        self.stream = io.StringIO()
        configure(section, self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def line(self) -> dict[str, Any]:
        assert self.text.endswith("\n")
        (line,) = self.text.splitlines()
        return json.loads(line)


@pytest.fixture
def written() -> Written:
    return Written(Log(format="json"))


def raised(text: str) -> ValueError:
    try:
        int(text)
    except ValueError:
        error = ValueError(text)
        return error.with_traceback(sys.exc_info()[2])
    raise AssertionError(text)


class Unshowable:
    def __str__(self) -> str:
        raise RuntimeError("no")


class Card(msgspec.Struct):
    owner: str
    api_key: str


class TestJsonLine:
    def test_holds_time_level_logger_message_and_fields(self, written: Written) -> None:
        log.info("post %s", "created", extra={"post_id": "p1", "likes": 3, "when": datetime(2026, 1, 2, tzinfo=UTC)})
        line = written.line()
        assert line["time"].endswith("Z")
        assert len(line["time"]) == len("2026-01-02T03:04:05.678Z")
        assert {key: line[key] for key in line if key != "time"} == {
            "level": "info",
            "logger": "girok.test",
            "message": "post created",
            "post_id": "p1",
            "likes": 3,
            "when": "2026-01-02T00:00:00+00:00",
        }

    def test_holds_the_request_and_who_acts(self, written: Written) -> None:
        with use(CallContext(actor=Actor("u1", session_id="s1"), request_id="r1")):
            log.info("hello")
        line = written.line()
        assert (line["request_id"], line["user_id"]) == ("r1", "u1")
        assert "s1" not in written.text

    def test_holds_an_exception_as_text(self, written: Written) -> None:
        log.error("failed", exc_info=raised("broken\nhere"))
        assert written.line()["exception"].endswith("ValueError: broken\nhere")

    def test_a_field_cannot_replace_the_level(self, written: Written) -> None:
        log.info("hello", extra={"level": "none", "time": "never"})
        line = written.line()
        assert line["level"] == "info"
        assert line["time"] != "never"

    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (2**80, str(2**80)),
            (float("nan"), "nan"),
            (float("-inf"), "-inf"),
            ({1: {"a"}}, {"1": ["a"]}),
            ((1, None, True), [1, None, True]),
            (Unshowable(), "<Unshowable>"),
            (b"\xff", "b'\\xff'"),
            ("\ud800", "\\ud800"),
            (Card("a", "b"), {"owner": "a", "api_key": "***"}),
        ],
    )
    def test_shows_any_value(self, written: Written, value: object, shown: object) -> None:
        log.info("hello", extra={"value": value})
        assert written.line()["value"] == shown

    def test_shows_a_value_that_holds_itself(self, written: Written) -> None:
        loop: list[Any] = []
        loop.append(loop)
        log.info("hello", extra={"value": loop})
        assert written.line()["value"] == [[[[[["[[...]]"]]]]]]

    def test_survives_arguments_that_do_not_fit(self) -> None:
        record = logging.makeLogRecord({"msg": "%d of %d", "args": ("one",)})
        assert json.loads(JsonFormatter().format(record))["message"] == "%d of %d ('one',)"

    @given(message=st.text(st.characters()), value=st.text(st.characters()))
    def test_is_one_line_of_utf8_whatever_was_logged(self, message: str, value: str) -> None:
        record = logging.makeLogRecord({"msg": message, "name": message, "levelname": "INFO", "field": value})
        for formatter in (JsonFormatter(), TextFormatter()):
            text = formatter.format(record)
            assert len(text.splitlines()) == 1
            text.encode()


class TestSecrets:
    @pytest.mark.parametrize(
        "key",
        SECRETS,
    )
    def test_are_masked_by_their_key_at_any_depth(self, written: Written, key: str) -> None:
        log.info("hello", extra={key: "hunter2", "request": {"headers": [{key: "hunter2"}], "note": "kept"}})
        line = written.line()
        assert "hunter2" not in written.text
        assert line[key] == "***"
        assert line["request"] == {"headers": [{key: "***"}], "note": "kept"}

    @pytest.mark.parametrize(
        "text",
        [
            "Authorization: Bearer hunter2hunter2",
            "postgresql://girok:hunter2@db/girok",
            "password=hunter2",
            '{"refresh_token": "hunter2"}',
            "session_id=hunter2; Path=/",
        ],
    )
    def test_are_masked_inside_of_texts(self, written: Written, text: str) -> None:
        log.error("failed with %s", text, extra={"cause": text}, exc_info=raised(text))
        assert "hunter2" not in written.text
        assert written.line()["cause"].count("***") == 1

    def test_are_masked_in_text_form_too(self) -> None:
        written = Written(Log(format="text"))
        log.info("signed in", extra={"password": "hunter2"})
        assert written.text.endswith("girok.test: signed in password=***\n")


class TestTextLine:
    def test_is_short_and_readable(self) -> None:
        written = Written(Log(format="text"))
        with use(CallContext(request_id="r1")):
            log.warning("slow", extra={"ms": 12.5, "what": "a query"})
        assert written.text[9:] == 'warning girok.test: slow request_id=r1 ms=12.5 what="a query"\n'

    def test_control_characters_cannot_draw_on_a_terminal(self) -> None:
        written = Written(Log(format="text"))
        log.info("one\n2026 fake line\x1b[2J")
        assert written.text.endswith("girok.test: one\\n2026 fake line\\x1b[2J\n")

    def test_a_traceback_is_indented(self) -> None:
        written = Written(Log(format="text"))
        log.error("failed", exc_info=raised("one\ntwo"))
        assert written.text.endswith("\n    ValueError: one\n    two\n")

    def test_colors_only_when_asked(self) -> None:
        record = logging.makeLogRecord({"msg": "hello", "name": "girok", "levelname": "INFO", "levelno": logging.INFO})
        assert "\x1b[32minfo   \x1b[0m" in TextFormatter(colors=True).format(record)
        assert "\x1b" not in TextFormatter().format(record)


class TestConfigure:
    def test_leaves_out_what_is_less_severe_than_the_level(self) -> None:
        written = Written(Log(format="json", level="error"))
        log.warning("hello")
        assert written.text == ""

    def test_auto_is_json_where_nobody_watches(self) -> None:
        written = Written(Log())
        log.info("hello")
        assert written.line()["message"] == "hello"

    def test_twice_writes_once(self) -> None:
        Written(Log(format="json"))
        written = Written(Log(format="json"))
        log.info("hello")
        assert written.line()["message"] == "hello"

    def test_warnings_become_lines(self, written: Written) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        assert written.line()["logger"] == "py.warnings"

    def test_writes_utf8_and_ascii_terminals_alike(self) -> None:
        script = "import logging; from girok.telemetry.logs import configure; from girok.sections import Log; "
        script += "configure(Log(format='json')); logging.info('기록')"
        for encoding, expected in (("utf-8", "기록"), ("ascii", "\\uae30\\ub85d")):
            done = subprocess.run(
                [sys.executable, "-c", script],
                env={"PYTHONIOENCODING": encoding},
                capture_output=True,
                check=True,
                timeout=30,
            )
            assert expected in done.stderr.decode()
            assert json.loads(done.stderr)["message"] == "기록"


class TestOutage:
    def test_what_every_request_meets_is_told_once_for_each_reason(self, written: Written) -> None:
        for _ in range(3):
            log_fault(log, "GraphQL field timeline failed", NatsUnavailable())
            log_fault(log, "answered DEADLINE_EXCEEDED", DeadlineExceeded())
        found = [json.loads(line) for line in written.text.splitlines()]
        assert [each["reason"] for each in found] == ["NATS_UNAVAILABLE", "DEADLINE_EXCEEDED"]
        assert all("repeats" not in each and "exception" not in each for each in found)

    def test_it_is_told_again_after_a_minute(self, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
        now = time.time()
        for seconds in (0, 59, 61):
            monkeypatch.setattr(time, "time_ns", lambda seconds=seconds: int((now + seconds) * 1e9))
            monkeypatch.setattr(time, "time", lambda seconds=seconds: now + seconds)
            log_fault(log, "answered NATS_UNAVAILABLE", NatsUnavailable())
        assert len(written.text.splitlines()) == 2

    def test_our_own_faults_are_all_told(self, written: Written) -> None:
        for _ in range(3):
            log_fault(log, "answered INTERNAL", raised("a bug"))
        assert len(written.text.splitlines()) == 3


class TestGranian:
    def test_its_lines_go_through_our_handler(self, written: Written) -> None:
        configure_logging(LogLevels.warning, granian_logging())  # as its server does, which another test may have run
        granian = logging.getLogger("_granian")
        granian.warning("Embedded server is experimental!")
        granian.error("Application callable raised an exception")
        assert written.line()["logger"] == "_granian"
