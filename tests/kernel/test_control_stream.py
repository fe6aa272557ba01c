"""Commands that give a stream, over real sockets."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from girok.context import current
from girok.control import CommandFailed, ControlServer, call, stream
from girok.errors import NotFound, Text

PATIENCE = 0.2


class PageNotFound(NotFound):
    reason = "PAGE_NOT_FOUND"
    text = Text("There is no such page.", "없는 페이지입니다.")


class Book:
    """Its pages are a stream; tests look at how far it went."""

    def __init__(self) -> None:
        self.given = 0
        self.turned = asyncio.Event()
        self.closed = asyncio.Event()

    async def pages(self, params: dict[str, Any]) -> AsyncGenerator[object, None]:
        try:
            for number in range(params["count"]):
                self.given += 1
                yield {"number": number, "text": "가" * params.get("length", 1)}
        finally:
            self.closed.set()

    async def missing(self, params: dict[str, Any]) -> AsyncGenerator[object, None]:
        yield 1
        raise PageNotFound

    async def broken(self, params: dict[str, Any]) -> AsyncGenerator[object, None]:
        yield 1
        raise ZeroDivisionError("secret detail")

    async def unwritable(self, params: dict[str, Any]) -> AsyncGenerator[object, None]:
        yield 1
        yield object()

    async def slow(self, params: dict[str, Any]) -> AsyncGenerator[object, None]:
        yield current().operator
        await self.turned.wait()
        yield current().operator


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
async def server(tmp_path: Path, book: Book) -> AsyncIterator[ControlServer]:
    names = ("pages", "missing", "broken", "unwritable", "slow")
    control = ControlServer(tmp_path, {name: getattr(book, name) for name in names}, patience=PATIENCE)
    await control.start()
    yield control
    await control.stop(seconds=0.05)


async def read(data_dir: Path, command: str, **params: Any) -> list[bytes]:
    """Everything that a stream gives."""
    return [each async for each in stream(data_dir, command, params)]


class TestStream:
    async def test_gives_each_item_as_it_is_written(self, server: ControlServer, tmp_path: Path) -> None:
        assert await read(tmp_path, "pages", count=2) == [
            '{"number":0,"text":"가"}'.encode(),
            '{"number":1,"text":"가"}'.encode(),
        ]

    async def test_may_be_empty(self, server: ControlServer, tmp_path: Path) -> None:
        assert await read(tmp_path, "pages", count=0) == []

    async def test_the_wire_is_a_line_each_and_one_more(self, server: ControlServer, tmp_path: Path) -> None:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "girok.sock"))
        writer.write(b'{"command": "missing"}\n')
        lines = (await reader.read()).splitlines()
        writer.close()
        assert lines[0] == b'{"item":1}'
        assert lines[1].startswith(b'{"ok":false,"error":{"code":"NOT_FOUND","reason":"PAGE_NOT_FOUND",')
        assert len(lines) == 2

    @pytest.mark.parametrize(
        ("command", "reason"),
        [
            ("missing", "PAGE_NOT_FOUND"),
            ("broken", "INTERNAL"),
            ("unwritable", "INTERNAL"),
            ("nope", "UNKNOWN_COMMAND"),
        ],
    )
    async def test_an_error_comes_after_what_was_given(
        self, server: ControlServer, tmp_path: Path, command: str, reason: str
    ) -> None:
        found: list[bytes] = []
        with pytest.raises(CommandFailed) as caught:
            found.extend([each async for each in stream(tmp_path, command, {})])
        assert caught.value.reason == reason
        assert "secret" not in caught.value.message

    async def test_is_made_no_faster_than_it_is_read(self, server: ControlServer, book: Book, tmp_path: Path) -> None:
        ahead: list[int] = []
        async with aclosing(stream(tmp_path, "pages", {"count": 400, "length": 100_000})) as pages:
            async for each in pages:
                ahead.append(book.given)
                assert len(each) > 300_000
        assert len(ahead) == 400
        assert max(given - number for number, given in enumerate(ahead)) < 10

    async def test_waits_for_a_reader_longer_than_for_that_of_an_answer(
        self, server: ControlServer, tmp_path: Path
    ) -> None:
        async with aclosing(stream(tmp_path, "pages", {"count": 400, "length": 100_000})) as pages:
            await anext(pages)
            await asyncio.sleep(PATIENCE * 2)
            assert len([each async for each in pages]) == 399

    async def test_keeps_its_call_context(self, server: ControlServer, book: Book, tmp_path: Path) -> None:
        async with aclosing(stream(tmp_path, "slow", {})) as names:
            first = await anext(names)
            book.turned.set()
            assert await anext(names) == first != b'""'

    async def test_is_closed_when_its_reader_leaves(self, server: ControlServer, book: Book, tmp_path: Path) -> None:
        async with aclosing(stream(tmp_path, "pages", {"count": 1_000_000})) as pages:
            await anext(pages)
        async with asyncio.timeout(5):
            await book.closed.wait()
        assert book.given < 1_000_000

    async def test_of_a_box_that_stops_is_cut_off(self, server: ControlServer, tmp_path: Path) -> None:
        async with aclosing(stream(tmp_path, "slow", {})) as names:
            await anext(names)
            await server.stop(seconds=0.05)
            with pytest.raises(CommandFailed, match="ended before it had given everything") as caught:
                await anext(names)
        assert (caught.value.code, caught.value.reason) == ("UNAVAILABLE", "CUT_OFF")

    async def test_whose_line_is_cut_gives_no_half_of_it(self, tmp_path: Path) -> None:
        async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(b'{"item":1}\n{"item":{"number"')
            await writer.drain()
            writer.close()

        async with await asyncio.start_unix_server(half, str(tmp_path / "girok.sock")):
            items = stream(tmp_path, "pages", {})
            assert await anext(items) == b"1"
            with pytest.raises(CommandFailed, match="ended before"):
                await anext(items)

    async def test_others_are_answered_meanwhile(self, server: ControlServer, tmp_path: Path) -> None:
        async with aclosing(stream(tmp_path, "pages", {"count": 1_000_000, "length": 1000})) as pages:
            await anext(pages)
            with pytest.raises(CommandFailed, match="no command"):
                await call(tmp_path, "nope", {}, seconds=5.0)
