"""ValidateToken in one box, through the port: a token that this process sees first, and one that it has seen.

The session's row is read from SQLite each time, so one that was ended is refused by the next call; that is checked.
"""

import statistics
import time
from pathlib import Path

from girok.context import acting_as
from plugins.auth.ports import AuthService, LogoutRequest, ValidateTokenRequest
from tests.bench.load import ROUNDS, in_folder
from tests.plugins.auth.stage import actor_of, stage_on

TOKENS = 400
LIMITS = {"seen first": 120.0, "seen before": 60.0}


async def _microseconds(port: AuthService, requests: list[ValidateTokenRequest]) -> float:
    """The median of a call, each of them in turn."""
    took: list[float] = []
    for each in requests:
        began = time.perf_counter()
        answer = await port.validate_token(each)
        took.append((time.perf_counter() - began) * 1e6)
        assert answer.valid
    return statistics.median(took)


async def _bench(folder: Path) -> None:
    seen: dict[str, list[float]] = {name: [] for name in LIMITS}
    async with stage_on(folder) as stage:
        ada = await stage.register("ada")
        for _ in range(ROUNDS):
            logins = [await stage.login("ada") for _ in range(TOKENS)]
            await stage.settle()
            requests = [ValidateTokenRequest(each.access_token) for each in logins]
            for name in LIMITS:
                seen[name].append(await _microseconds(stage.port, requests))
        with acting_as(actor_of(ada)):
            await stage.port.logout(LogoutRequest())
        ended = await stage.port.validate_token(ValidateTokenRequest(ada.access_token))
        assert not ended.valid
    print(f"\ntoken: {TOKENS} tokens in turn, median of a call, median of {ROUNDS}")
    for name, limit in LIMITS.items():
        print(f"  {name:<12} {statistics.median(seen[name]):7.1f} us   at most {limit:.0f}")


def main() -> None:
    """Run it."""
    in_folder(_bench)
