"""Whatever units run at once, the outcome is that of running them one after another, as they were started."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from girok.db.database import UniqueViolation
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Sql
from girok.db.unit import Unit, first, rows
from tests.kernel.db.notes import LIKE, add, opened

Notes: TypeAlias = dict[str, int]
Seen: TypeAlias = tuple[object, ...]


@dataclass(frozen=True)
class Step:
    """`add` fails where the note exists, `try` goes on then, `like` tells the new count."""

    kind: Literal["add", "try", "like"]
    note: str


@dataclass(frozen=True)
class Script:
    """A unit: its steps, and whether it raises in the end."""

    steps: tuple[Step, ...]
    raises: bool


class Raised(Exception):
    """What a script that raises raises."""


def unit(script: Script) -> Unit[Seen]:
    seen: list[object] = []
    for step in script.steps:
        seen.append((yield from _RUN[step.kind](step.note)))  # noqa: PERF401 - nothing yields in a comprehension
    if script.raises:
        raise Raised
    return tuple(seen)


def _try(note: str) -> Unit[str]:
    try:
        yield from add(note)
    except UniqueViolation:
        return "there"
    return "added"


_RUN = {"add": add, "try": _try, "like": lambda note: first(LIKE(id=note))}


def expected(script: Script, notes: Notes) -> tuple[object, Notes]:
    """What the unit gives, or the type of what it raises, and the notes after it."""
    after, seen = dict(notes), list[object]()
    for step in script.steps:
        there = step.note in after
        if step.kind == "add" and there:
            return UniqueViolation, notes
        if step.kind == "like":
            after.update({step.note: after[step.note] + 1} if there else {})
            seen.append({"likes": after[step.note]} if there else None)
        else:
            after.setdefault(step.note, 0)
            seen.append(None if step.kind == "add" else "there" if there else "added")
    return (Raised, notes) if script.raises else (tuple(seen), after)


steps = st.builds(Step, st.sampled_from(["add", "try", "like"]), st.sampled_from("abcde"))
scripts = st.builds(Script, st.lists(steps, max_size=5).map(tuple), st.booleans())
bursts = st.lists(st.lists(scripts, max_size=12), max_size=4)


async def run(db: SQLiteDatabase, batches: Sequence[Sequence[Script]]) -> list[object]:
    """Start the units of a burst at once, the next burst while their commit is under way."""
    tasks: list[asyncio.Task[Seen]] = []
    for batch in batches:
        tasks += [asyncio.create_task(db.run(lambda script=script: unit(script))) for script in batch]
        for _ in range(3):
            await asyncio.sleep(0)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [type(each) if isinstance(each, BaseException) else each for each in results]


async def check(batches: Sequence[Sequence[Script]]) -> None:
    with TemporaryDirectory() as folder:
        db = await opened(SQLiteDatabase(Path(folder) / "girok.db", synchronous="NORMAL"))
        outcomes = await run(db, batches)
        stored = await db.run(lambda: rows(Sql("SELECT id, likes FROM test_note")))
        await db.close()
    notes: Notes = {}
    for script, outcome in zip((each for batch in batches for each in batch), outcomes, strict=True):
        told, notes = expected(script, notes)
        assert outcome == told
    assert {row["id"]: row["likes"] for row in stored} == notes


class TestUnitsAtOnce:
    @settings(max_examples=50, deadline=None)
    @given(bursts)
    def test_are_as_if_one_after_another(self, batches: list[list[Script]]) -> None:
        asyncio.run(check(batches))
