"""Shelf's use cases. The books are lines of a file."""

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

from plugins.shelf.ports import Book, CountBooksRequest, CountBooksResponse, NewBook, Page, Pages

from girok.context import current
from girok.errors import Conflict, Text, Unavailable
from girok.kit import Kit
from girok.sections import Core


class TitleTaken(Conflict):
    reason = "TITLE_TAKEN"
    text = Text("There is such a book.", "이미 있는 책입니다.")


class PressJammed(Unavailable):
    reason = "PRESS_JAMMED"
    text = Text("The press is jammed.", "인쇄기가 막혔습니다.")


def build(kit: Kit) -> "Shelf":
    shelf = Shelf(Path(kit.settings.get(Core).data))
    kit.ports.add(Shelf, shelf)  # for the commands of this process
    return shelf


class Shelf:
    """See ShelfService in ports.py."""

    def __init__(self, data: Path) -> None:
        self._books = data / "books"
        self._closed = data / "closed"

    async def count_books(self, request: CountBooksRequest) -> CountBooksResponse:
        return CountBooksResponse(len(self._titles()))

    async def add(self, book: NewBook) -> Book:
        if book.title in self._titles():
            raise TitleTaken
        if book.title == "jam":
            raise PressJammed
        with self._books.open("a") as file:
            file.write(f"{book.title}\n")
        return Book(book.title, current().operator)

    async def pages(self, pages: Pages) -> AsyncGenerator[Page, None]:
        try:
            for number in range(pages.count):
                yield Page(number)
            if pages.then == "fail":
                raise PressJammed
            if pages.then == "die":
                os._exit(1)
            if pages.then == "wait":
                await asyncio.Event().wait()
        finally:
            self._closed.touch()

    def _titles(self) -> list[str]:
        return self._books.read_text().splitlines() if self._books.exists() else []
