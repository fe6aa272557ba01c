"""The page at `/`: what runs here and where to go, in English and Korean."""

from collections.abc import Collection, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from girok.context import Locale, current
from girok.errors import Text
from girok.http.pages import page_headers

__all__ = ["landing", "page"]

_HERE = Path(__file__).parent
_TAGLINE = Text("Career and social platform in one process", "한 프로세스에 담은 커리어·소셜 플랫폼")
_RUNNING = Text("Running", "실행 중")
_DOORS = Text("Where to go", "바로가기")
_ROLES = Text("What runs here", "여기에서 실행 중인 역할")
_TRY = Text("Try it", "사용해 보기")


_QUERY = "{ __schema { queryType { fields { name } } } }"
"""What any schema answers, and a visitor wants to know first."""


class _Door(NamedTuple):
    path: str
    name: Text
    about: Text
    query: str = ""


_ALL_DOORS = (
    _Door(
        "/graphql",
        Text("GraphQL", "GraphQL"),
        Text("Everything the apps do, over one endpoint.", "앱의 모든 기능을 한 곳에서 제공합니다."),
        urlencode({"query": _QUERY}, quote_via=quote),
    ),
    _Door(
        "/schema",
        Text("REST reference", "REST 문서"),
        Text("Routes and types, to browse.", "경로와 타입을 살펴볼 수 있습니다."),
    ),
    _Door(
        "/readyz",
        Text("Health", "상태"),
        Text("Whether this process can serve, and why not.", "요청을 처리할 수 있는지 알려 줍니다."),
    ),
)


def landing(roles: Mapping[str, str], version: str) -> HTTPRouteHandler:
    """The handler of `/`. `roles` are those that run here, with what they do."""
    style = (_HERE / "landing.css").read_text("utf-8")
    headers = {**page_headers(style), "Vary": "Accept-Language"}

    @get("/", include_in_schema=False)
    async def index(request: Request[Any, Any, Any]) -> Response[str]:
        locale = current().locale
        paths = {route.path for route in request.app.routes}
        origin = f"{request.scope['scheme']}://{request.headers.get('host', 'localhost')}"
        html = page(locale, roles=roles, version=version, paths=paths, origin=origin, style=style)
        return Response(html, media_type="text/html", headers={**headers, "Content-Language": locale})

    return index


def page(
    locale: Locale, *, roles: Mapping[str, str], version: str, paths: Collection[str], origin: str, style: str
) -> str:
    """The document. Doors to what is not among `paths` are left out."""
    doors = [door for door in _ALL_DOORS if door.path in paths]
    return Template((_HERE / "landing.html").read_text("utf-8")).substitute(
        lang=locale,
        style=style,
        tagline=_TAGLINE.of(locale),
        running=_RUNNING.of(locale),
        version=escape(version),
        doors_title=_DOORS.of(locale),
        doors="\n".join(_door(door, locale) for door in doors),
        roles_title=_ROLES.of(locale),
        count=len(roles),
        roles="\n".join(_role(name, summary) for name, summary in roles.items()),
        try_it=_try_it(origin, locale) if "/graphql" in paths else "",
    )


def _door(door: _Door, locale: Locale) -> str:
    link = f"{door.path}?{door.query}".rstrip("?")
    return (
        f'<a href="{link}"><b>{door.name.of(locale)}</b> <code>{door.path}</code>'
        f"<small>{door.about.of(locale)}</small></a>"
    )


def _role(name: str, summary: str) -> str:
    return f'<li><b>{escape(name)}</b> <span lang="en">{escape(summary)}</span></li>'


def _try_it(origin: str, locale: Locale) -> str:
    body = f"""'{{"query": "{_QUERY}"}}'"""
    command = f"curl {origin}/graphql \\\n  -H 'Content-Type: application/json' \\\n  -d {body}"
    return f'<section aria-labelledby="try"><h2 id="try">{_TRY.of(locale)}</h2><pre>{escape(command)}</pre></section>'
