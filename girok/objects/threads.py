"""Blocking file work on threads, with its failures as errors of ours."""

import asyncio
import errno
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from girok.objects.port import ObjectsUnavailable, StorageFull

__all__ = ["on_thread"]

P = ParamSpec("P")
T = TypeVar("T")

# EFBIG is a limit on the size of files (ulimit -f): for who writes, the same as a full disk.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


async def on_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The call's result. Raises StorageFull or ObjectsUnavailable for an OSError, and passes on what else it raises.

    Returns only when the thread is done, cancelled or not, so that no caller closes a file that is being written.
    """
    # An executor's future, not a task of asyncio.to_thread: a loop that ends cancels tasks while their thread runs on.
    work = asyncio.get_running_loop().run_in_executor(None, partial(call, *args, **kwargs))
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait((work,))
        except asyncio.CancelledError as error:
            cancelled = error
    failure = work.exception()
    if cancelled is not None:
        raise cancelled
    if isinstance(failure, OSError):
        raise (StorageFull if failure.errno in _FULL else ObjectsUnavailable) from failure
    return work.result()
