"""The client's side of the control socket."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec

from girok.control_wire import SOCKET, Answer, Failure, Request, address, open_directory

__all__ = ["CommandFailed", "NotRunning", "call"]

LONGEST_ANSWER = 1 << 28


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
        async with asyncio.timeout(seconds):
            line = await _exchange(data_dir, msgspec.json.encode(Request(command, params)) + b"\n")
    except TimeoutError:
        raise CommandFailed("UNAVAILABLE", "NO_ANSWER", f"girok did not answer in {seconds:g} s.") from None
    try:
        answer = msgspec.json.decode(line, type=Answer)
    except msgspec.DecodeError:
        raise CommandFailed(
            "UNAVAILABLE", "NO_ANSWER", "girok ended before it answered; the command may or may not be done."
        ) from None
    if isinstance(answer.error, Failure):
        raise CommandFailed(answer.error.code, answer.error.reason, answer.error.message)
    return None if answer.data is msgspec.UNSET else answer.data


async def _exchange(data_dir: Path, request: bytes) -> bytes:
    """Send a line; the line that comes back, cut or empty when the other side is gone."""
    try:
        directory = open_directory(data_dir)
    except (FileNotFoundError, NotADirectoryError):
        raise NotRunning(f"{data_dir} is no data directory") from None
    except PermissionError as error:
        raise _forbidden(data_dir) from error
    try:
        reader, writer = await asyncio.open_unix_connection(address(directory, data_dir), limit=LONGEST_ANSWER)
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning(f"no girok is running on {data_dir}{_elsewhere(data_dir)}") from None
    except PermissionError as error:
        raise _forbidden(data_dir) from error
    finally:
        os.close(directory)
    try:
        writer.write(request)
        await writer.drain()
        return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def _elsewhere(data_dir: Path) -> str:
    """Where the processes of `girok up` are, when that runs on the directory."""
    roles = sorted(each.parent.name for each in data_dir.glob(f"*/{SOCKET}"))
    return f" itself; each role of a cluster has a directory of its own in it: {', '.join(roles)}" if roles else ""


def _forbidden(data_dir: Path) -> CommandFailed:
    return CommandFailed("FORBIDDEN", "FORBIDDEN", f"The girok on {data_dir} belongs to another user of this machine.")
