"""What every SQL store does: units, errors inside of them, values, callers that go away, events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import pytest

from girok.context import CallContext, current, use
from girok.db.database import ConstraintViolation, Store, StoreUnavailable, UniqueViolation
from girok.db.statement import Sql, Statement, prepare
from girok.db.table import bound_to
from girok.db.unit import Unit, emit, execute, first, rows
from girok.errors import InvalidInput
from girok.events.event import Event
from tests.kernel.db.engines import ENGINES, Opening
from tests.kernel.db.notes import ADD, CREATE, GET, LIKE, NOON, Note, add, ids

SET_LIKES = prepare(lambda p: Note.raw("UPDATE test_note SET likes = {}", p.likes))
SET_TIME = prepare(lambda p: Note.raw("UPDATE test_note SET created_at = {}", p.at))
BEFORE = prepare(lambda p: Note.raw("SELECT id FROM test_note WHERE created_at < {} ORDER BY created_at", p.at))


class Noted(Event, frozen=True):
    subject: ClassVar[str] = "test.note.added"
    note_id: str


class Outbox:
    """Stores each event as a note named after who asked for it. `told` are the notes of each commit."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def statements(self, event: Event) -> Sequence[Statement]:
        return [ADD(id=f"event-{current().request_id}", text="")]

    def committed(self, events: Sequence[Event]) -> None:
        self.told += [each.note_id for each in events if isinstance(each, Noted)]


@pytest.fixture(params=ENGINES)
def opening(request: pytest.FixtureRequest) -> Opening:
    """Each engine in turn."""
    return ENGINES[request.param](request)


@pytest.fixture
async def db(opening: AbstractAsyncContextManager[Store]) -> AsyncIterator[Store]:
    """An open one with the table of notes."""
    async with opening as opened:
        await opened.execute_script(CREATE)
        yield opened


class TestRun:
    async def test_what_the_unit_returns_comes_back(self, db: Store) -> None:
        await db.run(lambda: add("a"))
        assert await db.run(lambda: first(LIKE(id="a"))) == {"likes": 1}

    async def test_a_unit_may_have_no_step(self, db: Store) -> None:
        def unit() -> Unit[str]:
            return "done"
            yield

        assert await db.run(unit) == "done"

    async def test_a_unit_sees_its_own_writes_and_those_before_it(self, db: Store) -> None:
        await db.run(lambda: add("a"))
        for likes in range(1, 4):
            assert await db.run(lambda: first(LIKE(id="a"))) == {"likes": likes}

    async def test_what_it_wrote_is_read_by_everybody(self, db: Store) -> None:
        await asyncio.gather(*(db.run(lambda n=n: add(f"{n:02}")) for n in range(20)))
        assert await ids(db) == [f"{n:02}" for n in range(20)]

    async def test_units_at_once_do_not_lose_one_another(self, db: Store) -> None:
        await db.run(lambda: add("a"))

        def unit() -> Unit[None]:
            (note,) = yield from rows(GET(id="a"))
            yield from execute(SET_LIKES(likes=note["likes"] + 1))

        await asyncio.gather(*(db.run(unit) for _ in range(30)))
        assert (await db.fetch(GET(id="a")))[0]["likes"] == 30

    async def test_what_a_unit_found_missing_is_missing_until_it_is_committed(self, db: Store) -> None:
        def only_one(name: str) -> Unit[bool]:
            if (yield from rows(Sql("SELECT id FROM test_note"))):
                return False
            yield from add(name)
            return True

        added = await asyncio.gather(*(db.run(lambda name=name: only_one(name)) for name in "abcdefgh"))
        assert sum(added) == 1
        assert len(await ids(db)) == 1

    async def test_units_that_are_committed_are_counted(self, db: Store) -> None:
        before = db.counts()["girok_db_units_total"]
        await asyncio.gather(db.run(lambda: add("a")), db.run(lambda: add("a")), return_exceptions=True)
        assert db.counts()["girok_db_units_total"] - before == 1


