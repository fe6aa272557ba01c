"""A small schema for the tests, in two parts: books, and the authors that are added to them."""

# ruff: noqa: A002 - arguments have the names that the schema gives them

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from girok.errors import NotFound, RateLimited, Text, Unavailable
from girok.graphql.execute import Answer, Engine
from girok.graphql.part import Context, Part
from girok.port import Ports

__all__ = ["Calls", "engine", "parts", "run"]

CREATED = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)


class Author(msgspec.Struct, frozen=True):
    id: str
    name: str


class Book(msgspec.Struct, frozen=True):
    id: str
    title: str
    author_id: str
    kind: str = "NOVEL"
    created_at: datetime = CREATED


class BookInput(msgspec.Struct, frozen=True, rename="camel"):
    title: str
    kind: str = "NOVEL"
    sub_title: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] = ()
    due: datetime | None = None
    extra: Any = None


class Gone(NotFound):
    reason = "AUTHOR_GONE"
    text = Text("There is no such author.", "그런 저자가 없습니다.")


class Calls(list[tuple[str, list[Any]]]):
    """What resolvers were called with: their name, and the ids of the parents."""

    def of(self, name: str) -> list[list[Any]]:
        return [ids for each, ids in self if each == name]


BOOKS = """
type Query {
  "Some books."
  books(first: Int = 3): [Book!]!
  book(id: ID!): Book
  "What the resolver was given."
  given(input: BookInput, at: DateTime, kinds: [Kind!], any: JSON, limit: Int = 5): String!
  slow(name: String!): String!
  fails(how: String!): String
  required: String!
}
type Mutation { append(word: String!): [String!]! }
type Book { id: ID! title: String! kind: Kind! createdAt: DateTime! }
enum Kind { NOVEL ESSAY }
input BookInput { title: String! kind: Kind subTitle: String tags: [String!] due: DateTime extra: JSON }
"""
AUTHORS = """
extend type Book { author: Author! coAuthor: Author reviews: [Review!] shelf: String }
type Review { stars: Int! }
type Author { id: ID! name: String! books(first: Int = 2): [Book!]! }
extend type Query { author(id: ID!): Author }
"""
ERRORS = {
    "not-found": Gone,
    "limited": lambda: RateLimited(retry_after=1.2),
    "away": Unavailable,
    "bug": lambda: RuntimeError("secret detail"),
}


def _book(number: int) -> Book:
    return Book(str(number), f"Book {number}", f"a{number % 4}")


def parts(calls: Calls | None = None) -> tuple[Part, Part]:
    """Books and authors; `calls` notes what is called."""
    noted = Calls() if calls is None else calls
    return _books(), _authors(noted)


def _books() -> Part:
    part = Part(BOOKS)
    words: list[str] = []
    side_by_side: list[asyncio.Event] = [asyncio.Event(), asyncio.Event()]

    @part.query("books")
    async def books(context: Context, *, first: int) -> Sequence[Book]:
        return [_book(number) for number in range(first)]

    @part.query("book")
    async def book(context: Context, *, id: str) -> Book | None:
        return _book(int(id)) if id.isdigit() else None

    @part.query("given")
    async def given(
        context: Context,
        *,
        limit: int,
        input: BookInput | None = None,
        at: datetime | None = None,
        kinds: tuple[str, ...] = (),
        any: Any = None,
    ) -> str:
        return repr((input, at, kinds, any, limit))

    @part.query("slow")
    async def slow(context: Context, *, name: str) -> str:
        mine, other = side_by_side if name == "first" else reversed(side_by_side)
        mine.set()
        await asyncio.wait_for(other.wait(), 5)
        return name

    @part.query("fails")
    async def fails(context: Context, *, how: str) -> str:
        error = ERRORS[how]()
        raise error

    @part.query("required")
    async def required(context: Context) -> str:
        raise Gone

    @part.mutation("append")
    async def append(context: Context, *, word: str) -> Sequence[str]:
        await asyncio.sleep(0)
        words.append(word)
        return list(words)

    return part


def _authors(calls: Calls) -> Part:
    part = Part(AUTHORS)

    @part.query("author")
    async def author_by_id(context: Context, *, id: str) -> Author:
        return Author(id, f"Author {id}")

    @part.field("Book", "author")
    async def author(context: Context, books: Sequence[Book]) -> Sequence[Author]:
        calls.append(("author", [each.id for each in books]))
        await asyncio.sleep(0)
        return [Author(each.author_id, f"Author {each.author_id}") for each in books]

    @part.field("Book", "coAuthor")
    async def co_author(context: Context, books: Sequence[Book]) -> Sequence[Author | Gone]:
        calls.append(("coAuthor", [each.id for each in books]))
        return [Gone() if each.id == "1" else Author(each.author_id, "second") for each in books]

    @part.field("Book", "reviews")
    async def reviews(context: Context, books: Sequence[Book]) -> Sequence[Any]:
        raise RuntimeError("no reviews here")

    @part.field("Book", "shelf")
    async def shelf(context: Context, books: Sequence[Book]) -> Sequence[str]:
        return ["A"]

    @part.field("Author", "books")
    async def books(context: Context, authors: Sequence[Author], *, first: int) -> Sequence[Sequence[Book]]:
        calls.append(("books", [each.id for each in authors]))
        return [[_book(100 + number) for number in range(first)] for _ in authors]

    return part


def engine(calls: Calls | None = None) -> Engine:
    """Both parts, ready to run."""
    return Engine(parts(calls))


async def run(engine: Engine, text: str, variables: dict[str, Any] | None = None) -> Answer:
    """Run the only operation of a document."""
    return await engine.run(engine.prepare(text), variables, Context(Ports()))
