"""What feed keeps its data on: `@pytest.fixture(params=STORES)`."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from girok.testing.box import TestBox, box_on
from girok.testing.mongo import new_database

__all__ = ["STORES", "FeedBox", "count_entries"]

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
