"""What feed keeps its data on: `@pytest.fixture(params=STORES)`."""

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from girok.db.database import Database
from girok.db.unit import Unit
from girok.mongo import Mongo
from girok.testing.box import TestBox, box_on
from girok.testing.mongo import new_database
from plugins.feed.documents import COLLECTIONS
from plugins.feed.repository import FeedRepository
from plugins.feed.repository_mongo import MongoFeedRepository
from plugins.feed.repository_sql import SqlFeedRepository
from tests.scenarios.invariants import NEVER
from tests.scenarios.remains import among, in_tables

__all__ = [
    "STORES",
    "FeedBox",
    "FirstDelivery",
    "Killed",
    "check_whole",
    "count_entries",
    "remains",
    "repository_that_dies",
]

FeedBox = Callable[..., AbstractAsyncContextManager[TestBox]]


@asynccontextmanager
async def on_mongo(server: str, data: Path, **options: Any) -> AsyncGenerator[TestBox, None]:
    """`box_on` with feed on an empty database of `server`."""
    async with (
        new_database(server) as url,
        box_on(data, GIROK_FEED_STORE="mongo", GIROK_MONGO_URL=url, **options) as box,
    ):
        yield box


STORES: Mapping[str, Callable[[pytest.FixtureRequest], FeedBox]] = {
    "sql": lambda _: box_on,
    "mongo": lambda request: partial(on_mongo, request.getfixturevalue("mongo_url")),
}


async def count_entries(box: TestBox) -> int:
    """How many posts stand in timelines, whoever sees them."""
    if box.kit.mongo is not None:
        return await box.kit.mongo.collection("feed_timeline").count_documents({})
    (row,) = await box.kit.db.execute_script("SELECT count(*) AS n FROM feed_timeline")
    return row["n"]


async def remains(box: TestBox, *words: str) -> dict[str, set[str]]:
    """Which of these words feed's tables and collections hold, by their names."""
    found = await in_tables(box.kit.db.execute_script, box.kit.db.dialect, words)
    return {name: held for name, held in (found | await _in_collections(box, words)).items() if name.startswith("feed")}


async def check_whole(box: TestBox) -> None:
    """What holds at any instant. (On MongoDB no number is stored that could be wrong.)"""
    for what, query in NEVER.items():
        assert await box.kit.db.execute_script(query) == [], what


class FirstDelivery:
    """One that nobody is done with."""

    def once(self) -> Unit[bool]:
        return True
        yield


class Killed(Exception):
    """The process is gone."""


class _DyingStore:
    """A store whose process is killed after so many units, or commands."""

    def __init__(self, store: Any, steps: int) -> None:
        self._store = store
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        if name in ("run", "attempt"):
            self._steps -= 1
            if self._steps < 0:
                raise Killed
        return getattr(self._store, name)


def repository_that_dies(box: TestBox, steps: int, chunk: int) -> FeedRepository:
    """Feed's storage of a process that is killed after so many steps."""
    if box.kit.mongo is not None:
        return MongoFeedRepository(cast("Mongo", _DyingStore(box.kit.mongo, steps)), chunk)
    return SqlFeedRepository(cast("Database", _DyingStore(box.kit.db, steps)), chunk)


async def _in_collections(box: TestBox, words: Collection[str]) -> dict[str, set[str]]:
    if box.kit.mongo is None:
        return {}
    collections = [box.kit.mongo.collection(each.name) for each in COLLECTIONS]
    found = {each.name: among(await each.find().to_list(), words) for each in collections}
    return {name: held for name, held in found.items() if held}
