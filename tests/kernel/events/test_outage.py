"""What a consumer needs is away: how long it waits, and what it says of it."""

import logging

import pytest

from girok.db.database import StoreUnavailable
from girok.events.outage import LONGEST_WAIT, Outage
from girok.sections import Events


@pytest.fixture
def outage() -> Outage:
    return Outage("feed.fan-out", Events(retry_seconds=0.000_001))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage().partition(",")[0] for record in caplog.records]


async def meet(outage: Outage, times: int) -> None:
    """So often in a row, each time once the wait before it is over."""
    for _ in range(times):
        outage._resume_at = 0.0
        outage.met(StoreUnavailable())


class TestOutage:
    async def test_is_waited_for_longer_each_time_but_its_end_is_seen_soon(self, outage: Outage) -> None:
        waits: list[float] = []
        for _ in range(40):
            await meet(outage, 1)
            waits.append(outage.rest)
        assert waits[0] < waits[10] < waits[20] < LONGEST_WAIT
        assert 0.9 * LONGEST_WAIT < waits[-1] <= LONGEST_WAIT

    async def test_is_told_when_it_begins_and_when_it_is_over(
        self, outage: Outage, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        outage.over()
        await meet(outage, 5)
        outage.over()
        outage.over()
        await meet(outage, 5)
        outage.over()
        assert told(caplog) == ["consumer feed.fan-out waits", "consumer feed.fan-out goes on"] * 2
