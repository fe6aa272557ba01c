"""Stand-in until SQLiteDatabase exists."""

import sqlite3
from pathlib import Path
import piccolo.engine.sqlite  # noqa: F401 registers converters
from girok.db.table import _Text


class SQLiteDatabase:
    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path

    async def open(self) -> None:
        self.c = sqlite3.connect(self.path, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES)
        self.c.row_factory = lambda cur, row: {d[0]: v for d, v in zip(cur.description, row)}
        self.c.execute("PRAGMA journal_mode=WAL")

    async def close(self) -> None:
        self.c.close()

    async def fetch(self, statement):
        return self.c.execute(*statement.sql("sqlite")).fetchall()

    async def run(self, unit):
        self.c.execute("BEGIN IMMEDIATE")
        try:
            g = unit()
            step = next(g)
            while True:
                try:
                    rows = self.c.execute(*step.sql("sqlite")).fetchall()
                except sqlite3.Error as e:
                    step = g.throw(e)
                else:
                    step = g.send(rows)
        except StopIteration as s:
            self.c.execute("COMMIT")
            return s.value
        except BaseException:
            self.c.execute("ROLLBACK")
            raise

    async def execute_script(self, sql, values=None):
        return await self.fetch(_Text(sql, values or []))
