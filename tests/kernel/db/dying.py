"""A process that migrates a database and kills itself at a chosen instant: `-m tests.kernel.db.dying ROOT DB AT`.

An instant is before each statement of a unit, before its commit, and after it; AT counts them from 0.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from girok.db.database import Database
from girok.db.migrations import migrate
from girok.db.sqlite import SQLiteDatabase
from girok.db.statement import Row, Statement
from girok.db.unit import Step, UnitFactory


class Dying:
    """`inner`, until the instant comes."""

    def __init__(self, inner: Database, at: int) -> None:
        self.dialect = inner.dialect
        self._inner = inner
        self._left = at

    async def fetch(self, statement: Statement) -> list[Row]:
        return await self._inner.fetch(statement)

    async def execute_script(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        self._instant()
        return await self._inner.execute_script(sql, values)

    async def run(self, unit: UnitFactory[Any]) -> Any:
        result = await self._inner.run(lambda: self._counted(unit()))
        self._instant()
        return result

    def _counted(self, unit: Generator[Step, list[Row], Any]) -> Generator[Step, list[Row], Any]:
        rows: Any = None
        while True:
            try:
                step = unit.send(rows)
            except StopIteration as end:
                self._instant()
                return end.value
            self._instant()
            rows = yield step

    def _instant(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


async def main(root: Path, path: Path, at: int) -> None:
    db = SQLiteDatabase(path)
    await db.open()
    await migrate(Dying(db, at), ["b", "a"], root)
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
