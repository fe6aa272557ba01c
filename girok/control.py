"""The control socket: how a command talks to the running box, so that nothing is ever written past its process.

`DATA/girok.sock`, for the owner only. One connection is one command: a line of JSON, answered by a line of JSON.

    {"command": "events.dead", "params": {}}
    {"ok": true, "data": [...]}
    {"ok": false, "error": {"code": "NOT_FOUND", "reason": "USER_NOT_FOUND", "message": "There is no such user."}}

The server:

    server = ControlServer(data_dir, {"status": status, **events_commands(bus)})
    await server.start()

A command line:

    letters = await call(data_dir, "events.dead", {})
"""

import asyncio
import contextlib
import logging
import socket
import stat
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from girok.control_wire import LONGEST_REQUEST, Answer, Failure, Request, address, directory
from girok.errors import GirokError, Internal, InvalidInput, NotFound, Text

__all__ = ["Command", "ControlServer"]

Command = Callable[[dict[str, Any]], Awaitable[Any]]
"""Given the parameters, gives what msgspec can write as JSON. What it raises is the answer's error."""

_log = logging.getLogger("girok.control")


class UnknownCommand(NotFound):
    """No part of this box has the command."""

    reason = "UNKNOWN_COMMAND"


class BadRequest(InvalidInput):
    """What came is not one line of JSON with a command."""

    reason = "BAD_REQUEST"


class ControlServer:
    """Answers on `data_dir/girok.sock`. The caller holds the lock of the data directory."""

    def __init__(self, data_dir: Path, commands: Mapping[str, Command], *, patience: float = 5.0) -> None:
        """`patience`: seconds in which a request must have come whole, and an answer must have been taken."""
        self._data_dir = data_dir
        self._commands = commands
        self._patience = patience
        self._directory: int | None = None
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. A socket that a killed process left is replaced.

        Raises OSError when the directory cannot be written or something else than a socket has the name.
        """
        self._directory = directory(self._data_dir)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._clear()
            # The file gets the socket's own mode: at no instant may somebody else connect.
            os.fchmod(listener.fileno(), 0o600)
            listener.bind(address(self._directory, self._data_dir))
            listener.setblocking(False)
            self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=LONGEST_REQUEST)
        except BaseException:
            listener.close()
            os.close(self._directory)
            self._directory = None
            raise

    async def stop(self, seconds: float = 5.0) -> None:
        """Accept no more, and give running commands `seconds` to end. Twice is no error."""
        if self._server is None or self._directory is None:
            return
        self._server.close()
        self._server = None
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)
        self._clear()
        os.close(self._directory)
        self._directory = None
