"""Resumes on SQLite and PostgreSQL: what two do at once, and how many statements reading one takes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from girok.clock import SystemClock, Uuid7Factory
from girok.db.database import Store
from girok.db.migrations import migrate
from girok.db.postgres import PostgresDatabase
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Row, Statement
from girok.servers.process import ServerProcess
from girok.testing.postgres import new_schema
from plugins.personal.errors import ResumeNotFound, TooManyResumes
from plugins.personal.inputs import ExperienceInput, ProjectInput, ResumeInput
from plugins.personal.messages import Resume
from plugins.personal.repository_sql.resumes import SqlResumeRepository
from plugins.personal.rules import blank, changes

CLOCK = SystemClock()
IDS = Uuid7Factory(CLOCK)
ADA = "01a20e74-a92f-77ca-b756-15d5a012d09a"
MOST = 50


@asynccontextmanager
async def on_sqlite(folder: Path) -> AsyncGenerator[Store, None]:
    yield SQLiteDatabase(folder / "girok.db")


@asynccontextmanager
async def on_postgres(server: ServerProcess) -> AsyncGenerator[Store, None]:
    async with new_schema(server) as url:
        yield PostgresDatabase(url, connections=5)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> AbstractAsyncContextManager[Store]:
    if request.param == "sqlite":
        return on_sqlite(request.getfixturevalue("tmp_path"))
    return on_postgres(request.getfixturevalue("postgres_server"))


@pytest.fixture
async def db(place: AbstractAsyncContextManager[Store]) -> AsyncIterator[Store]:
    async with place as store:
        await store.open()
        try:
            await migrate(store, ("girok", "personal"))
            yield store
        finally:
            await store.close()


class Counted:
    """A store that counts what is read of it."""

    def __init__(self, db: Store) -> None:
        self._db = db
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def fetch(self, statement: Statement) -> list[Row]:
        self.reads += 1
        return await self._db.fetch(statement)


def repository(db: Any) -> SqlResumeRepository:
    return SqlResumeRepository(db, lambda key: f"http://files/public/{key}", 500_000)


def new(user_id: str = ADA, **fields: Any) -> Resume:
    return replace(blank(IDS.new(), user_id, CLOCK.now()), **fields)


class TestReading:
    async def test_takes_two_statements_whatever_the_size(self, db: Store) -> None:
        project = ProjectInput("p", tech_stack=("python",) * 5)
        given = ResumeInput(experiences=(ExperienceInput("x", projects=(project,) * 5),) * 20)
        made = changes(given, ("experiences",), IDS.new).applied(new())
        counted = Counted(db)
        stored = await repository(counted).create(made, MOST)
        assert await repository(counted).resume(stored.id, ADA) == stored
        assert counted.reads == 2
        assert await repository(counted).resumes(ADA) == [stored]
        assert counted.reads == 4


class TestAtOnce:
    async def test_two_updates_both_land_whole(self, db: Store) -> None:
        resumes = repository(db)
        one = await resumes.create(new(), MOST)
        rows = changes(ResumeInput(experiences=(ExperienceInput("x"),)), ("experiences",), IDS.new)
        given = [changes(ResumeInput(phone=str(each)), ("phone",), IDS.new) for each in range(10)]
        await asyncio.gather(
            *(resumes.update(one.id, ADA, each.applied, CLOCK.now()) for each in given),
            resumes.update(one.id, ADA, rows.applied, CLOCK.now()),
            *(
                resumes.update(one.id, ADA, lambda stored: replace(stored, title=stored.title + "x"), CLOCK.now())
                for _ in given
            ),
        )
        found = await resumes.resume(one.id, ADA)
        assert found is not None
        assert (found.version, found.title, found.experiences) == (22, "x" * 10, rows.values["experiences"])
        assert found.phone in {str(each) for each in range(10)}

    async def test_there_is_one_default(self, db: Store) -> None:
        resumes = repository(db)
        made = [await resumes.create(new(is_default=True), MOST) for _ in range(4)]
        await asyncio.gather(
            *(
                resumes.update(each.id, ADA, lambda stored: replace(stored, is_default=True), CLOCK.now())
                for each in made * 3
            ),
            *(resumes.create(new(is_default=True), MOST) for _ in range(4)),
        )
        assert [each.is_default for each in await resumes.resumes(ADA)].count(True) == 1

    async def test_nobody_gets_one_too_many(self, db: Store) -> None:
        resumes = repository(db)
        ends = await asyncio.gather(*(resumes.create(new(), 5) for _ in range(8)), return_exceptions=True)
        assert sum(isinstance(each, TooManyResumes) for each in ends) == 3
        assert len(await resumes.resumes(ADA)) == 5

    async def test_what_is_deleted_meanwhile_is_not_found(self, db: Store) -> None:
        resumes = repository(db)
        one = await resumes.create(new(is_default=True), MOST)
        ends = await asyncio.gather(
            resumes.delete(one.id, ADA, CLOCK.now()),
            *(resumes.update(one.id, ADA, lambda stored: stored, CLOCK.now()) for _ in range(3)),
            return_exceptions=True,
        )
        assert ends[0] is None
        assert all(isinstance(each, Resume | ResumeNotFound) for each in ends[1:])
        assert await resumes.resumes(ADA) == []
        assert await resumes.first_version(ADA) is None


class TestRefusal:
    async def test_a_change_that_raises_leaves_nothing(self, db: Store) -> None:
        resumes = repository(db)
        one = await resumes.create(new(is_default=True, title="1"), MOST)

        def refuse(stored: Resume) -> Resume:
            raise ResumeNotFound

        with pytest.raises(ResumeNotFound):
            await resumes.update(one.id, ADA, refuse, CLOCK.now())
        for who in ("somebody", ""):
            with pytest.raises(ResumeNotFound):
                await resumes.update(one.id, who, lambda stored: stored, CLOCK.now())
            with pytest.raises(ResumeNotFound):
                await resumes.delete(one.id, who, CLOCK.now())
        assert await resumes.resumes(ADA) == [one]
