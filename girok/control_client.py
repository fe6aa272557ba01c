"""The client's side of the control socket."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec

from girok.control_wire import SOCKET, Failure, Reply, Request, address, open_directory

__all__ = ["CommandFailed", "NotRunning", "call", "stream"]

LONGEST_ANSWER = 1 << 28
"""Bytes of a line."""


class NotRunning(Exception):
    """No box is running on this data directory."""


class CommandFailed(Exception):
    """The box answered with an error: `code`, `reason` and `message` as everywhere else."""

    def __init__(self, code: str, reason: str, message: str) -> None:
        self.code = code
        self.reason = reason
        self.message = message
        super().__init__(message)


async def call(data_dir: Path, command: str, params: dict[str, Any], *, seconds: float | None = 60.0) -> Any:
    """Run `command` in the box that runs on `data_dir`. What it gave, as plain JSON values.

    Raises NotRunning, or CommandFailed: with the command's own error, or UNAVAILABLE when no answer comes in
    `seconds` (None: however long it takes) or the box ends before.
    """
    try:
        async with asyncio.timeout(seconds), _asked(data_dir, Request(command, params)) as reader:
            reply = await _reply(reader)
    except TimeoutError:
        raise CommandFailed("UNAVAILABLE", "NO_ANSWER", f"girok did not answer in {seconds:g} s.") from None
    if reply is None:
        raise CommandFailed(
            "UNAVAILABLE", "NO_ANSWER", "girok ended before it answered; the command may or may not be done."
        )
    return None if reply.data is msgspec.UNSET else reply.data


async def stream(data_dir: Path, command: str, params: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    """The same of a command that gives a stream: each item as JSON, as it comes. Who has enough closes it.

    Raises as `call` does, also after some items.
    """
    async with _asked(data_dir, Request(command, params)) as reader:
        while reply := await _reply(reader):
            if reply.item is msgspec.UNSET:
                return
            yield bytes(reply.item)
    raise CommandFailed("UNAVAILABLE", "CUT_OFF", "girok ended before it had given everything.")


@contextlib.asynccontextmanager
async def _asked(data_dir: Path, request: Request) -> AsyncGenerator[asyncio.StreamReader, None]:
    """Send a request; replies are to be read. Raises NotRunning or CommandFailed."""
    reader, writer = await _connect(data_dir)
    try:
        with contextlib.suppress(ConnectionError):  # the other side may be gone, or have answered before it read all
            writer.write(msgspec.json.encode(request) + b"\n")
            await writer.drain()
        yield reader
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _reply(reader: asyncio.StreamReader) -> Reply | None:
    """The next line; None when the other side is gone. Raises CommandFailed for an error."""
    try:
        reply = msgspec.json.decode(await reader.readline(), type=Reply)
    except (ConnectionError, msgspec.DecodeError):  # what is cut is no JSON
        return None
    if isinstance(reply.error, Failure):
        raise CommandFailed(reply.error.code, reply.error.reason, reply.error.message)
    return reply


async def _connect(data_dir: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        directory = open_directory(data_dir)
    except (FileNotFoundError, NotADirectoryError):
        raise NotRunning(f"{data_dir} is no data directory") from None
    except PermissionError as error:
        raise _forbidden(data_dir) from error
    try:
        return await asyncio.open_unix_connection(address(directory, data_dir), limit=LONGEST_ANSWER)
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning(f"no girok is running on {data_dir}{_elsewhere(data_dir)}") from None
    except PermissionError as error:
        raise _forbidden(data_dir) from error
    finally:
        os.close(directory)


def _elsewhere(data_dir: Path) -> str:
    """Where the processes of `girok up` are, when that runs on the directory."""
    roles = sorted(each.parent.name for each in data_dir.glob(f"*/{SOCKET}"))
    return f" itself; each role of a cluster has a directory of its own in it: {', '.join(roles)}" if roles else ""


def _forbidden(data_dir: Path) -> CommandFailed:
    return CommandFailed("FORBIDDEN", "FORBIDDEN", f"The girok on {data_dir} belongs to another user of this machine.")
