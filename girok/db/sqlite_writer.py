"""Group commit: queued units run in one transaction on the event loop, their COMMIT waits for the disk on a thread.

    call_soon -> BEGIN, unit, unit, ... -> [thread: COMMIT] -> callers are told -> the next group

While a commit is under way nothing else touches the connection, and units queue. The loop is held by a group for some
milliseconds at the most: one that is longer commits what it has, and a unit that alone is longer is undone and runs
again on the thread (`Work.apart`), where it may take its time while the others wait for it.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from girok.db.database import ConstraintViolation, OutboxHook, StoreUnavailable
from girok.db.sqlite_connection import LOCK_WAIT, Synchronous, connect
from girok.db.sqlite_errors import Interrupted, Locked
from girok.db.sqlite_work import Work, unavailable
from girok.db.unit import UnitFactory

__all__ = ["Writer"]

T = TypeVar("T")

_GROUP_SECONDS = 0.005
_GROUP_UNITS = 256
_UNIT_SECONDS = 0.020
_QUEUE_UNITS = 20_000
_CACHE_KIB = 8 * 1024


class Writer:
    """The one connection that writes.

    `units` and `groups` count what was committed, `reruns` the units that had to run once more.
    """

    def __init__(self) -> None:
        self.outbox: OutboxHook | None = None
        self.units = self.groups = self.reruns = 0
        self._queue: deque[Work[Any]] = deque()
        self._idle = asyncio.Event()
        self._idle.set()

    def open(self, path: Path, synchronous: Synchronous) -> None:
        """Open the file for this loop. Raises StoreUnreadable."""
        self._connection = connect(path, cache_kib=_CACHE_KIB, synchronous=synchronous)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="girok-commit")
        self._loop = asyncio.get_running_loop()

    def submit(self, unit: UnitFactory[T]) -> "asyncio.Future[T]":
        """Queue a unit; the future has its outcome once it is durable, and may be cancelled without effect on it.

        Raises StoreUnavailable when too many wait already: the disk does not keep up.
        """
        if len(self._queue) >= _QUEUE_UNITS:
            raise StoreUnavailable
        caller: asyncio.Future[T] = self._loop.create_future()
        self._queue.append(Work(unit, caller))
        if self._idle.is_set():
            self._idle.clear()
            self._loop.call_soon(self._next)
        return caller

    async def close(self) -> None:
        """Wait until everything queued is committed, then close."""
        await self._idle.wait()
        await self._loop.run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    def _next(self) -> None:
        if not self._queue:
            self._idle.set()
        elif self._queue[0].apart:
            work = self._queue.popleft()
            self._on_thread(lambda: self._run_apart(work), [work])
        elif group := self._run_group():
            self._on_thread(self._commit, group)
        else:
            self._loop.call_soon(self._next)

    def _run_group(self) -> list[Work[Any]]:
        """Run what is queued, as far as time allows: the units that wait for a commit now, none when it broke."""
        group: list[Work[Any]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            end = perf_counter() + _GROUP_SECONDS
            while self._queue and not self._queue[0].apart and _has_room(group, end):
                group.append(self._queue.popleft())
                self._run_unit(group[-1])
        except Interrupted:
            # A write that is interrupted takes its whole transaction with it, so the others run once more too.
            group[-1].apart = True
            self._again(group)
        except Exception as error:  # noqa: BLE001 - the group's callers must hear of it, and the next group must come
            if isinstance(error, Locked) and not group:
                self._queue[0].apart = True  # the thread can wait for the lock
            else:
                self._lose(group or self._waiting(), error)
        else:
            return group
        return []

    def _run_unit(self, work: Work[Any]) -> None:
        """Run a unit in a savepoint, which is undone when it raises: the savepoints of units never overlap."""
        self._connection.execute("SAVEPOINT unit")
        self._connection.guard(_UNIT_SECONDS)
        try:
            done = work.attempt(self._connection, self.outbox)
        finally:
            self._connection.guard(math.inf)
        if not done:
            self._connection.execute("ROLLBACK TO unit")
        self._connection.execute("RELEASE unit")

    def _on_thread(self, job: Callable[[], None], group: list[Work[Any]]) -> None:
        def tell(ended: Future[None]) -> None:
            self._loop.call_soon_threadsafe(self._ended, group, ended.exception())

        self._thread.submit(job).add_done_callback(tell)

    def _commit(self) -> None:
        self._connection.execute("COMMIT")

    def _run_apart(self, work: Work[Any]) -> None:
        self._connection.wait_for_locks(LOCK_WAIT)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            if work.attempt(self._connection, self.outbox):
                self._commit()
            else:
                self._connection.rollback()
        finally:
            self._connection.wait_for_locks(0)

    def _ended(self, group: list[Work[Any]], error: BaseException | None) -> None:
        """The thread is done with a group; `error` says why it is not durable."""
        self._loop.call_soon(self._next)
        if error is None:
            self._tell(group)
        elif not isinstance(error, ConstraintViolation):
            self._lose([*group, *self._waiting()] if isinstance(error, Locked) else group, error)
        elif group[0].apart:
            self._connection.rollback()
            group[0].error = error
            group[0].tell()
        else:
            # A deferred foreign key: alone, each will show whether it was the one.
            for work in group:
                work.apart = True
            self._again(group)

    def _tell(self, group: list[Work[Any]]) -> None:
        kept = [work for work in group if work.error is None]
        self.groups += 1
        self.units += len(kept)
        for work in group:
            work.tell()
        emitted = [event for work in kept for event in work.emitted]
        if self.outbox is not None and emitted:
            self.outbox.committed(emitted)

    def _again(self, group: list[Work[Any]]) -> None:
        """Undo the group and put it back to the head of the queue."""
        self._connection.rollback()
        self._queue.extendleft(reversed(group))
        self.reruns += len(group)

    def _lose(self, group: list[Work[Any]], cause: BaseException) -> None:
        """Undo the group and tell everybody in it that nothing is stored, whatever their unit said."""
        self._connection.rollback()
        for work in group:
            work.error = unavailable(cause)
            work.tell()

    def _waiting(self) -> list[Work[Any]]:
        waiting = list(self._queue)
        self._queue.clear()
        return waiting


def _has_room(group: list[Work[Any]], end: float) -> bool:
    return not group or (len(group) < _GROUP_UNITS and perf_counter() < end)
