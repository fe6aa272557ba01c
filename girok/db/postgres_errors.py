"""PostgreSQL's errors as ours, and what they say about the transaction that they happened in.

An error that the server reports ends the transaction that it happens in; one that asyncpg raises itself, about a value
that it cannot send, does not.
"""

import re
from typing import NoReturn

import asyncpg

from girok.db.database import ConstraintViolation, StoreUnavailable, UniqueViolation, unstorable
from girok.errors import Text

__all__ = ["ERRORS", "OutcomeUnknown", "ends_session", "from_server", "is_conflict", "raise_translated"]

ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What asyncpg raises of a connection: the server's errors, its own, and the network's."""

_CONFLICTS = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
_UNSTORABLE = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.StringDataRightTruncationError,
    asyncpg.UntranslatableCharacterError,
)
_TROUBLE = (
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalServerError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresSystemError,
)
"""The store's own trouble. What is not here, a wrong statement for example, is its author's, and stays as it is."""
_LAST_WORDS = ("FATAL", "PANIC")
_COLUMNS = re.compile(r"[^(]*\(([\w\", ]+)\)=\(")
"""`Key (author_id, client_id)=(...) already exists.`, in any language. An index on an expression has more brackets."""


class OutcomeUnknown(StoreUnavailable):
    """The connection broke between COMMIT and its answer: the unit is stored as a whole, or not at all."""

    reason = "OUTCOME_UNKNOWN"
    text = Text(
        "The answer of the store was lost: this may have been done. Please look before you try again.",
        "저장소의 응답을 받지 못했습니다. 이미 처리되었을 수 있으니 확인한 뒤 다시 시도해 주세요.",
    )


def from_server(error: BaseException) -> bool:
    """Whether the server reported it: then the transaction is over, except for a rollback to a savepoint."""
    return isinstance(error, asyncpg.PostgresError) and error.severity is not None


def ends_session(error: BaseException) -> bool:
    """Whether the connection is gone with it."""
    return isinstance(error, OSError | asyncpg.PostgresConnectionError) or (
        isinstance(error, asyncpg.PostgresError) and error.severity_en in _LAST_WORDS
    )


def is_conflict(error: BaseException) -> bool:
    """Whether the same unit may succeed when it runs again: another one came between, or the schema changed."""
    return isinstance(error, _CONFLICTS)


def raise_translated(error: Exception) -> NoReturn:
    """Raise what a unit or a reader sees of an error of asyncpg: `error` itself where we have no name for it."""
    ours = _translated(error)
    if ours is None:
        raise error
    raise ours from error


def _translated(error: Exception) -> Exception | None:
    if isinstance(error, asyncpg.UniqueViolationError):
        found = _COLUMNS.match(error.detail or "")
        return UniqueViolation([each.strip('"') for each in found[1].split(", ")] if found else ())
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return ConstraintViolation()
    if isinstance(error, _UNSTORABLE) or isinstance(error.__cause__, UnicodeEncodeError | OverflowError):
        return unstorable()
    return StoreUnavailable() if isinstance(error, _TROUBLE) or ends_session(error) else None
