"""Time and ids, injected so that a test controls them; and how a time is written for others to read."""

import os
import threading
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "IdFactory", "SystemClock", "Uuid7Factory", "timestamp"]


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The present, timezone-aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present, timezone-aware, UTC."""
        return datetime.now(UTC)


class IdFactory(Protocol):
    """Where ids come from."""

    def new(self) -> str:
        """A new UUIDv7, later ones of one process sorting after earlier ones."""
        ...


class Uuid7Factory:
    """UUIDv7 (RFC 9562), monotonic within the process: method 1, a 42-bit counter seeded at random each millisecond."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_ms = 0
        self._counter = 0

    def new(self) -> str:
        """A new id in its canonical text form."""
        now_ms = int(self._clock.now().timestamp() * 1000)
        with self._lock:
            if now_ms > self._last_ms:
                self._last_ms = now_ms
                # The top bit stays clear: 2**41 ids fit into a millisecond before the counter overflows.
                self._counter = int.from_bytes(os.urandom(6)) >> 7
            else:
                self._counter += 1
            ms, counter = self._last_ms, self._counter
        rand_a, counter_low = counter >> 30, counter & 0x3FFF_FFFF
        value = ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | counter_low << 32 | int.from_bytes(os.urandom(4))
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def timestamp(moment: datetime) -> str:
    """`2026-11-05T08:00:00.123Z`. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
