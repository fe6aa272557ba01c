"""The control socket: how a command talks to the running box, so that nothing is ever written past its process.

`DATA/girok.sock`, for the owner only. One connection is one command: a line of JSON, answered by a line of JSON.

    {"command": "events.retry", "params": {"ids": ["0192..."]}}
    {"ok": true, "data": {"retried": 1}}
    {"ok": false, "error": {"code": "NOT_FOUND", "reason": "USER_NOT_FOUND", "message": "There is no such user."}}

A command that gives a stream is answered by a line for each item, as fast as they are read, before the last line:

    {"item": {"id": "0192...", "action": "login"}}
    {"ok": true}

In the box, and on the command line:

    server = ControlServer(data_dir, {"status": status, **events_commands(bus)})
    await server.start()

    letters = await call(data_dir, "events.dead", {})
"""

import asyncio
import contextlib
import logging
import os
import socket
import stat
import struct
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import msgspec

from girok.command import Command, command_of, operator
from girok.context import CallContext, use
from girok.control_client import CommandFailed, NotRunning, call, stream
from girok.control_wire import LONGEST_REQUEST, SOCKET, Answer, Failure, Item, Request, address, open_directory
from girok.errors import GirokError, Internal, InvalidInput, Text

__all__ = ["BadRequest", "CommandFailed", "ControlServer", "NotRunning", "call", "stream"]

_log = logging.getLogger("girok.control")


class BadRequest(InvalidInput):
    """What came is not one line of JSON with a command."""

    reason = "BAD_REQUEST"

    def __init__(self, problem: str) -> None:
        super().__init__(Text(f"The request {problem}.", f"잘못된 요청입니다: {problem}."))


class ControlServer:
    """Answers on `data_dir/girok.sock`. The caller holds the lock of the data directory."""

    def __init__(self, data_dir: Path, commands: Mapping[str, Command], *, patience: float = 5.0) -> None:
        """`patience`: seconds in which a request must have come whole, and an answer must have been taken."""
        self._data_dir = data_dir
        self._commands = commands
        self._patience = patience
        self._directory = -1
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._running)

    async def start(self) -> None:
        """Listen. A socket that a killed process left is replaced.

        Raises OSError when the directory cannot be written or something else than a socket has the name.
        """
        self._directory = open_directory(self._data_dir)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._remove()
            # The file gets the socket's own mode: at no instant may somebody else connect.
            os.fchmod(listener.fileno(), 0o600)
            listener.bind(address(self._directory, self._data_dir))
            self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=LONGEST_REQUEST)
        except BaseException:
            listener.close()
            os.close(self._directory)
            raise

    async def stop(self, seconds: float = 5.0) -> None:
        """Accept no more, and give running commands `seconds` to end. Twice is no error."""
        if self._server is None:
            return
        self._remove()
        self._server.close()
        self._server = None
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)
        os.close(self._directory)

    def _remove(self) -> None:
        """The socket file is gone after this. Raises FileExistsError for a file that is none."""
        with contextlib.suppress(FileNotFoundError):
            found = os.stat(SOCKET, dir_fd=self._directory, follow_symlinks=False)
            if not stat.S_ISSOCK(found.st_mode):
                raise FileExistsError(f"{self._data_dir / SOCKET} is not a socket; move it away")
            os.unlink(SOCKET, dir_fd=self._directory)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; it ends with one answer."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            with use(_who_asks(writer)):
                writer.write(await self._answer(reader, writer) + b"\n")
            writer.transport.set_write_buffer_limits(high=0)  # so that drain waits for the last byte
            async with asyncio.timeout(self._patience):
                await writer.drain()
        except (_Gone, ConnectionError, TimeoutError):
            _log.info("a client of the control socket did not take its answer")
        except asyncio.CancelledError:
            _log.warning("a control command was cut off")  # asyncio's streams would print a traceback
        finally:
            self._running.discard(task)
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """The last line, once a stream's items are written. Raises _Gone."""
        try:
            request = await self._read(reader)
            given = command_of(self._commands, request.command)(request.params)
            if isinstance(given, AsyncGenerator):
                await _write_items(given, writer)
                return msgspec.json.encode(Answer(ok=True))
            return msgspec.json.encode(Answer(ok=True, data=await given))
        except _Gone:
            raise
        except GirokError as error:
            return _failure(error)
        except Exception:  # noqa: BLE001 - the boundary: a command's bug is an answer, too
            _log.exception("a control command failed")
            return _failure(Internal(Text("The command failed; the reason is in the log.", "명령이 실패했습니다.")))

    async def _read(self, reader: asyncio.StreamReader) -> Request:
        try:
            async with asyncio.timeout(self._patience):
                line = await reader.readuntil(b"\n")
        except TimeoutError:
            raise BadRequest(f"did not come whole in {self._patience:g} s") from None
        except asyncio.LimitOverrunError:
            await self._skip_line(reader)
            raise BadRequest(f"is longer than {LONGEST_REQUEST} bytes") from None
        except asyncio.IncompleteReadError as error:
            raise BadRequest("ended without a line feed") from error
        try:
            return msgspec.json.decode(line, type=Request)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise BadRequest(f"cannot be read: {error}") from None

    async def _skip_line(self, reader: asyncio.StreamReader) -> None:
        """Read on for a while: a client that is still writing when the socket closes never sees the answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while (part := await reader.read(1 << 16)) and b"\n" not in part:
                    pass


class _Gone(Exception):
    """Who asked for a stream reads no more of it."""


async def _write_items(items: AsyncGenerator[object, None], writer: asyncio.StreamWriter) -> None:
    """Write what a stream gives, no faster than it is read. Raises _Gone, and what the stream raises."""
    async with contextlib.aclosing(items):
        async for each in items:
            writer.write(msgspec.json.encode(Item(each)) + b"\n")
            try:
                await writer.drain()
            except ConnectionError as error:
                raise _Gone from error


def _who_asks(writer: asyncio.StreamWriter) -> CallContext:
    """The call context of the local user at the other end, who is this process' own, or root."""
    uid = os.getuid()
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize("3i")
        _, uid, _ = struct.unpack(
            "3i", writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        )
    return operator(uid)


def _failure(error: GirokError) -> bytes:
    return msgspec.json.encode(Answer(ok=False, error=Failure(error.category.code, error.reason, error.message.en)))
