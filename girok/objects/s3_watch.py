"""Whether S3 answers: after a call that failed it is asked until it does, and meanwhile nobody waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress

from girok.objects.port import ObjectsUnavailable

__all__ = ["S3Watch"]

_ASK_EVERY = 0.3
_log = logging.getLogger(__name__)


class S3Watch:
    """`probe` gives None when S3 is well, else why not; it must come back soon. `where` is for the log."""

    def __init__(self, where: str, probe: Callable[[], Awaitable[str | None]]) -> None:
        self._where = where
        self._probe = probe
        self._wrong: str | None = None
        self._asking: asyncio.Task[None] | None = None

    @contextmanager
    def using(self) -> Generator[None, None, None]:
        """Around every use of S3. Raises ObjectsUnavailable at once while it is known to be away."""
        if self._wrong is not None:
            raise ObjectsUnavailable from ConnectionError(self._wrong)
        try:
            yield
        except ObjectsUnavailable:
            self._ask()
            raise

    async def health(self) -> str | None:
        """A probe for /readyz: it asks S3 itself, so that nobody has to fail first."""
        if self._wrong is None and not await self._is_well():
            self._ask()
        return self._wrong and f"{self._where}: {self._wrong}"

    async def aclose(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking

    def _ask(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._until_well())

    async def _until_well(self) -> None:
        while not await self._is_well():  # noqa: ASYNC110 - another machine has no event to wait for
            await asyncio.sleep(_ASK_EVERY)

    async def _is_well(self) -> bool:
        wrong = await self._probe()
        if wrong is not None and self._wrong is None:
            extra = {"endpoint": self._where, "why": wrong}
            _log.warning("S3 is away: what needs files is refused until it is back", extra=extra)
        if wrong is None and self._wrong is not None:
            _log.info("S3 is back", extra={"endpoint": self._where})
        self._wrong = wrong
        return wrong is None
