"""REST of share links: /v1/share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from girok.clock import timestamp
from girok.errors import Forbidden, RateLimited
from girok.http.call import asks_for_headers_alone
from girok.http.openapi import answers
from girok.kit import Kit
from girok.sections import Web
from plugins.personal.errors import (
    InvalidExpiry,
    ResumeNotFound,
    ShareExpired,
    ShareInactive,
    ShareNotFound,
    TooManyShares,
)
from plugins.personal.http.callers import PRIVATE, AnyRequest, bearer_of, viewer_of
from plugins.personal.links import Duration, ShareLink, seen_by_a_person
from plugins.personal.service.shares import Shares
from plugins.personal.wire import Deleted, PublicResume

__all__ = ["routes"]

_UNLISTED = {"X-Robots-Tag": "noindex"}


class ShareBody(msgspec.Struct, frozen=True, rename="camel"):
    """`customExpiresAt` is needed with the duration custom, and counts with no other."""

    duration: Duration
    custom_expires_at: datetime | None = None


class ShareChangeBody(msgspec.Struct, frozen=True, rename="camel"):
    """What is absent or null stays. A duration counts from now; `customExpiresAt` alone is the duration custom."""

    duration: Duration | None = None
    custom_expires_at: datetime | None = None
    is_active: bool | None = None


class ShareView(msgspec.Struct, frozen=True, rename="camel"):
    """ShareLink, as its owner sees it."""

    id: str
    token: str
    resource_type: Literal["RESUME"]
    resource_id: str
    user_id: str
    expires_at: str | None
    is_active: bool
    view_count: int
    last_viewed_at: str | None
    share_url: str
    created_at: str
    updated_at: str


def routes(kit: Kit) -> Sequence[HTTPRouteHandler]:
    """All of them."""
    return [*_own(kit), *_public(kit)]


def _own(kit: Kit) -> Sequence[HTTPRouteHandler]:
    shares = kit.ports[Shares]
    bearer = bearer_of(kit)
    web_origin = kit.settings.get(Web).origins[0]

    @post("/v1/share/resume/{resume_id:str}", cache_control=PRIVATE)
    @answers(ResumeNotFound, InvalidExpiry, TooManyShares, Forbidden, bearer="required")
    async def create_share(request: AnyRequest, resume_id: FromPath[str], data: JSONBody[ShareBody]) -> ShareView:
        """A new link to one's own resume. Bearer."""
        async with bearer(request):
            return _view(await shares.create(resume_id, data.duration, data.custom_expires_at), web_origin)

    @get("/v1/share", cache_control=PRIVATE)
    @answers(Forbidden, bearer="required")
    async def list_shares(request: AnyRequest) -> list[ShareView]:
        """One's links, the newest first. Bearer."""
        async with bearer(request):
            return [_view(each, web_origin) for each in await shares.list()]

    @get("/v1/share/{link_id:str}", cache_control=PRIVATE)
    @answers(ShareNotFound, Forbidden, bearer="required")
    async def get_share(request: AnyRequest, link_id: FromPath[str]) -> ShareView:
        """One of one's links. Bearer."""
        async with bearer(request):
            return _view(await shares.get(link_id), web_origin)

    @patch("/v1/share/{link_id:str}", cache_control=PRIVATE)
    @answers(ShareNotFound, InvalidExpiry, Forbidden, bearer="required")
    async def change_share(request: AnyRequest, link_id: FromPath[str], data: JSONBody[ShareChangeBody]) -> ShareView:
        """Say anew how long it is good for, or switch it off and on. Bearer."""
        async with bearer(request):
            changed = await shares.change(
                link_id, duration=data.duration, custom=data.custom_expires_at, is_active=data.is_active
            )
            return _view(changed, web_origin)

    @delete("/v1/share/{link_id:str}", status_code=200)
    @answers(ShareNotFound, Forbidden, bearer="required")
    async def delete_share(request: AnyRequest, link_id: FromPath[str]) -> Deleted:
        """Delete it. Bearer."""
        async with bearer(request):
            await shares.delete(link_id)
        return Deleted(link_id)

    return create_share, list_shares, get_share, change_share, delete_share


def _public(kit: Kit) -> Sequence[HTTPRouteHandler]:
    shares = kit.ports[Shares]

    @get("/v1/share/public/{token:str}", cache_control=PRIVATE)
    @answers(ShareNotFound, ShareInactive, ShareExpired, RateLimited, bearer="optional")
    async def open_share(request: AnyRequest, token: FromPath[str]) -> Response[PublicResume]:
        """The resume, as far as others may see it; a view is counted, but for its owner's and robots'. Anyone."""
        headers = request.headers
        is_look = not asks_for_headers_alone(request.scope) and seen_by_a_person(
            headers.get("user-agent", ""), headers.get("sec-purpose", "")
        )
        resume = await shares.view(token, (lambda: viewer_of(kit, request)) if is_look else None)
        return Response(PublicResume.of(resume), headers=_UNLISTED)

    return (open_share,)


def _view(link: ShareLink, web_origin: str) -> ShareView:
    return ShareView(
        id=link.id,
        token=link.token,
        resource_type="RESUME",
        resource_id=link.resume_id,
        user_id=link.user_id,
        expires_at=timestamp(link.expires_at) if link.expires_at else None,
        is_active=link.is_active,
        view_count=link.view_count,
        last_viewed_at=timestamp(link.last_viewed_at) if link.last_viewed_at else None,
        share_url=f"{web_origin}/shared/{link.token}",
        created_at=timestamp(link.created_at),
        updated_at=timestamp(link.updated_at),
    )
