"""A request that waits."""

from collections.abc import Sequence

from litestar import get
from litestar.handlers import HTTPRouteHandler

from girok.kit import Kit
from tests.scenarios.waiting.gate import folder_of, wait

__all__ = ["routes"]


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    @get("/wait")
    async def waiting() -> str:
        await wait(folder_of(kit), "request")
        return "waited"

    return (waiting,)
