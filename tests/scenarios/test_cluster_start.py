"""A process of a cluster starts: servers that come late are waited for, what is wrong is one sentence and exit 2."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from girok.servers.process import ServerProcess
from girok.testing.client import Browser
from girok.testing.cluster import Servers, servers
from girok.testing.process import GirokProcess, free_port, running
from tests.kernel.cli.process import girok
from tests.scenarios.cluster_town import SETTINGS
from tests.scenarios.story import eventually, register

WITHIN = 60.0
LOGIN = 'mutation { login(input: {email: "ada@example.org", password: "Str0ng!pass"}) { success } }'
WRONG_SECRET = "refuses this process: cluster.secret (GIROK_CLUSTER_SECRET) is not the same in both"


@pytest.fixture
async def shared(postgres_server: ServerProcess, s3_server: ServerProcess) -> AsyncGenerator[Servers, None]:
    """Servers that run, and the settings that lead to them."""
    async with servers(postgres_server, s3_server, **SETTINGS) as found:
        yield found
        if not postgres_server.running:
            await postgres_server.start()


async def says(process: GirokProcess, words: str) -> None:
    """Until it has logged these words. Raises AssertionError when it ends before."""

    async def look() -> bool:
        assert process.child is not None
        assert process.child.returncode is None, process.log
        return words in process.log

    await eventually(look, WITHIN)


async def readiness(process: GirokProcess) -> tuple[int, dict[str, str]]:
    """The status of /readyz, and what is wrong by check."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{process.base_url}/readyz")
    return answer.status_code, {
        name: each["detail"] for name, each in answer.json()["checks"].items() if not each["ok"]
    }


async def is_ready(process: GirokProcess) -> bool:
    return await readiness(process) == (200, {})


async def refusal(shared: Servers, data: Path, **env: str) -> str:
    """What a start says on its end, after `girok: `."""
    given = {**shared.env, **env, "GIROK_LOG_LEVEL": "error"}
    result = await asyncio.to_thread(girok, "--data", str(data), "--port", "0", env=given)
    assert (result.code, result.out) == (2, ""), result
    assert result.err.startswith("girok: ")
    assert result.err.count("\n") == 1
    return result.err.removeprefix("girok: ").rstrip("\n")


class TestLateServers:
    async def test_are_waited_for_one_after_another(self, shared: Servers, tmp_path: Path) -> None:
        for each in (shared.postgres, shared.nats, shared.valkey):
            await each.kill()
        args = ["--grpc-port", str(free_port())]
        process = GirokProcess(tmp_path / "data", free_port(), args=args, env=dict(shared.env))
        await process.launch()
        try:
            await says(process, "Connection refused; waiting for it")
            await shared.postgres.start()
            await says(process, "waiting for Valkey at ")
            await shared.valkey.start()
            await says(process, "girok 0.")
            code, wrong = await readiness(process)
            assert (code, set(wrong)) == (503, {"nats", "cluster"})
            await shared.nats.start()
            await eventually(lambda: is_ready(process), WITHIN)
            async with Browser(process.base_url) as ada:
                await register(ada, "ada")
            assert await process.stop() == 0
        finally:
            await process.kill()
        assert "Traceback" not in process.log
        assert [process.log.count(each) for each in ("waiting for it", "waiting for Valkey")] == [2, 1]


class TestRefusal:
    async def test_a_wrong_password_of_postgresql(self, shared: Servers, tmp_path: Path) -> None:
        url = shared.env["GIROK_DATABASE_URL"]
        user, _, place = url.rpartition("@")
        wrong = f"{user.rpartition(':')[0]}:wrong@{place}"
        why = await refusal(shared, tmp_path / "data", GIROK_DATABASE_URL=wrong)
        assert why.startswith("database.url (GIROK_DATABASE_URL): PostgreSQL at 127.0.0.1:")
        assert why.endswith(" refuses the user or the password")

    @pytest.mark.slow
    async def test_no_postgresql_for_longer_than_it_is_waited_for(self, shared: Servers, tmp_path: Path) -> None:
        nowhere = f"127.0.0.1:{free_port()}/girok"
        why = await refusal(shared, tmp_path / "data", GIROK_DATABASE_URL=f"postgresql://girok:secret@{nowhere}")
        assert why == (
            f"database.url (GIROK_DATABASE_URL): PostgreSQL at {nowhere} does not answer within 15 s: "
            "Connection refused"
        )

    @pytest.mark.slow
    async def test_no_valkey_for_longer_than_it_is_waited_for(self, shared: Servers, tmp_path: Path) -> None:
        nowhere = f"127.0.0.1:{free_port()}"
        why = await refusal(shared, tmp_path / "data", GIROK_VALKEY_URL=f"valkey://{nowhere}")
        assert why.startswith(f"valkey.url (GIROK_VALKEY_URL): no Valkey at {nowhere} within 10 s: ")

    async def test_another_secret_than_the_others_have_is_named_in_the_log(
        self, shared: Servers, tmp_path: Path
    ) -> None:
        secret = {"GIROK_CLUSTER_SECRET": "another than the others have"}
        args = ["--roles", "auth,feed,personal", "--grpc-port", str(free_port())]
        stranger = GirokProcess(tmp_path / "bff", free_port(), args=["--roles", "bff"], env={**shared.env, **secret})
        async with running(tmp_path / "others", args=args, env=dict(shared.env)), Browser(stranger.base_url) as ada:
            try:
                await stranger.launch()
                await says(stranger, "girok 0.")

                async def is_told() -> bool:
                    assert (await ada.graphql(LOGIN)).error == {"code": "UNAVAILABLE", "reason": "PEER_UNAVAILABLE"}
                    return WRONG_SECRET in stranger.log

                await eventually(is_told, WITHIN)
                code, wrong = await readiness(stranger)
                assert (code, wrong) == (200, {"peers": "nobody answers for auth, feed, personal"})
            finally:
                await stranger.kill()
        assert stranger.log.count(WRONG_SECRET) == 1
        assert "Traceback" not in stranger.log
