"""Who calls a route of personal: a bearer where one is needed, somebody or nobody where it is public."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, TypeAlias

from litestar import Request
from litestar.datastructures import CacheControlHeader

from girok.context import current
from girok.errors import Unavailable
from girok.kit import Kit
from plugins.auth.ports import AuthService, BrowserSessions, as_bearer

__all__ = ["PRIVATE", "AnyRequest", "Bearer", "bearer_of", "viewer_of"]

AnyRequest: TypeAlias = Request[Any, Any, Any]
Bearer: TypeAlias = Callable[[AnyRequest], AbstractAsyncContextManager[object]]
PRIVATE = CacheControlHeader(no_store=True)


def bearer_of(kit: Kit) -> Bearer:
    """What runs a route as the user of its bearer. Raises Unauthenticated, InvalidBearer; Forbidden for a guest's."""
    auth = kit.ports[AuthService]

    def bearer(request: AnyRequest) -> AbstractAsyncContextManager[object]:
        return as_bearer(auth, request.headers.get("authorization"), request.headers.get("origin"))

    return bearer


async def viewer_of(kit: Kit, request: AnyRequest) -> str | None:
    """The id of who looks at what everybody may see, by bearer or session; None for nobody and whatever is not valid.

    A session's cookie is known where the bff runs in this process; elsewhere it counts as nobody's.
    """
    authorization, cookie = request.headers.get("authorization"), request.headers.get("cookie")
    with suppress(Unavailable):  # what everybody may see does not wait for auth
        if authorization is not None:
            async with as_bearer(kit.ports[AuthService], authorization, request.headers.get("origin"), lenient=True):
                actor = current().actor
                return actor.user_id if actor else None
        if cookie is not None and BrowserSessions in kit.ports:
            actor = await kit.ports[BrowserSessions].actor_of_cookie(cookie)
            return actor.user_id if actor else None
    return None
