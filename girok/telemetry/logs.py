"""Structured logs, one line per record on standard error, with the standard library's logging.

    configure(settings.get(Log))
    log = logging.getLogger(__name__)
    log.info("post created", extra={"post_id": post.id})

A line carries the request id and the actor of the call it was written in. What repeats with every request of an outage
(`girok.errors.REPEATS`) is written once a minute for each reason. Every logger goes through the same handler,
Granian's too when its server is given `granian_logging()`. Secrets are masked, and nothing that is logged can break a
line in two.
"""

import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from girok.context import current
from girok.errors import REPEATS
from girok.sections import Log
from girok.telemetry.masking import hide, plain, printable

__all__ = ["JsonFormatter", "TextFormatter", "configure", "granian_logging"]

_RECORD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", REPEATS}
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
_CONTROLS = {
    **{code: f"\\x{code:02x}" for code in [*range(32), *range(0x7F, 0xA0)]},
    ord("\t"): "\\t",
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    **_LINE_ENDS,
}
_AGAIN_SECONDS = 60.0
_COLORS = {logging.DEBUG: "2", logging.INFO: "32", logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "1;31"}


def configure(section: Log, stream: TextIO | None = None) -> None:
    """Send every logger's records to `stream` (standard error), in the form and from the level of `[log]`.

    May be called again: it replaces the root logger's handlers. Warnings of Python's `warnings` become records too.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    terminal = handler.stream.isatty()
    if section.format == "text" or (section.format == "auto" and terminal):
        handler.setFormatter(TextFormatter(colors=terminal and not os.environ.get("NO_COLOR")))
    else:
        handler.setFormatter(JsonFormatter())
    handler.addFilter(_Repeated())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(section.level.upper())
    logging.captureWarnings(capture=True)


def granian_logging() -> dict[str, Any]:
    """The `log_dictconfig` for Granian's server: its loggers keep no handlers of their own and reach the root's.

    Its notice that the embedded server is experimental is left out: that is decided, not news at every start.
    """
    return {
        "formatters": {},
        "handlers": {},
        "filters": {"decided": {"()": _Decided}},
        "loggers": {
            "_granian": {"handlers": [], "propagate": True, "filters": ["decided"]},
            "granian.access": {"handlers": [], "propagate": True},
        },
    }


class _Decided(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg != "Embedded server is experimental!"


class _Repeated(logging.Filter):
    """Of what repeats, lets one line in a minute through for each reason."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        fields = vars(record)
        if not fields.get(REPEATS):
            return True
        reason = str(fields.get("reason"))
        if record.created - self._written.get(reason, float("-inf")) < _AGAIN_SECONDS:
            return False
        self._written[reason] = record.created
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id and user_id where known, then `extra`'s fields.

    An exception is one text field, `exception`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        head = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": printable(record.name),
            "message": _message(record),
        }
        line = {**head, **dict(_fields(record)), **head}  # first in the line, and no field replaces them
        if failure := _failure(self, record):
            line["exception"] = failure
        # JSON allows these inside of strings, but some readers of lines end a line at them.
        return msgspec.json.encode(line).decode().translate(_LINE_ENDS)


class TextFormatter(logging.Formatter):
    """A short line for people: time, level, logger, message, `key=value`; an exception follows, indented."""

    def __init__(self, *, colors: bool = False) -> None:
        super().__init__()
        self._colors = colors

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; several when there is an exception."""
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        level = f"{record.levelname.lower():<7}"
        line = f"{self._paint('2', time)} {self._paint(_COLORS.get(record.levelno, '0'), level)} "
        line += f"{printable(record.name)}: {_message(record)}".translate(_CONTROLS)
        pairs = "".join(f" {key}={_short(value)}" for key, value in _fields(record))
        if pairs:
            line += self._paint("2", pairs.translate(_CONTROLS))
        failure = _failure(self, record)
        return line + "".join(f"\n    {each.translate(_CONTROLS)}" for each in failure.split("\n") if each)

    def _paint(self, color: str, text: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._colors else text


def _message(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - a log call whose arguments do not fit must not cost the line
        message = f"{printable(record.msg)} {printable(record.args)}"
    return hide(printable(message))


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    """Who acts and in which request, then what the call gave as `extra`."""
    call = current()
    if call.request_id:
        yield "request_id", printable(call.request_id)
    if call.actor is not None:
        yield "user_id", printable(call.actor.user_id)
    if call.operator:
        yield "operator", printable(call.operator)
    for key, value in vars(record).items():
        if key not in _RECORD_FIELDS:
            yield printable(key), plain(key, value)


def _failure(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """The traceback and the stack, empty without any."""
    parts = [formatter.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return hide(printable("\n".join(parts)))


def _short(value: object) -> str:
    return value if isinstance(value, str) and " " not in value else msgspec.json.encode(value).decode()
