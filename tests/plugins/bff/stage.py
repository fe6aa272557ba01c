"""The whole front door in process: real auth and feed on a real store, the real edge around /graphql."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from girok.db.migrations import migrate
from girok.http.app import build_http
from girok.http.cors import Origins
from girok.http.edge import Edge
from girok.kit import Kit
from girok.port import local_port
from girok.sections import Http, Log, Metrics, Web
from girok.settings import Settings
from girok.telemetry.health import Health
from girok.telemetry.metrics import Metrics as Counters
from girok.testing.client import Browser
from plugins.auth.plugin import AuthSettings
from plugins.bff.http import routes
from plugins.bff.plugin import SessionSettings
from plugins.feed.plugin import FeedSettings
from plugins.feed.ports import FeedService
from plugins.feed.service import build as build_feed
from tests.plugins.auth import stage as auth_stage

__all__ = ["HERE", "WEB", "Stage", "stage_on"]

HERE = "http://127.0.0.1:8787"
WEB = "https://girok.example"
"""A configured web origin."""


class Stage:
    """What the tests look at."""

    def __init__(self, auth: auth_stage.Stage, kit: Kit, edge: Edge) -> None:
        self.auth = auth
        self.kit = kit
        self.edge = edge

    def browser(self, base_url: str = HERE) -> Browser:
        """A browser with no cookie."""
        return Browser(base_url, httpx.ASGITransport(self.edge, client=("127.0.0.1", 50_000)))

    async def rows(self) -> list[dict[str, Any]]:
        """What is stored of sessions."""
        return await self.kit.db.execute_script("SELECT * FROM bff_session ORDER BY created_at")


@asynccontextmanager
async def stage_on(folder: Path, *, insecure: bool = False, auth: Any = ()) -> AsyncGenerator[Stage, None]:
    """The front door on a store in `folder`; `auth` are settings of auth."""
    async with auth_stage.stage_on(folder, **dict(auth)) as opened:
        await migrate(opened.kit.db, ("girok", "auth", "bff", "feed"))
        web = Web(origins=(WEB,))
        settings = Settings(
            opened.kit.settings.get(AuthSettings),
            FeedSettings(),
            SessionSettings(insecure=insecure),
            web,
            Http(),
            Log(),
        )
        kit = replace(opened.kit, settings=settings)
        kit.ports.add(FeedService, local_port(FeedService, build_feed(kit)))
        app = build_http(
            routes(kit),
            settings=settings,
            roles={},
            health=Health(Metrics()),
            metrics=Counters(version="test", roles=()),
            origins=Origins(web.origins, development=False),
            clock=kit.clock,
        )
        yield Stage(opened, kit, app.edge)
