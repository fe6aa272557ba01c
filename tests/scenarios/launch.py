"""girok as somebody at a shell sees it: one command, one line that says where it is, an exit code. And bare sockets."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from girok.testing.box import CHEAP
from tests.architecture.sources import ROOT

__all__ = ["GOOD", "Connection", "Launched", "Reply", "launched", "query", "request", "until"]

WITHIN = 60.0


class Reply(NamedTuple):
    """An answer, and whether the connection is closed after it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reasons(self) -> set[str]:
        """The reasons of all errors; each must have a code beside it."""
        extensions = [each["extensions"] for each in self.json["errors"]]
        assert all(each["code"] for each in extensions)
        return {each["reason"] for each in extensions}


class Connection:
    """A connection on which bytes are sent as they are."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=WITHIN)
        self._file = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send it all, or as much as the other side takes."""
        with suppress(ConnectionError):
            self._socket.sendall(data)

    def half_close(self) -> None:
        """Say that nothing more comes."""
        self._socket.shutdown(socket.SHUT_WR)

    def reply(self) -> Reply:
        """The next answer. Raises EOFError when the connection was closed instead."""
        first = self._file.readline()
        if not first:
            raise EOFError("closed without an answer")
        lines = iter(self._file.readline, b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.decode().partition(":") for line in lines)}
        return Reply(int(first.split()[1]), headers, self._file.read(int(headers.get("content-length", 0))))

    def rest(self) -> bytes:
        """What comes until the other side closes."""
        with suppress(ConnectionError):
            return self._file.read()
        return b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()


class Launched:
    """A girok that said that it is there."""

    def __init__(self, child: subprocess.Popen[str], said: str, data: Path, log: Path) -> None:
        self.child = child
        self.said = said
        self.data = data
        self._log = log
        self.url = next(word for word in said.split() if word.startswith("http://"))
        parts = urlsplit(self.url)
        self.address = (parts.hostname or "", parts.port or 0)

    @property
    def log(self) -> str:
        """What it wrote to standard error until now."""
        return self._log.read_text()

    def connect(self) -> Connection:
        return Connection(self.address)

    def exchange(self, data: bytes) -> Reply:
        """Send bytes on a connection of their own; the answer."""
        with self.connect() as connection:
            connection.send(data)
            return connection.reply()

    def get(self, path: str, *headers: str) -> Reply:
        return self.exchange(request(f"GET {path}", *headers))

    def query(self, text: str, variables: dict[str, Any] | None = None, *headers: str) -> Reply:
        """Send one operation."""
        return self.exchange(query(text, variables, *headers))

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        return self.child.wait(WITHIN)

    def check(self) -> None:
        """It goes on, answers, and has nothing to complain about."""
        assert self.exchange(GOOD).json == {"data": {"__typename": "Query"}}
        assert self.child.poll() is None
        assert "Traceback" not in self.log
        assert '"level":"error"' not in self.log


def until(look: Callable[[], object], within: float = WITHIN) -> None:
    """Look until the answer is true. Raises TimeoutError."""
    end = monotonic() + within
    while not look():
        if monotonic() > end:
            raise TimeoutError
        sleep(0.01)


def request(line: str, *headers: str, body: bytes = b"", length: bool = True) -> bytes:
    """A request; `line` is its method and target."""
    lines = [f"{line} HTTP/1.1", "Host: localhost", *headers]
    if body and length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + body


def query(text: str, variables: dict[str, Any] | None = None, *headers: str) -> bytes:
    """A request with one operation."""
    body = json.dumps({"query": text, "variables": variables or {}}).encode()
    return request("POST /graphql", "Content-Type: application/json", *headers, body=body)


GOOD = query("{ __typename }")


@contextmanager
def launched(
    folder: Path, *args: str, module: str = "girok", umask: int = -1, **settings: str
) -> Generator[Launched, None, None]:
    """`girok ARGS` on `folder/data`, on a free port; killed at the end if it still runs."""
    data, log = folder / "data", folder / "girok.log"
    command = [sys.executable, "-m", module, "--data", str(data), "--port", "0", *args]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIROK_")}
    env = {**kept, **CHEAP, "PYTHONPATH": str(ROOT), "GIROK_LOG_FORMAT": "json", **settings}
    options: dict[str, Any] = {"env": env, "umask": umask, "cwd": folder}
    with (
        log.open("a") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, **options) as child,
    ):
        assert child.stdout is not None
        try:
            said = child.stdout.readline()
            assert said, f"girok ended with {child.wait(WITHIN)}:\n{log.read_text()}"
            yield Launched(child, said, data, log)
        finally:
            if child.poll() is None:
                child.kill()
