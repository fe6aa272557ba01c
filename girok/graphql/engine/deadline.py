"""A deadline that costs nothing where nothing has to be waited for; a timer costs as much as asking a resolver."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any

__all__ = ["within"]


async def within(seconds: float | None, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` in this task. Raises TimeoutError when it takes longer; None is for ever."""
    try:
        first = work.send(None)
    except StopIteration:
        return
    async with asyncio.timeout(seconds):
        await _Rest(work, first)


class _Rest:
    """What is left of a coroutine that was begun, and waits for `first`."""

    def __init__(self, work: Coroutine[Any, Any, None], first: Any) -> None:
        self._work = work
        self._first = first

    def __await__(self) -> Generator[Any, Any, None]:
        awaited = self._first
        while True:
            try:
                try:
                    sent = yield awaited
                except BaseException as error:  # noqa: BLE001 - a cancellation is for the coroutine, as is anything else
                    awaited = self._work.throw(error)
                else:
                    awaited = self._work.send(sent)
            except StopIteration:
                return
