"""The body of `application/problem+json`: RFC 9457's members, and those that the older clients read."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["Problem", "ProblemDetail", "ProblemError", "ProblemGraphQLError", "ProblemMeta"]


class ProblemDetail(msgspec.Struct):
    """A field of the request that is wrong."""

    path: Annotated[str, Meta(description="As in `items[2].name`; empty for the whole body.")]
    message: str


class ProblemError(msgspec.Struct, omit_defaults=True):
    """What went wrong."""

    code: Annotated[str, Meta(description="What clients compare.")]
    message: str
    details: tuple[ProblemDetail, ...] = ()


class ProblemMeta(msgspec.Struct, rename="camel"):
    """Which request it was; an operator finds it by its id."""

    timestamp: str
    path: str
    status_code: int
    request_id: str


class ProblemGraphQLError(msgspec.Struct):
    """The same as GraphQL's clients read it."""

    message: str
    extensions: dict[str, str]


class Problem(msgspec.Struct, omit_defaults=True):
    """Why a request failed (RFC 9457); the sentences are in the caller's language."""

    type: Annotated[str, Meta(description="What exactly went wrong; about:blank where `error.code` says it all.")]
    title: str
    status: int
    detail: str
    instance: Annotated[str, Meta(description="The path of the request.")]
    success: Literal[False]
    message: Annotated[str, Meta(description="For people: the same as `detail`.")]
    error: ProblemError
    meta: ProblemMeta
    errors: Annotated[tuple[ProblemGraphQLError, ...], Meta(description="At /graphql only.")] = ()
