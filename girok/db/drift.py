"""Whether the Piccolo tables say what the migrated schema is: both are written by hand, and a test compares them."""

# pyright: reportPrivateUsage=false
# Piccolo tells a table's name and columns by `_meta` only.

from collections.abc import Iterable, Mapping
from types import ModuleType

import msgspec
from piccolo.columns import Column

from girok.db.database import Database
from girok.db.statement import Row, Sql
from girok.db.table import Table, dialect_of

__all__ = ["differences", "tables_of"]


class _Shape(msgspec.Struct, frozen=True):
    """A column as declared. `type` has PostgreSQL's name, as in the migrations."""

    type: str
    null: bool

    def __str__(self) -> str:
        return self.type if self.null else f"{self.type} NOT NULL"


_Shapes = Mapping[str, Mapping[str, _Shape]]

_SCHEMA = {
    "sqlite": Sql(
        'SELECT t.name AS "table", c.name AS "column", c.type AS "type", c."notnull" AS "not_null" '
        "FROM sqlite_master AS t JOIN pragma_table_info(t.name) AS c "
        "WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    ),
    "postgres": Sql(
        'SELECT c.relname AS "table", a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS "type", '
        'a.attnotnull AS "not_null" FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid '
        "WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped "
        "AND c.relnamespace <> 'pg_catalog'::regnamespace ORDER BY a.attnum"
    ),
}
_SHORT = {"CHARACTER VARYING": "VARCHAR", "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ", "CHARACTER": "CHAR"}
"""How migrations write the types that PostgreSQL names in full."""


def tables_of(module: ModuleType) -> list[type[Table]]:
    """The Piccolo tables that a `tables.py` (or another module) defines, in its order."""
    return [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Table) and each.__module__ == module.__name__
    ]


async def differences(db: Database, tables: Iterable[type[Table]]) -> list[str]:
    """One line for each difference between `tables` and the schema of `db`: names, types, NOT NULL.

    A difference is also a table or column that one of them has and the other has not.
    """
    declared = _declared(tables)
    migrated = _migrated(await db.fetch(_SCHEMA[db.dialect]))
    found = [f"{name}: in no migration" for name in sorted(declared.keys() - migrated.keys())]
    found += [f"{name}: no table class" for name in sorted(migrated.keys() - declared.keys())]
    for name in sorted(declared.keys() & migrated.keys()):
        found += _columns(name, declared[name], migrated[name])
    return found


def _columns(table: str, declared: Mapping[str, _Shape], migrated: Mapping[str, _Shape]) -> list[str]:
    found = [f"{table}.{name}: in no migration" for name in declared if name not in migrated]
    found += [f"{table}.{name}: not in the table class" for name in migrated if name not in declared]
    return found + [
        f"{table}.{name}: {shape} in the table class, {migrated[name]} in the migrations"
        for name, shape in declared.items()
        if migrated.get(name, shape) != shape
    ]


def _declared(tables: Iterable[type[Table]]) -> _Shapes:
    with dialect_of("postgres"):
        return {
            each._meta.tablename: {column._meta.db_column_name: _shape(column) for column in each._meta.columns}  # noqa: SLF001
            for each in tables
        }


def _shape(column: Column) -> _Shape:
    return _Shape(column.column_type, column._meta.null)  # noqa: SLF001


def _migrated(found: Iterable[Row]) -> _Shapes:
    shapes: dict[str, dict[str, _Shape]] = {}
    for row in found:
        name, bracket, size = row["type"].upper().partition("(")
        shape = _Shape(f"{_SHORT.get(name, name)}{bracket}{size}", not row["not_null"])
        shapes.setdefault(row["table"], {})[row["column"]] = shape
    return shapes
