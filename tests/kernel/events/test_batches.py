"""A batched handler: many events in one call and one unit, each of them once, and a bad one alone to blame."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from girok.context import current
from girok.db.database import Database
from girok.db.unit import Unit
from girok.errors import Unavailable
from girok.events.consumer import Batch, Batched, Consumer
from girok.testing.events import settle
from tests.kernel.events.stage import Liked, put, stage


def storing(sizes: list[int], *errors: Exception | None, size: int = 10) -> Callable[[Database], Sequence[Consumer]]:
    """A batch handler that notes the size of each batch, raises these call by call, then stores all of it."""
    left = list(errors)

    def consumers(db: Database) -> Sequence[Consumer]:
        async def handle(batch: Batch) -> None:
            def unit() -> Unit[None]:
                for event, _ in (yield from batch.once()):
                    yield from put(event.post_id)

            sizes.append(len(batch))
            if left and (error := left.pop(0)):
                raise error
            await db.run(unit)

        return [Consumer("test.batch", Liked, Batched(handle, size), in_flight=1)]

    return consumers


class TestBatch:
    async def test_holds_what_waits_and_no_more_than_its_size(self, tmp_path: Path) -> None:
        sizes: list[int] = []
        async with stage(tmp_path, storing(sizes), start=False) as on:
            await on.emit(*(Liked(f"p{n}") for n in range(25)))
            await on.bus.start()
            await settle(on.bus)
            assert await on.effects() == [f"p{n}" for n in range(25)]
            assert (sizes, await on.rows()) == ([10, 10, 5], [])
            (stats,) = await on.bus.stats()
        assert (stats.delivered, stats.failed) == (25, 0)

    async def test_that_failed_is_tried_one_by_one(self, tmp_path: Path) -> None:
        sizes: list[int] = []
        async with stage(tmp_path, storing(sizes, ValueError("all"), None, ValueError("one")), start=False) as on:
            await on.emit(Liked("p1"), Liked("p2"), Liked("p3"))
            await on.bus.start()
            async with asyncio.timeout(5):
                while len(await on.effects()) < 3:
                    await settle(on.bus)
            assert (sizes, await on.effects()) == ([3, 1, 1, 1, 1], ["p1", "p3", "p2"])
            (stats,) = await on.bus.stats()
        assert (stats.delivered, stats.failed) == (3, 1)

    async def test_waits_whole_for_what_is_away(self, tmp_path: Path) -> None:
        sizes: list[int] = []
        async with stage(tmp_path, storing(sizes, *[Unavailable()] * 4), start=False) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await on.bus.start()
            async with asyncio.timeout(5):
                while await on.rows():
                    await settle(on.bus)
            assert sorted(await on.effects()) == ["p1", "p2"]
            (stats,) = await on.bus.stats()
        assert (stats.failed, stats.dead) == (0, 0)

    async def test_with_an_unreadable_event_delivers_the_others(self, tmp_path: Path) -> None:
        sizes: list[int] = []
        async with stage(tmp_path, storing(sizes), start=False) as on:
            await on.emit(Liked("p1"), Liked("p2"), Liked("p3"))
            await on.db.execute_script("UPDATE event_outbox SET envelope = '{' WHERE envelope LIKE '%p2%'")
            await on.bus.start()
            await settle(on.bus)
            assert (sizes, await on.effects(), len(await on.bus.dead())) == ([2], ["p1", "p3"], 1)

    async def test_runs_under_the_id_of_its_first_event(self, tmp_path: Path) -> None:
        seen: list[tuple[str, list[str]]] = []

        async def handle(batch: Batch) -> None:
            seen.append((current().request_id, [delivery.envelope.id for _, delivery in batch]))

        consumer = Consumer("test.batch", Liked, Batched(handle))
        async with stage(tmp_path, lambda _: [consumer], start=False) as on:
            await on.emit(Liked("p1"), Liked("p2"))
            await on.bus.start()
            await settle(on.bus)
            assert await on.rows() == []
        ((request_id, ids),) = seen
        assert request_id == ids[0]
