"""A deadline that costs a microsecond where it is met; `asyncio.timeout` costs eight."""

import asyncio
from types import TracebackType

__all__ = ["Deadline"]


class Deadline:
    """Cancels the body of `with` after so many seconds, and raises TimeoutError from it then; None for never."""

    __slots__ = ("_handle", "_has_passed", "_task")

    def __init__(self, seconds: float | None) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("no task runs here")
        self._task = task
        self._has_passed = False
        self._handle = asyncio.get_running_loop().call_later(seconds, self._pass) if seconds is not None else None

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._handle is not None:
            self._handle.cancel()
        # Where others want the task to end too, it ends.
        if self._has_passed and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _pass(self) -> None:
        self._has_passed = True
        self._task.cancel()
