"""The error tree. An error is a class with a stable code; it is raised where it is known and mapped once, at the edge.

    GirokError
    ├── Unauthenticated      nobody is signed in, or the credentials are wrong
    ├── Forbidden            signed in, but not allowed
    ├── NotFound
    ├── Conflict             a unique thing exists already
    ├── InvalidInput         the request itself is wrong; `details` says where
    ├── RateLimited          `retry_after` in seconds
    ├── CostLimited          a GraphQL operation that asks too much
    ├── Unavailable          a store or a peer does not answer; trying again may help
    └── Internal             our own fault; the message says nothing more

Each carries its `category` (the mapping to REST, GraphQL and gRPC) and its `reason`, the stable code that clients
compare. Texts are English and Korean.
"""

import logging
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import msgspec

__all__ = [
    "REPEATS",
    "Category",
    "Conflict",
    "CostLimited",
    "FieldError",
    "Forbidden",
    "GirokError",
    "Internal",
    "InvalidBearer",
    "InvalidInput",
    "NotFound",
    "RateLimited",
    "Text",
    "Unauthenticated",
    "Unavailable",
    "log_fault",
    "root_cause",
]

REPEATS = "repeats"
"""A log record with this attribute comes again with every request while its `reason` lasts; see telemetry/logs.py."""


class Text(NamedTuple):
    """One sentence for people, in the two languages girok speaks."""

    en: str
    ko: str

    def of(self, locale: str) -> str:
        """The sentence in `locale`, English for any but `ko`."""
        return self.ko if locale == "ko" else self.en


class Category(NamedTuple):
    """How a kind of error looks outside: GraphQL's and REST's code, the HTTP status and the gRPC status' name."""

    code: str
    http_status: int
    grpc_status: str


class FieldError(msgspec.Struct, frozen=True):
    """One field of a request that is wrong: `path` as in `items[2].name`."""

    path: str
    text: Text


class GirokError(Exception):
    """The root. `reason` is the stable code; where a subclass names none, it is the category's code."""

    category: ClassVar[Category] = Category("INTERNAL", 500, "INTERNAL")
    reason: ClassVar[str] = "INTERNAL"
    text: ClassVar[Text] = Text("Something went wrong.", "문제가 발생했습니다.")
    names_rest_code: ClassVar[bool] = False
    """True where rest.md names the reason as REST's `error.code`; else that is the category's code."""

    def __init__(
        self, text: Text | None = None, *, details: Sequence[FieldError] = (), retry_after: float | None = None
    ) -> None:
        self.message = text or self.text
        self.details = tuple(details)
        self.retry_after = retry_after
        super().__init__(self.message.en)

    @property
    def rest_code(self) -> str:
        """REST's `error.code`."""
        return self.reason if self.names_rest_code else self.category.code


class Unauthenticated(GirokError):
    """Nobody is signed in, or the credentials are wrong."""

    category = Category("UNAUTHENTICATED", 401, "UNAUTHENTICATED")
    reason = "UNAUTHENTICATED"
    text = Text("Please sign in.", "로그인이 필요합니다.")


class InvalidBearer(Unauthenticated):
    """The token in `Authorization` is malformed, unknown, expired, or of a session that ended (RFC 6750)."""

    text = Text("The token is not valid.", "토큰이 올바르지 않습니다.")


class Forbidden(GirokError):
    """Signed in, but not allowed to do this."""

    category = Category("FORBIDDEN", 403, "PERMISSION_DENIED")
    reason = "FORBIDDEN"
    text = Text("You may not do this.", "권한이 없습니다.")


class NotFound(GirokError):
    """What was asked for does not exist, or is not visible to who asks."""

    category = Category("NOT_FOUND", 404, "NOT_FOUND")
    reason = "NOT_FOUND"
    text = Text("Not found.", "찾을 수 없습니다.")


class Conflict(GirokError):
    """A unique thing exists already."""

    category = Category("CONFLICT", 409, "ALREADY_EXISTS")
    reason = "CONFLICT"
    text = Text("This exists already.", "이미 존재합니다.")


class InvalidInput(GirokError):
    """The request itself is wrong; `details` names the fields."""

    category = Category("BAD_USER_INPUT", 400, "INVALID_ARGUMENT")
    reason = "BAD_USER_INPUT"
    text = Text("The request is not valid.", "요청이 올바르지 않습니다.")


class RateLimited(GirokError):
    """Too many requests; `retry_after` says for how many seconds."""

    category = Category("RATE_LIMITED", 429, "RESOURCE_EXHAUSTED")
    reason = "RATE_LIMITED"
    text = Text("Too many requests. Please wait a moment.", "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.")


class CostLimited(GirokError):
    """A GraphQL operation that would cost more than a session may spend."""

    category = Category("COST_LIMIT", 400, "RESOURCE_EXHAUSTED")
    reason = "COST_LIMIT"
    text = Text("The operation asks for too much.", "요청한 작업이 너무 큽니다.")


class Unavailable(GirokError):
    """A store or a peer does not answer in time; nothing is known to have been lost."""

    category = Category("UNAVAILABLE", 503, "UNAVAILABLE")
    reason = "UNAVAILABLE"
    text = Text("Temporarily unavailable. Please try again.", "일시적으로 사용할 수 없습니다. 다시 시도해 주세요.")


class Internal(GirokError):
    """Our own fault. The cause is in the log under the request id, never in the answer."""


def root_cause(error: BaseException) -> BaseException:
    """What began it: the last in the chain of causes, `error` itself without one."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def log_fault(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log that `what` happened because of `error`, which is not the caller's fault.

    An outage is a line with its cause, which repeats with every request. Anything else is our own fault: with a
    traceback.
    """
    if isinstance(error, GirokError) and error.category == Unavailable.category:
        extra = {"reason": error.reason, "cause": repr(root_cause(error)), REPEATS: True}
        log.warning("%s: %s", what, error, extra=extra)
    else:
        log.error("%s", what, exc_info=error)
