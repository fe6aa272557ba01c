"""Sessions of a cluster: Valkey answers for SQL, what ended is refused at once in every process, and faults say no."""

import asyncio
import dataclasses
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from girok.context import acting_as
from girok.db.database import Database, StoreUnavailable
from girok.db.statement import Row, Statement
from girok.errors import Unavailable
from girok.servers.process import ServerProcess
from girok.valkey import Valkey, ValkeyUnavailable, open_valkey
from plugins.auth.ports import (
    EndOtherSessionsRequest,
    EndSessionRequest,
    LoginResponse,
    LogoutRequest,
    RegisterResponse,
    ValidateTokenRequest,
    ValidateTokenResponse,
)
from plugins.auth.service import Auth, build
from tests.kernel.events.stage import FaultyDatabase
from tests.plugins.auth.stage import Stage, actor_of, stage_on
from tests.plugins.auth.test_port import (
    TestEndOtherSessions,
    TestEndSession,
    TestListSessions,
    TestLogout,
    TestValidateToken,
)
from tests.plugins.auth.test_sessions import TestLife, TestStored, TestUse

__all__ = [
    "TestEndOtherSessions",
    "TestEndSession",
    "TestLife",
    "TestListSessions",
    "TestLogout",
    "TestStored",
    "TestUse",
    "TestValidateToken",
]
"""Collected here again, on the stage of this file."""

INVALID = ValidateTokenResponse(valid=False)
SignedIn = RegisterResponse | LoginResponse


@pytest.fixture
async def valkey(valkey_server: ServerProcess) -> AsyncIterator[Valkey]:
    async with open_valkey(valkey_server.url) as opened:
        yield opened


@pytest.fixture
async def stage(tmp_path: Path, valkey: Valkey) -> AsyncIterator[Stage]:
    """One process of a cluster; here its SQL is SQLite."""
    async with stage_on(tmp_path, valkey=valkey) as opened:
        yield opened


@pytest.fixture
async def processes(valkey_server: ServerProcess, stage: Stage) -> AsyncIterator[list[Auth]]:
    """Three services, each with connections of its own to the same servers."""
    async with AsyncExitStack() as stack:
        services = [stage.service]
        for _ in range(2):
            connected = await stack.enter_async_context(open_valkey(valkey_server.url))
            services.append(build(dataclasses.replace(stage.kit, valkey=connected)))
            stack.push_async_callback(services[-1].aclose)
        yield services


async def validate(service: Auth, token: str) -> ValidateTokenResponse:
    return await service.validate_token(ValidateTokenRequest(token))


async def validities(services: list[Auth], signed_in: SignedIn) -> list[bool]:
    return [(await validate(each, signed_in.access_token)).valid for each in services]


async def warm_up(stage: Stage, services: list[Auth], signed_in: SignedIn) -> None:
    """Use a session until Valkey answers for it."""
    for _ in range(3):
        assert all(await validities(services, signed_in))
    reads = stage.cable.reads
    assert all(await validities(services, signed_in))
    assert stage.cable.reads == reads


async def until_back(valkey: Valkey) -> None:
    async with asyncio.timeout(30):
        while await valkey.health() is not None:
            await asyncio.sleep(0.005)


async def calls(valkey: Valkey) -> dict[str, int]:
    """How often each command ran on the valkey_server."""
    lines = (await valkey.command("INFO", "commandstats")).decode().split()
    stats = [line.removeprefix("cmdstat_").split(":calls=") for line in lines if line.startswith("cmdstat_")]
    return {name: int(counted.split(",")[0]) for name, counted in stats}


