"""What a handler answers beside what its annotations say."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec

from girok.errors import GirokError

__all__ = ["Answers", "answers", "answers_of"]

F = TypeVar("F", bound=Callable[..., Any])
_ATTRIBUTE = "__girok_answers__"


class Answers(NamedTuple):
    """`bearer`: whether an access token must or may come with the request; `errors` are raised by the handler.

    `form`: the Struct of a form (girok/http/multipart.py) that the handler reads.
    """

    errors: tuple[type[GirokError], ...] = ()
    bearer: Literal["required", "optional"] | None = None
    form: type[msgspec.Struct] | None = None


def answers(
    *errors: type[GirokError],
    bearer: Literal["required", "optional"] | None = None,
    form: type[msgspec.Struct] | None = None,
) -> Callable[[F], F]:
    """Declare what a handler raises, whether it takes a bearer, and a form. It stands below `@get`, `@post`, ..."""

    def declare(handler: F) -> F:
        setattr(handler, _ATTRIBUTE, Answers(errors, bearer, form))
        return handler

    return declare


def answers_of(handler: Callable[..., Any]) -> Answers | None:
    """What was declared for a handler's function; None when nothing was."""
    return getattr(handler, _ATTRIBUTE, None)
