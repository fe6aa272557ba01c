"""What other domains may ask of shelf, and what its commands take and give."""

from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from girok.port import policy


class CountBooksRequest(msgspec.Struct, frozen=True):
    pass


class CountBooksResponse(msgspec.Struct, frozen=True):
    count: int


class ShelfService(Protocol):
    """Books."""

    @policy(idempotent=True)
    async def count_books(self, request: CountBooksRequest) -> CountBooksResponse:
        """How many there are."""
        ...


class NewBook(msgspec.Struct, frozen=True):
    title: str


class Book(msgspec.Struct, frozen=True):
    title: str
    by: str


class Pages(msgspec.Struct, frozen=True):
    """`count` of them, and how the stream goes on from there."""

    count: Annotated[int, Meta(ge=0)]
    then: Literal["end", "fail", "die", "wait"] = "end"


class Page(msgspec.Struct, frozen=True):
    number: int
    text: str = "한글"
