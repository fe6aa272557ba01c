"""A server as a child process: started in a session of its own, waited for, stopped by its process id.

The child is a plain Popen that is looked at now and then, so that it outlives the event loop that started it.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from girok.refusal import Refusal

__all__ = ["Probe", "ServerNotReady", "ServerProcess", "answers", "wait_stopped"]

Probe = Callable[[], Awaitable[bool]]
_LOOK_EVERY = 0.02
_ANSWER_SECONDS = 5.0
_ENDED = "ZX"
_STOPPED = f"Tt{_ENDED}"


class ServerNotReady(Refusal):
    """A server ended, or did not answer in time."""


class ServerProcess:
    """One server. `url` is what girok's settings take; its output goes to FOLDER/server.log. `env` is added to ours."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        url: str,
        ready: Probe,
        prepare: Callable[[], Awaitable[None]] | None = None,
        last_signal: signal.Signals = signal.SIGTERM,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.url = url
        self.folder = folder
        self.child: subprocess.Popen[bytes] | None = None
        self._command = command
        self._ready = ready
        self._prepare = prepare
        self._last_signal = last_signal
        self._env = dict(env or {})

    @property
    def running(self) -> bool:
        """It was started and has not ended."""
        return self.child is not None and self.child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None before that."""
        return self.child.poll() if self.child is not None else None

    async def start(self, within: float = 60.0) -> None:
        """Start it and wait until it answers, `within` seconds. Raises ServerNotReady with the end of its log."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._prepare is not None:
            await self._prepare()
        self.child = child = self._spawn()
        try:
            async with asyncio.timeout(within):
                while not await self._ready():
                    if child.poll() is not None:
                        raise ServerNotReady(f"{self.name} ended with {child.returncode}: {self._said()}")
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError:
            raise ServerNotReady(f"{self.name} did not answer within {within:g} s: {self._said()}") from None

    async def stop(self, within: float = 10.0) -> None:
        """Ask it to end; after `within` seconds it has to."""
        if self.child is None or not self.running:
            return
        self.child.send_signal(self._last_signal)
        try:
            async with asyncio.timeout(within):
                await self._ended()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL to the whole of it, and wait for the end of all."""
        if self.child is None or not self.running:
            return
        # Stopped first, or it may start one more between the look at its processes and its end. One that lives a moment
        # longer than PostgreSQL keeps the next one from its data.
        self._signal(signal.SIGSTOP)
        while not _stands_still(self._pid):  # noqa: ASYNC110 - a process has no event to wait for
            await asyncio.sleep(0)
        others = self._others()
        self._signal(signal.SIGKILL)
        await self._ended(others)

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and answers nothing from now on."""
        self._signal(signal.SIGSTOP)
        wait_stopped(self._pid)
        self._signal(signal.SIGSTOP)  # to what it started meanwhile
        for each in self._others():
            wait_stopped(each)

    def go_on(self) -> None:
        """SIGCONT after `pause`."""
        self._signal(signal.SIGCONT)

    @property
    def _pid(self) -> int:
        if self.child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.child.pid

    def _signal(self, number: signal.Signals) -> None:
        others = self._others()
        os.killpg(self._pid, number)
        for each in others:
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def _others(self) -> list[int]:
        """The processes that it started: PostgreSQL's are a group each."""
        pid = self._pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the programs are those of the wheels, or girok itself
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self._env},
            )

    async def _ended(self, others: Sequence[int] = ()) -> None:
        while self.running or any(_state(each) not in _ENDED for each in others):  # noqa: ASYNC110 - as above
            await asyncio.sleep(_LOOK_EVERY)

    def _said(self) -> str:
        lines = (self.folder / "server.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


async def answers(port: int, question: bytes, answer: bytes) -> bool:
    """Whether something on the loopback address answers `question` with `answer` in it."""
    said = b""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(question)
                while answer not in said and (more := await reader.read(4096)):
                    said += more
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return answer in said


def wait_stopped(pid: int) -> None:
    """Return once a process that was sent SIGSTOP stands still, with all its threads: on a busy machine they run on."""
    while not _stands_still(pid):
        os.sched_yield()


def _stands_still(pid: int) -> bool:
    try:
        threads = [int(each.name) for each in Path(f"/proc/{pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return all(_state(each) in _STOPPED for each in threads)


def _state(pid: int) -> str:
    """The state of a process or thread as in proc(5), X for one that is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"