class TestAnswer:
    async def test_is_that_of_sql_and_from_the_third_use_on_valkeys(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await stage.settle()
        reads, answers = [], []
        for _ in range(5):
            before = stage.cable.reads
            answers.append(await validate(stage.service, new.access_token))
            reads.append(stage.cable.reads - before)
        assert reads == [1, 1, 0, 0, 0]
        assert answers == [ValidateTokenResponse(True, new.user.id, "USER", new.session_id, new.expires_at)] * 5

    async def test_takes_one_round_trip(self, stage: Stage, valkey: Valkey) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        before = await calls(valkey)
        for _ in range(10):
            await validate(stage.service, new.access_token)
        after = await calls(valkey)
        ran = {name: after[name] - before.get(name, 0) for name in after}
        assert {name: count for name, count in ran.items() if count} == {
            "evalsha": 10, "hmget": 10, "get": 10, "info": 11
        }  # fmt: skip

    async def test_counts_for_a_minute_at_most(self, stage: Stage, valkey: Valkey) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        key = f"girok:auth:user:{new.user.id}"
        first = await valkey.command("PEXPIRETIME", key)
        await warm_up(stage, [stage.service], new)
        assert await valkey.command("PEXPIRETIME", key) == first
        assert 0 < await valkey.command("PTTL", key) <= 60_000
        await stage.db.execute_script("UPDATE auth_user SET role = 'MANAGER'")
        await valkey.command("PEXPIRE", key, 0)
        assert (await validate(stage.service, new.access_token)).role == "MANAGER"

    async def test_what_no_session_has_is_not_remembered(self, stage: Stage, valkey: Valkey) -> None:
        gone = await stage.register("ada")
        for table in ("auth_refresh_token", "auth_session"):
            await stage.db.execute_script(f"DELETE FROM {table}")
        for _ in range(3):
            assert await validate(stage.service, gone.access_token) == INVALID
        assert await valkey.command("KEYS", "girok:auth:*") == []

    async def test_of_another_version_is_read_from_sql_and_replaced(self, stage: Stage, valkey: Valkey) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        (key,) = await valkey.command("KEYS", "girok:auth:session:*")
        await valkey.command("HSET", key, "session", b"\x80")
        assert (await validate(stage.service, new.access_token)).valid
        await warm_up(stage, [stage.service], new)

    async def test_no_token_stands_in_valkey(self, stage: Stage, valkey: Valkey) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        (key,) = await valkey.command("KEYS", "girok:auth:session:*")
        stored = await valkey.command("HGETALL", key)
        assert new.access_token.encode() not in repr((key, stored)).encode()
        assert 0 < await valkey.command("PTTL", key) <= 3_600_000


class TestUseInACluster:
    async def test_is_written_once_and_then_valkey_answers_again(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await stage.settle()
        await warm_up(stage, [stage.service], new)
        stage.clock.advance(300)
        units = stage.db.units
        for _ in range(10):
            assert (await validate(stage.service, new.access_token)).valid
            await stage.service.settle()
        assert stage.db.units - units == 1
        assert await stage.column("auth_session", "last_used_at") == [stage.clock.now()]
        await warm_up(stage, [stage.service], new)

    async def test_keeps_to_the_end_of_its_days(self, stage: Stage) -> None:
        new = await stage.register("ada")
        while stage.clock.now() + timedelta(seconds=1) < new.expires_at:
            stage.clock.advance(min(10 * 86_400, (new.expires_at - stage.clock.now()).total_seconds() - 1))
            await validate(stage.service, new.access_token)
            await stage.service.settle()
            await warm_up(stage, [stage.service], new)
        stage.clock.advance(1)
        assert await validate(stage.service, new.access_token) == INVALID


class TestEnd:
    @pytest.mark.parametrize("how", [EndSessionRequest, LogoutRequest, EndOtherSessionsRequest])
    async def test_is_seen_by_the_next_call_of_every_process(
        self, stage: Stage, processes: list[Auth], how: type
    ) -> None:
        first = await stage.register("ada")
        second = await stage.login("ada")
        await warm_up(stage, processes, first)
        await warm_up(stage, processes, second)
        await end_by(stage.service, how, first, second)
        assert await validities(processes, second) == [False] * 3
        assert await validities(processes, first) == [True] * 3

    @pytest.mark.parametrize("minutes", [0, 1])
    async def test_is_not_undone_by_who_read_before_it_and_stores_after(
        self, valkey_server: ServerProcess, stage: Stage, processes: list[Auth], valkey: Valkey, minutes: int
    ) -> None:
        new = await stage.register("ada")
        await validate(stage.service, new.access_token)
        async with open_valkey(valkey_server.url) as connected:
            slow = SlowReads(stage.db)
            reader = build(dataclasses.replace(stage.kit, db=slow, valkey=connected))
            reading = asyncio.create_task(validate(reader, new.access_token))
            await slow.has_read.wait()
            await end_by(stage.service, LogoutRequest, new, new)
            for _ in range(minutes):
                await valkey.command("PEXPIRE", f"girok:auth:user:{new.user.id}", 0)
                assert await validities(processes, new) == [False] * 3
            slow.goes_on.set()
            await reading
            assert await validities([*processes, reader], new) == [False] * 4
            await reader.aclose()

    async def test_of_one_leaves_the_others_users_answers_alone(self, stage: Stage) -> None:
        ada, ben = await stage.register("ada"), await stage.register("ben")
        await warm_up(stage, [stage.service], ben)
        await end_by(stage.service, LogoutRequest, ada, ada)
        await warm_up(stage, [stage.service], ben)
        reads = stage.cable.reads
        await validate(stage.service, ben.access_token)
        assert stage.cable.reads == reads

    async def test_by_erasure_leaves_nothing_of_a_session_in_valkey(self, stage: Stage, valkey: Valkey) -> None:
        ada, ben, again = await stage.register("ada"), await stage.register("ben"), await stage.login("ada")
        for each in (ada, ben, again):
            await warm_up(stage, [stage.service], each)
        keys = [f"girok:auth:session:{each.session_id}" for each in (ada, again, ben)]
        assert await valkey.command("EXISTS", *keys) == len(keys)
        assert await stage.service.erasure.erase(ada.user.id)
        assert [await valkey.command("EXISTS", each) for each in keys] == [0, 0, 1]

    async def test_after_a_minute_valkey_answers_for_what_was_kept(self, stage: Stage, valkey: Valkey) -> None:
        first = await stage.register("ada")
        second = await stage.login("ada")
        await end_by(stage.service, EndSessionRequest, first, second)
        key = f"girok:auth:user:{first.user.id}"
        assert 0 < await valkey.command("PTTL", key) <= 60_000
        await validate(stage.service, first.access_token)
        stored = (await calls(valkey))["hset"]
        for _ in range(3):
            assert (await validate(stage.service, first.access_token)).valid
        assert (await calls(valkey))["hset"] == stored
        await valkey.command("PEXPIRE", key, 0)
        await warm_up(stage, [stage.service], first)
        assert await validate(stage.service, second.access_token) == INVALID


class TestValkeyAway:
    async def test_sql_answers(self, valkey_server: ServerProcess, stage: Stage, valkey: Valkey) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        await valkey_server.kill()
        for _ in range(3):
            reads = stage.cable.reads
            assert (await validate(stage.service, new.access_token)).valid
            assert stage.cable.reads == reads + 1
        await valkey_server.start()
        await until_back(valkey)
        await validate(stage.service, new.access_token)
        await warm_up(stage, [stage.service], new)

    async def test_and_sql_too_is_no_yes(self, valkey_server: ServerProcess, stage: Stage) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        await valkey_server.kill()
        stage.cable.readable = False
        with pytest.raises(Unavailable):
            await validate(stage.service, new.access_token)

    async def test_ending_fails_and_changes_nothing(
        self, valkey_server: ServerProcess, stage: Stage, valkey: Valkey
    ) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        await valkey_server.kill()
        for end in (EndSessionRequest, LogoutRequest, EndOtherSessionsRequest):
            with pytest.raises(ValkeyUnavailable):
                await end_by(stage.service, end, new, new)
        assert await stage.column("auth_session", "ended_at") == [None]
        await valkey_server.start()
        await until_back(valkey)
        await end_by(stage.service, LogoutRequest, new, new)
        assert await validate(stage.service, new.access_token) == INVALID

    async def test_paused_is_as_away_and_what_it_does_late_harms_nothing(
        self, valkey_server: ServerProcess, stage: Stage, processes: list[Auth], valkey: Valkey
    ) -> None:
        new = await stage.register("ada")
        await warm_up(stage, processes, new)
        valkey_server.pause()
        assert await validities(processes, new) == [True] * 3
        with pytest.raises(ValkeyUnavailable):
            await end_by(stage.service, LogoutRequest, new, new)
        valkey_server.go_on()
        await until_back(valkey)
        await end_by(stage.service, LogoutRequest, new, new)
        assert await validities(processes, new) == [False] * 3


class TestSqlAway:
    async def test_valkey_answers_for_what_it_knows(self, stage: Stage) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        stage.cable.readable = False
        assert (await validate(stage.service, new.access_token)).valid

    async def test_ending_fails_and_the_session_goes_on(self, stage: Stage, processes: list[Auth]) -> None:
        new = await stage.register("ada")
        await warm_up(stage, processes, new)
        stage.cable.writable = False
        with pytest.raises(StoreUnavailable):
            await end_by(stage.service, LogoutRequest, new, new)
        assert await validities(processes, new) == [True] * 3


class TestKilled:
    async def test_after_sql_and_before_it_was_acknowledged_all_read_sql(
        self, stage: Stage, processes: list[Auth]
    ) -> None:
        new = await stage.register("ada")
        await warm_up(stage, processes, new)
        dying = SlowWrites(stage.db)
        victim = build(dataclasses.replace(stage.kit, db=dying))
        ending = asyncio.create_task(end_by(victim, LogoutRequest, new, new))
        await dying.is_asked.wait()
        assert await validities(processes * 3, new) == [True] * 9
        dying.writes.set()
        await dying.has_written.wait()
        ending.cancel()
        assert await validities(processes, new) == [False] * 3
        await victim.aclose()

    async def test_valkey_between_the_two_is_no_acknowledged_end(
        self, valkey_server: ServerProcess, stage: Stage, processes: list[Auth], valkey: Valkey
    ) -> None:
        new = await stage.register("ada")
        dying = SlowWrites(stage.db)
        dying.writes.set()
        ending = asyncio.create_task(end_by(build(dataclasses.replace(stage.kit, db=dying)), LogoutRequest, new, new))
        await dying.has_written.wait()
        await valkey_server.kill()
        dying.goes_on.set()
        with pytest.raises(ValkeyUnavailable):
            await ending
        await valkey_server.start()
        await until_back(valkey)
        assert await validities(processes, new) == [False] * 3


class TestRestart:
    async def test_of_a_valkey_that_forgot_the_end_does_not_undo_it(
        self, valkey_server: ServerProcess, stage: Stage, processes: list[Auth], valkey: Valkey
    ) -> None:
        new = await stage.register("ada")
        await warm_up(stage, processes, new)
        assert (await valkey.command("WAITAOF", 1, 0, 20_000))[0] == 1
        log, earlier = valkey_server.folder / "appendonlydir", valkey_server.folder / "earlier"
        shutil.copytree(log, earlier)
        await end_by(stage.service, LogoutRequest, new, new)
        await valkey_server.kill()
        shutil.rmtree(log)
        earlier.rename(log)
        await valkey_server.start()
        async with open_valkey(valkey_server.url) as operator:
            assert await operator.command("GET", f"girok:auth:user:{new.user.id}") not in (None, b"changing")
        assert await validities(processes, new) == [False] * 3

    async def test_of_an_empty_valkey_costs_two_reads(self, valkey_server: ServerProcess, stage: Stage) -> None:
        new = await stage.register("ada")
        await warm_up(stage, [stage.service], new)
        await valkey_server.kill()
        shutil.rmtree(valkey_server.folder / "appendonlydir")
        await valkey_server.start()
        reads = stage.cable.reads
        for _ in range(5):
            assert (await validate(stage.service, new.access_token)).valid
        assert stage.cable.reads - reads == 2


class SlowReads(FaultyDatabase):
    """A database whose reads wait with what they read."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.has_read, self.goes_on = asyncio.Event(), asyncio.Event()

    async def fetch(self, statement: Statement) -> list[Row]:
        rows = await super().fetch(statement)
        self.has_read.set()
        await self.goes_on.wait()
        return rows


class SlowWrites(FaultyDatabase):
    """A database whose units wait before they run, and once they are committed."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.is_asked, self.writes = asyncio.Event(), asyncio.Event()
        self.has_written, self.goes_on = asyncio.Event(), asyncio.Event()

    async def run(self, unit: object) -> object:
        self.is_asked.set()
        await self.writes.wait()
        result = await super().run(unit)
        self.has_written.set()
        await self.goes_on.wait()
        return result


async def end_by(service: Auth, how: type, actor: SignedIn, victim: SignedIn) -> None:
    """End `victim`'s session; a logout is the victim's own, the others are ended by `actor`."""
    ends = {
        EndSessionRequest: lambda: service.end_session(EndSessionRequest(victim.session_id)),
        LogoutRequest: lambda: service.logout(LogoutRequest()),
        EndOtherSessionsRequest: lambda: service.end_other_sessions(EndOtherSessionsRequest()),
    }
    with acting_as(actor_of(victim if how is LogoutRequest else actor)):
        await ends[how]()
