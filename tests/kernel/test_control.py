"""The control socket, over real sockets."""

import asyncio
import json
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from girok.context import current
from girok.control import CommandFailed, ControlServer, NotRunning, call
from girok.control_wire import LONGEST_REQUEST
from girok.errors import NotFound, Text


class UserNotFound(NotFound):
    reason = "USER_NOT_FOUND"
    text = Text("There is no such user.", "사용자를 찾을 수 없습니다.")


async def echo(params: dict[str, Any]) -> dict[str, Any]:
    return params


async def missing(params: dict[str, Any]) -> None:
    raise UserNotFound


async def broken(params: dict[str, Any]) -> None:
    raise ZeroDivisionError("secret detail")


async def unwritable(params: dict[str, Any]) -> object:
    return object()


async def big(params: dict[str, Any]) -> str:
    return "x" * params["size"]


async def context(params: dict[str, Any]) -> list[Any]:
    return [current().operator, current().actor, len(current().request_id)]


COMMANDS = {
    "echo": echo,
    "missing": missing,
    "broken": broken,
    "unwritable": unwritable,
    "big": big,
    "context": context,
}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ControlServer]:
    control = ControlServer(tmp_path, COMMANDS, patience=0.3)
    await control.start()
    yield control
    await control.stop()


async def raw(data_dir: Path, sent: bytes, *, half_close: bool = False) -> dict[str, Any]:
    """What the server answers to these very bytes."""
    reader, writer = await asyncio.open_unix_connection(str(data_dir / "girok.sock"))
    writer.write(sent)
    if half_close:
        writer.write_eof()
    async with asyncio.timeout(5):
        line = await reader.readline()
        rest = await reader.read()
    writer.close()
    assert rest == b""
    assert line.endswith(b"\n")
    return json.loads(line)


class TestCommand:
    async def test_answers_with_what_the_command_gives(self, server: ControlServer, tmp_path: Path) -> None:
        assert await call(tmp_path, "echo", {"name": "문자", "n": [1, None]}) == {"name": "문자", "n": [1, None]}

    async def test_the_wire_is_one_line_each(self, server: ControlServer, tmp_path: Path) -> None:
        assert await raw(tmp_path, b'{"command": "echo", "params": {"a": 1}}\n') == {"ok": True, "data": {"a": 1}}
        assert await raw(tmp_path, b'{"command": "echo"}\n') == {"ok": True, "data": {}}

    async def test_an_error_keeps_its_code_and_reason(self, server: ControlServer, tmp_path: Path) -> None:
        with pytest.raises(CommandFailed) as caught:
            await call(tmp_path, "missing", {})
        assert (caught.value.code, caught.value.reason, caught.value.message) == (
            "NOT_FOUND",
            "USER_NOT_FOUND",
            "There is no such user.",
        )

    @pytest.mark.parametrize("command", ["broken", "unwritable"])
    async def test_a_bug_is_internal_and_tells_nothing(
        self, server: ControlServer, tmp_path: Path, command: str
    ) -> None:
        with pytest.raises(CommandFailed) as caught:
            await call(tmp_path, command, {})
        assert (caught.value.code, caught.value.reason) == ("INTERNAL", "INTERNAL")
        assert "secret" not in caught.value.message

    async def test_an_unknown_command_is_named(self, server: ControlServer, tmp_path: Path) -> None:
        with pytest.raises(CommandFailed, match=r"no command 'ehco'") as caught:
            await call(tmp_path, "ehco", {})
        assert caught.value.reason == "UNKNOWN_COMMAND"

    async def test_answers_of_many_megabytes(self, server: ControlServer, tmp_path: Path) -> None:
        assert len(await call(tmp_path, "big", {"size": 20_000_000})) == 20_000_000

    async def test_many_clients_at_once(self, tmp_path: Path) -> None:
        everybody = asyncio.Barrier(50)

        async def meet(params: dict[str, Any]) -> Any:
            await everybody.wait()
            return params["n"]

        control = ControlServer(tmp_path, {"meet": meet})
        await control.start()
        answers = await asyncio.gather(*(call(tmp_path, "meet", {"n": n}, seconds=10) for n in range(50)))
        await control.stop()
        assert answers == list(range(50))

    async def test_is_given_by_a_local_user_and_nobody_signed_in(self, server: ControlServer, tmp_path: Path) -> None:
        assert await call(tmp_path, "context", {}) == [pwd.getpwuid(os.getuid()).pw_name, None, 32]