class TestUnitThatRaises:
    async def test_is_undone_alone(self, db: Store) -> None:
        def broken() -> Unit[None]:
            yield from add("gone")
            raise LookupError

        results = await asyncio.gather(
            db.run(lambda: add("a")), db.run(broken), db.run(lambda: add("b")), return_exceptions=True
        )
        assert [type(each) for each in results] == [type(None), LookupError, type(None)]
        assert await ids(db) == ["a", "b"]

    @pytest.mark.parametrize("error", [asyncio.CancelledError, GeneratorExit])
    async def test_is_undone_whatever_it_raises(self, db: Store, error: type[BaseException]) -> None:
        def broken() -> Unit[None]:
            yield from add("gone")
            raise error

        with pytest.raises(error):
            await db.run(broken)
        await db.run(lambda: add("a"))
        assert await ids(db) == ["a"]

    async def test_is_told_when_it_is_no_unit_at_all(self, db: Store) -> None:
        def stops() -> Unit[None]:
            raise StopIteration

        with pytest.raises(RuntimeError):
            await db.run(stops)
        await db.run(lambda: add("a"))
        assert await ids(db) == ["a"]


class TestConstraint:
    async def test_unique_violation_may_be_caught_and_the_unit_goes_on(self, db: Store) -> None:
        def unit() -> Unit[tuple[str, ...]]:
            yield from add("a")
            with pytest.raises(UniqueViolation) as caught:
                yield from add("a", "again")
            yield from add("b")
            return caught.value.columns

        assert await db.run(unit) == ("id",)
        assert await ids(db) == ["a", "b"]

    async def test_caught_as_the_last_thing_it_undoes_nothing_before_it(self, db: Store) -> None:
        def unit() -> Unit[str]:
            yield from add("a")
            with suppress(UniqueViolation):
                yield from add("a", "again")
            return "done"

        assert await db.run(unit) == "done"
        assert await ids(db) == ["a"]

    async def test_caught_several_times(self, db: Store) -> None:
        def unit() -> Unit[int]:
            caught = 0
            for each in "abaabc":
                try:
                    yield from add(each)
                except UniqueViolation:
                    caught += 1
            return caught

        assert await db.run(unit) == 3
        assert await ids(db) == ["a", "b", "c"]

    async def test_a_violation_turned_into_another_error_undoes_the_unit(self, db: Store) -> None:
        def unit() -> Unit[None]:
            yield from add("a")
            try:
                yield from add("a")
            except UniqueViolation as error:
                raise LookupError from error

        with pytest.raises(LookupError):
            await db.run(unit)
        assert await ids(db) == []

    async def test_unique_violation_that_is_not_caught_reaches_the_caller(self, db: Store) -> None:
        await db.execute_script("CREATE UNIQUE INDEX test_note_text ON test_note (text, likes)")
        await db.run(lambda: add("a", "same (a)=("))
        with pytest.raises(UniqueViolation) as caught:
            await db.run(lambda: add("b", "same (a)=("))
        assert caught.value.columns == ("text", "likes")

    async def test_an_index_on_an_expression_has_no_columns(self, db: Store) -> None:
        await db.execute_script("CREATE UNIQUE INDEX test_note_lower ON test_note (lower(text))")
        await db.run(lambda: add("a", "(id)=(a)"))
        with pytest.raises(UniqueViolation) as caught:
            await db.run(lambda: add("b", "(ID)=(a)"))
        assert caught.value.columns == ()

    async def test_other_violation_may_be_caught_too(self, db: Store) -> None:
        def unit() -> Unit[None]:
            with pytest.raises(ConstraintViolation):
                yield from add("a", None)
            yield from add("b")

        await db.run(unit)
        assert await ids(db) == ["b"]

    async def test_deferred_violation_hits_only_the_unit_that_broke_it(self, db: Store) -> None:
        await db.execute_script(
            "CREATE TABLE test_reply (id VARCHAR(36) PRIMARY KEY, note_id VARCHAR(36) NOT NULL "
            "REFERENCES test_note (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        orphan = Sql("INSERT INTO test_reply (id, note_id) VALUES ('r', 'nobody')")
        results = await asyncio.gather(
            db.run(lambda: add("a")), db.run(lambda: execute(orphan)), db.run(lambda: add("b")), return_exceptions=True
        )
        assert [type(each) for each in results] == [type(None), ConstraintViolation, type(None)]
        assert await ids(db) == ["a", "b"]


class TestWrongStatement:
    async def test_is_the_authors_and_may_be_caught(self, db: Store) -> None:
        def unit() -> Unit[None]:
            with pytest.raises(Exception, match="nowhere") as caught:
                yield from execute(Sql("DELETE FROM nowhere"))
            assert not isinstance(caught.value, StoreUnavailable)
            with pytest.raises(KeyError):
                yield from execute(ADD(id="a"))
            yield from add("b")

        await db.run(unit)
        assert await ids(db) == ["b"]

    async def test_that_writes_is_refused_by_fetch(self, db: Store) -> None:
        with pytest.raises(TypeError, match="unit of work"):
            await db.fetch(ADD(id="a", text=""))
        assert await ids(db) == []


class TestUnstorableValue:
    @pytest.mark.parametrize(
        "statement",
        [
            ADD(id="gone", text="\ud800"),
            ADD(id="gone", text="a\0b"),
            SET_LIKES(likes=2**63),
            SET_LIKES(likes=-(2**63) - 1),
        ],
    )
    async def test_is_invalid_input_and_may_be_caught(self, db: Store, statement: Statement) -> None:
        def unit() -> Unit[None]:
            yield from add("a")
            with pytest.raises(InvalidInput):
                yield from execute(statement)
            yield from add("b")

        await db.run(unit)
        with pytest.raises(InvalidInput):
            await db.run(lambda: execute(statement))
        assert await ids(db) == ["a", "b"]

    @pytest.mark.parametrize("value", ["\ud800", "a\0b"])
    async def test_is_invalid_input_for_a_read(self, db: Store, value: str) -> None:
        with pytest.raises(InvalidInput):
            await db.fetch(GET(id=value))
        assert await ids(db) == []


class TestCallerThatGoesAway:
    async def test_does_not_cancel_its_unit(self, db: Store) -> None:
        task = asyncio.create_task(db.run(lambda: add("a")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await db.close()
        await db.open()
        assert task.cancelled()
        assert await ids(db) == ["a"]

    async def test_does_not_hear_of_a_failure(self, db: Store) -> None:
        await db.run(lambda: add("a"))
        task = asyncio.create_task(db.run(lambda: add("a")))
        await asyncio.sleep(0)
        task.cancel()
        await db.run(lambda: add("b"))
        assert task.cancelled()


class TestEmit:
    async def test_becomes_statements_under_the_callers_context(self, db: Store) -> None:
        db.outbox = outbox = Outbox()

        async def call(name: str) -> None:
            with use(CallContext(request_id=name)):
                await db.run(lambda: emit(Noted(name)))

        await asyncio.gather(call("x"), call("y"))
        assert await ids(db) == ["event-x", "event-y"]
        assert sorted(outbox.told) == ["x", "y"]

    async def test_what_is_told_can_be_read_by_then(self, db: Store) -> None:
        found: list[asyncio.Task[list[str]]] = []

        class Looking(Outbox):
            def committed(self, events: Sequence[Event]) -> None:
                found.append(asyncio.ensure_future(ids(db)))

        db.outbox = Looking()
        with use(CallContext(request_id="x")):
            await db.run(lambda: emit(Noted("x")))
        assert [await each for each in found] == [["event-x"]]

    async def test_is_undone_with_its_unit(self, db: Store) -> None:
        db.outbox = outbox = Outbox()

        def broken() -> Unit[None]:
            yield from emit(Noted("a"))
            raise LookupError

        with pytest.raises(LookupError):
            await db.run(broken)
        assert await ids(db) == []
        assert outbox.told == []

    async def test_a_unit_that_runs_again_tells_its_events_once(self, db: Store) -> None:
        db.outbox = outbox = Outbox()
        await db.run(lambda: add("a"))

        def unit() -> Unit[None]:
            yield from emit(Noted("x"))
            with suppress(UniqueViolation):
                yield from add("a")
            yield from add("b")

        await db.run(unit)
        assert outbox.told == ["x"]

    async def test_without_events_the_outbox_hears_nothing(self, db: Store) -> None:
        db.outbox = outbox = Outbox()
        await db.run(lambda: add("a"))
        assert outbox.told == []

    async def test_without_an_outbox_it_fails_in_the_unit(self, db: Store) -> None:
        with pytest.raises(RuntimeError, match="outbox"):
            await db.run(lambda: emit(Noted("a")))


class TestClose:
    async def test_waits_for_units_that_run(self, db: Store) -> None:
        tasks = [asyncio.create_task(db.run(lambda n=n: add(f"{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        await db.close()
        assert await asyncio.gather(*tasks) == [None] * 5
        await db.open()
        assert await ids(db) == ["0", "1", "2", "3", "4"]

    async def test_twice_is_no_error_and_nothing_is_taken_after_it(self, db: Store) -> None:
        await db.close()
        await db.close()
        with pytest.raises(StoreUnavailable):
            await db.run(lambda: rows(GET(id="a")))
        with pytest.raises(StoreUnavailable):
            await db.fetch(GET(id="a"))


class TestValues:
    async def test_come_back_as_piccolo_gives_them(self, db: Store) -> None:
        await db.run(lambda: execute(ADD(id="a", text='{"json": "as text"}')))
        expected = {"id": "a", "text": '{"json": "as text"}', "likes": 0, "pinned": False, "created_at": NOON}
        assert await db.fetch(GET(id="a")) == [expected]
        with bound_to(db):
            await Note.update({Note.pinned: True, Note.likes: 2**31 - 1}).where(Note.id == "a")
            assert await Note.select() == [expected | {"pinned": True, "likes": 2**31 - 1}]
            assert await Note.count() == 1

    async def test_have_their_very_types(self, db: Store) -> None:
        await db.run(lambda: add("a"))
        (row,) = await db.fetch(GET(id="a"))
        assert {name: type(value) for name, value in row.items()} == {
            "id": str,
            "text": str,
            "likes": int,
            "pinned": bool,
            "created_at": datetime,
        }
        assert type(row) is dict
        assert row["created_at"].tzinfo is UTC

    @pytest.mark.parametrize(
        "moment",
        [
            NOON,
            NOON.astimezone(timezone(timedelta(hours=9))),
            NOON.astimezone(timezone(timedelta(hours=-3, minutes=-30))),
            datetime(1, 1, 2, tzinfo=UTC),
            datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
        ],
    )
    async def test_a_time_is_the_same_moment_in_utc(self, db: Store, moment: datetime) -> None:
        await db.run(lambda: add("a"))
        await db.run(lambda: execute(SET_TIME(at=moment)))
        (row,) = await db.fetch(GET(id="a"))
        assert row["created_at"] == moment
        assert row["created_at"].tzinfo is UTC

    async def test_times_are_compared_as_moments(self, db: Store) -> None:
        await db.run(lambda: add("a"))
        seoul = timezone(timedelta(hours=9))
        assert await db.fetch(BEFORE(at=NOON.astimezone(seoul))) == []
        assert await db.fetch(BEFORE(at=(NOON + timedelta(microseconds=1)).astimezone(seoul))) == [{"id": "a"}]

    async def test_of_null_are_none(self, db: Store) -> None:
        await db.execute_script("INSERT INTO test_note (id, text) VALUES ('a', '')")
        assert (await db.fetch(GET(id="a")))[0]["created_at"] is None

    @pytest.mark.parametrize("text", ["한글 \U0001f600", "'; --", "{}", "$1 ? %s", "\x01\x7f", "x" * 100_000])
    async def test_texts_are_kept_as_they_are(self, db: Store, text: str) -> None:
        await db.run(lambda: add("a", text))
        assert (await db.fetch(GET(id="a")))[0]["text"] == text

    async def test_bytes_are_kept_as_they_are(self, db: Store) -> None:
        await db.execute_script("CREATE TABLE test_blob (content BYTEA NOT NULL)")
        put = prepare(lambda p: Note.raw("INSERT INTO test_blob VALUES ({})", p.content))
        await db.run(lambda: execute(put(content=bytes(range(256)))))
        assert await db.fetch(Sql("SELECT content FROM test_blob")) == [{"content": bytes(range(256))}]


LISTED = prepare(lambda p: Note.select(Note.id).where(Note.id.is_in(p.ids)).order_by(Note.id))


class TestLists:
    @pytest.mark.parametrize("length", [1, 3, 1024, 1025, 30_000, 31_000])
    async def test_are_spread_whatever_their_length(self, db: Store, length: int) -> None:
        await db.run(lambda: add("0"))
        assert await db.fetch(LISTED(ids=[f"{n}" for n in range(length)])) == [{"id": "0"}]
