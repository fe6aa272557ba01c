"""Looks into the SQLite file of a girok that does not run."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.scenarios.invariants import NEVER, NOT_WHEN_SETTLED

__all__ = ["check_settled", "check_whole", "select"]


def check_whole(path: Path) -> None:
    """What holds at any instant, that of a kill included. Works on a copy: girok itself is to do the recovery."""
    with _copied(path) as copy, closing(sqlite3.connect(copy)) as db:
        _check(db, NEVER)


def check_settled(path: Path) -> None:
    """What holds besides, once every event is handled."""
    check_whole(path)
    with _copied(path) as copy, closing(sqlite3.connect(copy)) as db:
        _check(db, NOT_WHEN_SETTLED)


def select(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query, as of the last commit. Works on a copy as above."""
    with _copied(path) as copy, closing(sqlite3.connect(copy)) as db:
        return db.execute(query).fetchall()


@contextmanager
def _copied(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for each in (path, path.with_name(f"{path.name}-wal")):
            if each.exists():
                shutil.copy(each, folder)
        yield Path(folder) / path.name


def _check(db: sqlite3.Connection, queries: dict[str, str]) -> None:
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    for what, query in queries.items():
        found = db.execute(query).fetchall()
        assert not found, f"{what}: {found[:5]} ({len(found)})"
