"""girok as a real process: started on a free port, waited for, killed by its own process id."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from girok.servers.process import wait_stopped

__all__ = ["GirokProcess", "free_port", "running"]

GIROK = (sys.executable, "-m", "girok")
"""The command of this checkout."""
_READY_WITHIN = 180.0


def free_port() -> int:
    """A TCP port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class GirokProcess:
    """One `girok run` on `data`, in the folder that holds it. Its output goes to `DATA/../<name>.log`."""

    def __init__(
        self,
        data: Path,
        port: int,
        *,
        args: Sequence[str] = (),
        env: dict[str, str] | None = None,
        girok: Sequence[str] = GIROK,
    ) -> None:
        self.data = data
        self.port = port
        self.base_url = f"http://127.0.0.1:{port}"
        self.log_path = data.parent / f"{data.name}.log"
        self._args = [*girok, "run", "--data", str(data), "--port", str(port), *args]
        self._env = {**os.environ, **(env or {})}
        self.child: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        """What it wrote until now."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    async def start(self) -> None:
        """Start it and wait until it is ready: in a cluster, until it knows somebody for every role that it calls.

        Raises AssertionError with the log when it ends before.
        """
        await self._until_ready(await self.launch())

    async def launch(self) -> asyncio.subprocess.Process:
        """Start it and wait for nothing."""
        with self.log_path.open("ab") as log:
            self.child = await asyncio.create_subprocess_exec(
                *self._args, stdout=log, stderr=log, env=self._env, cwd=self.data.parent
            )
        return self.child

    async def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        await self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP: it holds its connections and answers nothing from now on."""
        self._running().send_signal(signal.SIGSTOP)
        wait_stopped(self._running().pid)

    def go_on(self) -> None:
        """SIGCONT after `pause`."""
        self._running().send_signal(signal.SIGCONT)

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        child = self._running()
        if child.returncode is None:
            child.send_signal(number)
        return await asyncio.wait_for(child.wait(), 30.0)

    def _running(self) -> asyncio.subprocess.Process:
        if self.child is None:
            raise RuntimeError("not started")
        return self.child

    async def _until_ready(self, child: asyncio.subprocess.Process) -> None:
        async with asyncio.timeout(_READY_WITHIN), httpx.AsyncClient() as http:
            while child.returncode is None:
                try:
                    if (await http.get(f"{self.base_url}/readyz")).json()["status"] == "ready":
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)
        raise AssertionError(f"girok ended with {child.returncode} before it was ready:\n{self.log}")


@asynccontextmanager
async def running(
    data: Path, *, args: Sequence[str] = (), env: dict[str, str] | None = None, girok: Sequence[str] = GIROK
) -> AsyncGenerator[GirokProcess, None]:
    """A ready process; killed at the end if it still runs. `girok` is the command that is run."""
    process = GirokProcess(data, free_port(), args=args, env=env, girok=girok)
    try:
        await process.start()
        yield process
    finally:
        if process.child is not None and process.child.returncode is None:
            await process.kill()