class TestBadInput:
    @pytest.mark.parametrize(
        "line",
        [
            b"\n",
            b"not json\n",
            b"[]\n",
            b'{"params": {}}\n',
            b'{"command": 1}\n',
            b'{"command": "echo", "params": []}\n',
            b'{"command": "echo", "extra": 1}\n',
            b'{"command": "\xff"}\n',
            b'{"command": "echo", "params": {"a": ' + b"[" * 500_000 + b"\n",
            b'{"command": "\\ud800"}\n',
        ],
        ids=["empty", "text", "array", "no-command", "number", "params", "extra", "bytes", "nested", "surrogate"],
    )
    async def test_what_cannot_be_read(self, server: ControlServer, tmp_path: Path, line: bytes) -> None:
        answer = await raw(tmp_path, line)
        assert answer["ok"] is False
        assert (answer["error"]["code"], answer["error"]["reason"]) == ("BAD_USER_INPUT", "BAD_REQUEST")

    async def test_a_line_that_is_too_long(self, server: ControlServer, tmp_path: Path) -> None:
        with pytest.raises(CommandFailed, match=f"longer than {LONGEST_REQUEST} bytes"):
            await call(tmp_path, "echo", {"a": "x" * 8 * LONGEST_REQUEST})

    async def test_a_line_that_never_ends(self, server: ControlServer, tmp_path: Path) -> None:
        answer = await raw(tmp_path, b'{"command": ')
        assert answer["error"]["message"] == "The request did not come whole in 0.3 s."

    async def test_a_line_that_is_cut(self, server: ControlServer, tmp_path: Path) -> None:
        answer = await raw(tmp_path, b'{"command": "echo"', half_close=True)
        assert answer["error"]["reason"] == "BAD_REQUEST"

    async def test_a_client_that_takes_no_answer_is_dropped(self, server: ControlServer, tmp_path: Path) -> None:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "girok.sock"), limit=1)
        writer.write(b'{"command": "big", "params": {"size": 20000000}}\n')
        async with asyncio.timeout(5):
            while server.connections == 0:
                await asyncio.sleep(0.001)
            while server.connections:
                await asyncio.sleep(0.001)
        assert len(await reader.read()) < 20_000_000
        writer.close()


class TestNotRunning:
    async def test_without_a_socket(self, tmp_path: Path) -> None:
        with pytest.raises(NotRunning):
            await call(tmp_path, "echo", {})

    async def test_without_a_directory(self, tmp_path: Path) -> None:
        with pytest.raises(NotRunning):
            await call(tmp_path / "absent", "echo", {})

    async def test_where_the_directory_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(NotRunning):
            await call(tmp_path / "file", "echo", {})

    async def test_after_the_box_stopped(self, tmp_path: Path) -> None:
        control = ControlServer(tmp_path, COMMANDS)
        await control.start()
        await control.stop()
        await control.stop()
        with pytest.raises(NotRunning):
            await call(tmp_path, "echo", {})
        assert list(tmp_path.iterdir()) == []

    async def test_a_box_that_dies_over_a_command(self, tmp_path: Path) -> None:
        async def die(params: dict[str, Any]) -> None:
            raise asyncio.CancelledError

        control = ControlServer(tmp_path, {"die": die})
        await control.start()
        with pytest.raises(CommandFailed, match="ended before it answered") as caught:
            await call(tmp_path, "die", {})
        await control.stop()
        assert caught.value.code == "UNAVAILABLE"

    async def test_a_box_that_does_not_answer_in_time(self, tmp_path: Path) -> None:
        async def hang(params: dict[str, Any]) -> None:
            await asyncio.Event().wait()

        control = ControlServer(tmp_path, {"hang": hang})
        await control.start()
        with pytest.raises(CommandFailed, match=r"did not answer in 0\.05 s"):
            await call(tmp_path, "hang", {}, seconds=0.05)
        async with asyncio.timeout(5):
            await control.stop(seconds=0.05)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from girok.control import ControlServer

async def main():
    await ControlServer(Path(sys.argv[1]), {}).start()
    print("listening", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class TestSocketFile:
    async def test_only_its_owner_may_use_it(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            control = ControlServer(tmp_path, COMMANDS)
            await control.start()
        finally:
            os.umask(before)
        found = (tmp_path / "girok.sock").stat().st_mode
        await control.stop()
        assert stat.S_ISSOCK(found)
        assert stat.S_IMODE(found) == 0o600

    async def test_a_killed_process_left_one(self, tmp_path: Path) -> None:
        with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            child.send_signal(signal.SIGKILL)
        assert (tmp_path / "girok.sock").is_socket()
        with pytest.raises(NotRunning):
            await call(tmp_path, "echo", {})

        control = ControlServer(tmp_path, COMMANDS)
        await control.start()
        assert await call(tmp_path, "echo", {"again": True}) == {"again": True}
        await control.stop()

    async def test_another_file_of_that_name_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "girok.sock").write_text("mine")
        with pytest.raises(FileExistsError, match="is not a socket"):
            await ControlServer(tmp_path, COMMANDS).start()
        assert (tmp_path / "girok.sock").read_text() == "mine"

    async def test_a_long_data_directory(self, tmp_path: Path) -> None:
        deep = tmp_path / ("d" * 200)
        deep.mkdir()
        with pytest.raises(OSError, match="too long"), socket.socket(socket.AF_UNIX) as plain:
            plain.bind(str(deep / "girok.sock"))
        control = ControlServer(deep, COMMANDS)
        await control.start()
        assert await call(deep, "echo", {"deep": 1}) == {"deep": 1}
        await control.stop()
        assert list(deep.iterdir()) == []

    async def test_no_descriptor_stays_open(self, tmp_path: Path) -> None:
        descriptors = Path("/proc/self/fd")
        before = len(list(descriptors.iterdir()))
        for _ in range(20):
            control = ControlServer(tmp_path, COMMANDS)
            await control.start()
            await call(tmp_path, "echo", {})
            await control.stop()
            with pytest.raises(NotRunning):
                await call(tmp_path, "echo", {})
        assert len(list(descriptors.iterdir())) <= before + 1
