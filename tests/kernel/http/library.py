"""A small REST application that says what it answers: books, and who may change them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter
from litestar.response import Redirect
from msgspec import UNSET, Meta, UnsetType

from girok.errors import Conflict, NotFound, RateLimited, Text, Unauthenticated
from girok.http.openapi import answers

__all__ = ["TOKEN", "BookNotFound", "TitleTaken", "library"]

Incoming = Request[Any, Any, Any]
TOKEN = "a-token"
"""Of the only member."""
NEW_BOOK = UUID("019abcde-0000-7000-8000-000000000001")


class TitleTaken(Conflict):
    """Two books never have one title."""

    reason = "TITLE_TAKEN"
    names_rest_code = True
    text = Text("There is a book of this title.", "같은 제목의 책이 있습니다.")


class BookNotFound(NotFound):
    """No such book."""

    reason = "BOOK_NOT_FOUND"
    text = Text("There is no such book.", "그런 책은 없습니다.")


class Author(msgspec.Struct, frozen=True):
    """Who wrote it."""

    name: Annotated[str, Meta(min_length=1, max_length=40)]
    born: date | None = None


class NewBook(msgspec.Struct, frozen=True, rename="camel"):
    """A book to keep."""

    title: Annotated[str, Meta(pattern=r"^[a-z]{1,20}\Z", description="In small letters.")]
    page_count: Annotated[int, Meta(ge=1, le=5000)]
    authors: Annotated[tuple[Author, ...], Meta(max_length=3)] = ()
    kind: Literal["NOVEL", "POEMS"] = "NOVEL"
    notes: dict[str, str] = {}
    first_read_at: datetime | None = None
    weight: float | None = None


class BookChanges(msgspec.Struct, frozen=True, rename="camel"):
    """What is absent stays; null clears."""

    kind: Literal["NOVEL", "POEMS"] | UnsetType = UNSET
    subtitle: Annotated[str, Meta(max_length=20)] | UnsetType | None = UNSET


class Book(msgspec.Struct, frozen=True, rename="camel"):
    """A book."""

    id: UUID
    title: str
    page_count: int
    authors: tuple[Author, ...] = ()
    subtitle: str | None = None


class Library:
    """The books, by id."""

    def __init__(self) -> None:
        self.books: dict[UUID, Book] = {}

    def find(self, identity: UUID) -> Book:
        """Raises BookNotFound."""
        try:
            return self.books[identity]
        except KeyError:
            raise BookNotFound from None


def _member(request: Incoming) -> None:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise Unauthenticated


def library() -> list[Any]:
    """The handlers, over an empty library."""
    kept = Library()

    @post("/v1/books")
    @answers(TitleTaken, RateLimited, bearer="required")
    async def add_book(data: JSONBody[NewBook], request: Incoming) -> Book:
        """Keep a book.

        Its title is taken from then on.
        """
        _member(request)
        if any(each.title == data.title for each in kept.books.values()):
            raise TitleTaken
        book = Book(UUID(int=NEW_BOOK.int + len(kept.books)), data.title, data.page_count, data.authors)
        kept.books[book.id] = book
        return book

    @get("/v1/books")
    @answers()
    async def list_books(
        first: Annotated[int, QueryParameter(ge=1, le=50)] = 20,
        title: FromQuery[str | None] = None,
        kind: FromQuery[Literal["NOVEL", "POEMS"]] = "NOVEL",
    ) -> list[Book]:
        """The books there are."""
        del kind
        return [each for each in kept.books.values() if title in (None, each.title)][:first]

    @get("/v1/books/{identity:uuid}")
    @answers(BookNotFound)
    async def get_book(identity: FromPath[UUID]) -> Book:
        """A book."""
        return kept.find(identity)

    @patch("/v1/books/{identity:uuid}")
    @answers(BookNotFound, bearer="required")
    async def change_book(identity: FromPath[UUID], data: JSONBody[BookChanges], request: Incoming) -> Book:
        """Change a book."""
        _member(request)
        book = kept.find(identity)
        subtitle = book.subtitle if data.subtitle is UNSET else data.subtitle
        kept.books[identity] = changed = msgspec.structs.replace(book, subtitle=subtitle)
        return changed

    @delete("/v1/books/{identity:uuid}")
    @answers(BookNotFound, bearer="required")
    async def drop_book(identity: FromPath[UUID], request: Incoming) -> None:
        """Let go of a book."""
        _member(request)
        del kept.books[kept.find(identity).id]

    @put("/v1/shelves/{number:int}", status_code=200)
    @answers()
    async def fill_shelf(
        number: FromPath[int],
        data: JSONBody[list[Author]],
        dry_run: Annotated[bool, HeaderParameter(name="x-dry-run")] = False,
    ) -> Response[list[Author]]:
        """Say who stands on a shelf."""
        del number, dry_run
        return Response(data)

    @get("/v1/newest", status_code=302, summary="The newest", operation_id="newestBook")
    @answers()
    async def newest() -> Redirect:
        """The way to the newest book."""
        return Redirect("/v1/books")

    @get("/v1/greeting")
    @answers(bearer="optional")
    async def greeting() -> str:
        """A word for everybody."""
        return "hello"

    return [add_book, list_books, get_book, change_book, drop_book, fill_shelf, newest, greeting]
