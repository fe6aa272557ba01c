"""Who a store is: an id that it is given once and keeps, through copies and restores too."""

from piccolo.columns import Integer, Varchar

from girok.clock import IdFactory
from girok.db.database import Database
from girok.db.statement import prepare
from girok.db.table import Table
from girok.db.unit import Unit, execute, rows

__all__ = ["StoreIdentity", "store_id"]


class StoreIdentity(Table, tablename="girok_store"):
    """The one row, number 1."""

    number = Integer(primary_key=True)
    id = Varchar(36)


_GIVE = prepare(
    lambda p: StoreIdentity.raw("INSERT INTO girok_store (number, id) VALUES (1, {}) ON CONFLICT DO NOTHING", p.id)
)
_FIND = prepare(lambda _: StoreIdentity.raw("SELECT id FROM girok_store WHERE number = 1"))


async def store_id(db: Database, ids: IdFactory) -> str:
    """The id of a migrated store. Raises StoreUnavailable."""

    def unit() -> Unit[str]:
        yield from execute(_GIVE(id=ids.new()))
        (row,) = yield from rows(_FIND())
        return row["id"]

    return await db.run(unit)
