"""Sessions of a cluster, step by step: however calls of several processes interleave, an acknowledged end holds.

Before every step that a call takes, in Valkey or in SQL, it waits at a gate; a drawn plan says whose turn it is.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from girok.db.statement import Row, Sql, Statement
from girok.servers.process import ServerProcess
from girok.servers.valkey import valkey as valkey_server
from girok.testing.servers import started
from girok.valkey import Valkey, open_valkey, parse
from plugins.auth.ports import LoginResponse, RegisterResponse
from plugins.auth.repository import AuthRepository, LivingSession
from plugins.auth.repository_sql import SqlAuthRepository
from plugins.auth.repository_valkey import ValkeyAuthRepository
from tests.budget import share
from tests.kernel.events.stage import FaultyDatabase
from tests.plugins.auth.stage import Stage, stage_on

BUDGET = share(500)
PROCESSES, SESSIONS = 2, 2
CallPlan = tuple[str, int, int]
Step = tuple[str, int]
PROPERTY = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Call:
    """A call on its way: at a gate, or over."""

    def __init__(self, work: Callable[[], Awaitable[Any]]) -> None:
        self._go, self._waits = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._run(work))

    async def _run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        CALL.set(self)
        await self.gate()
        return await work()

    async def gate(self) -> None:
        """Wait for one's turn."""
        self._waits.set()
        await self._go.wait()
        self._go.clear()

    async def advance(self) -> None:
        """Let it take one step, to its next gate or its end."""
        self._waits.clear()
        self._go.set()
        waiting = asyncio.create_task(self._waits.wait())
        await asyncio.wait([self.task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def finish(self) -> None:
        while not self.task.done():
            await self.advance()

    async def check(self) -> None:
        """It comes to its end, and raises what it raised."""
        await self.finish()
        self.task.result()

    async def kill(self) -> None:
        """It goes no further."""
        self.task.cancel()
        await asyncio.wait([self.task])


CALL: ContextVar[Call] = ContextVar("CALL")


class GatedValkey(Valkey):
    async def command(self, *words: Any, idempotent: bool = False) -> Any:
        await CALL.get().gate()
        return await super().command(*words, idempotent=idempotent)


class GatedDatabase(FaultyDatabase):
    async def fetch(self, statement: Statement) -> list[Row]:
        await CALL.get().gate()
        return await super().fetch(statement)

    async def run(self, unit: Any) -> Any:
        await CALL.get().gate()
        return await super().run(unit)


class World:
    """A user with sessions, processes that are asked about them, and what was promised.

    `strict`: nothing that stands in Valkey is lost, so an end holds once it is in SQL, acknowledged or not.
    """

    def __init__(
        self,
        stage: Stage,
        server: ServerProcess,
        valkey: Valkey,
        processes: list[AuthRepository],
        made: Sequence[RegisterResponse | LoginResponse],
    ) -> None:
        self.strict = True
        self._stage, self._server, self._valkey, self._processes = stage, server, valkey, processes
        self._calls: list[Call] = []
        self._acknowledged: set[int] = set()
        self._user = made[0].user.id
        self._sessions = [each.session_id for each in made]

    async def begin(self) -> None:
        """Every session lives, and every process knows it."""
        await self._valkey.command("FLUSHALL")
        await self._stage.db.execute_script("UPDATE auth_session SET ended_at = NULL")
        for _ in range(2):
            await self._look_at_all()

    async def start(self, kind: str, process: int, session: int) -> None:
        """A call, before its first step."""
        made = {"validate": self._validate, "end": self._end, "end_others": self._end_others}[kind]
        self._calls.append(Call(partial(made, self._processes[process], session)))
        await self._calls[-1].advance()

    async def advance(self, number: int) -> None:
        await self._calls[number % len(self._calls)].advance()

    async def kill(self, number: int) -> None:
        await self._calls[number % len(self._calls)].kill()

    async def forget_user(self, _: int) -> None:
        """What is known of the user expires, or is evicted."""
        await self._valkey.command("DEL", f"girok:auth:user:{self._user}")

    async def forget_session(self, number: int) -> None:
        await self._valkey.command("DEL", f"girok:auth:session:{self._sessions[number % SESSIONS]}")

    async def remember(self, _: int) -> None:
        """What stands in Valkey now is on its disk."""
        await self._valkey.command("WAITAOF", 1, 0, 20_000)
        shutil.rmtree(self._log("earlier"), ignore_errors=True)
        shutil.copytree(self._log("appendonlydir"), self._log("earlier"))

    async def restart(self, _: int) -> None:
        """Valkey starts again with what was on its disk when it was last told to remember, else with nothing."""
        await self._server.kill()
        shutil.rmtree(self._log("appendonlydir"))
        if self._log("earlier").exists():
            shutil.copytree(self._log("earlier"), self._log("appendonlydir"))
        await self._server.start()

    async def close(self) -> None:
        """Every call comes to its end, and every process knows what ended."""
        for call in self._calls:
            await call.finish()
        await self._look_at_all()
        if not self.strict:
            await self.forget_user(0)
            await self._look_at_all()
        outcomes = await asyncio.gather(*(each.task for each in self._calls), return_exceptions=True)
        assert [each for each in outcomes if isinstance(each, Exception)] == []

    async def _look_at_all(self) -> None:
        for process, session in product(range(PROCESSES), range(SESSIONS)):
            await self.start("validate", process, session)
            await self._calls.pop().check()

    async def _validate(self, process: AuthRepository, session: int) -> None:
        promised = session in self._acknowledged or (self.strict and await self._ended(session))
        answer: LivingSession | None = await process.session(self._sessions[session], self._stage.clock.now())
        assert answer is None or not promised, f"session {session} was ended, and is valid"
        assert answer is not None or await self._ended(session), f"session {session} lives, and is not valid"

    async def _end(self, process: AuthRepository, session: int) -> None:
        assert await process.end_session(self._sessions[session], self._user, self._stage.clock.now())
        self._acknowledged.add(session)

    async def _end_others(self, process: AuthRepository, kept: int) -> None:
        await process.end_other_sessions(self._user, self._sessions[kept], self._stage.clock.now())
        self._acknowledged.update({*range(SESSIONS)} - {kept})

    async def _ended(self, session: int) -> bool:
        rows = await self._stage.db.fetch(Sql("SELECT id FROM auth_session WHERE ended_at IS NOT NULL"))
        return self._sessions[session] in {row["id"] for row in rows}

    def _log(self, name: str) -> Path:
        return self._server.folder / name


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Callable[[], World]]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(started(valkey_server))
        stage = await stack.enter_async_context(stage_on(tmp_path))
        operator = await stack.enter_async_context(open_valkey(server.url))
        processes: list[AuthRepository] = []
        for _ in range(PROCESSES):
            valkey = GatedValkey(parse(server.url))
            stack.push_async_callback(valkey.aclose)
            sql = SqlAuthRepository(GatedDatabase(stage.db), timedelta(days=14))
            processes.append(ValkeyAuthRepository(sql, valkey, touch_every=timedelta(minutes=5)))
        made = [await stage.register("ada"), await stage.login("ada")]
        yield lambda: World(stage, server, operator, processes, made)


CALLS = st.lists(
    st.tuples(st.sampled_from(["validate", "validate", "end", "end_others"]), st.integers(0, 1), st.integers(0, 1)),
    min_size=2,
    max_size=5,
)


def steps(*others: str) -> st.SearchStrategy[list[Step]]:
    """What happens, in order: a method of World, and a number for it."""
    names = ["advance"] * (6 * len(others)) + list(others)
    return st.lists(st.tuples(st.sampled_from(names), st.integers(0, 4)), min_size=8, max_size=40)


async def run(world: World, calls: Sequence[CallPlan], plan: Sequence[Step], *, strict: bool = True) -> None:
    world.strict = strict
    await world.begin()
    for each in calls:
        await world.start(*each)
    for name, number in plan:
        await getattr(world, name)(number)
    await world.close()


class TestEnd:
    @PROPERTY
    @given(calls=CALLS, plan=steps("kill"))
    async def test_holds_from_sql_on_though_processes_are_killed(
        self, world: Callable[[], World], calls: list[CallPlan], plan: list[Step]
    ) -> None:
        await run(world(), calls, plan)

    @PROPERTY
    @given(calls=CALLS, plan=steps("kill", "forget_user", "forget_user", "forget_session"))
    async def test_holds_once_acknowledged_though_valkey_forgets(
        self, world: Callable[[], World], calls: list[CallPlan], plan: list[Step]
    ) -> None:
        await run(world(), calls, plan, strict=False)

    @pytest.mark.slow
    @pytest.mark.timeout(3600)
    @settings(PROPERTY, max_examples=BUDGET)
    @given(calls=CALLS, plan=steps("kill", "forget_user", "forget_session", "remember", "restart"))
    async def test_holds_once_acknowledged_though_valkey_is_killed_and_forgets_its_last(
        self, world: Callable[[], World], calls: list[CallPlan], plan: list[Step]
    ) -> None:
        await run(world(), calls, plan, strict=False)
