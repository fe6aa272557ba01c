"""The routes of social login behind the real edge, with accounts that only remember who came."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx

from girok.errors import GirokError
from girok.http.app import build_http
from girok.http.cors import Origins
from girok.keys import FileKeys
from girok.kit import Kit
from girok.ratelimit import LocalRateLimiter
from girok.sections import Http, Log, Metrics, Web
from girok.settings import Settings
from girok.telemetry.health import Health
from girok.telemetry.metrics import Metrics as Counters
from girok.testing.client import Browser
from plugins.auth.plugin import MANIFEST
from plugins.auth.social.http import routes
from plugins.auth.social.login import SocialLogin
from plugins.auth.social.outgoing import Outgoing
from plugins.auth.social.profile import SocialProfile
from plugins.auth.social.providers import Provider, providers
from plugins.auth.social.settings import SocialSettings

__all__ = ["BACK", "HERE", "WEB", "Accounts", "MovableClock", "Stage"]

HERE = "http://127.0.0.1:8787"
WEB = "https://girok.example"
BACK = f"{WEB}/auth/callback"
"""Where browsers are sent in the end."""


class MovableClock:
    """The machine's clock, ahead by `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Accounts:
    """What `SocialAccounts` asks for; everybody is welcome, unless there is a `refusal`."""

    def __init__(self) -> None:
        self.came: list[SocialProfile] = []
        self.devices: list[str | None] = []
        self.browsers: list[str] = []
        self.refusal: GirokError | None = None

    async def sign_in(self, profile: SocialProfile, device: str | None) -> str:
        self._admit(profile)
        self.devices.append(device)
        return "the.access.token"

    async def hold(self, profile: SocialProfile, browser: str) -> str:
        self._admit(profile)
        self.browsers.append(browser)
        return "the-code"

    def _admit(self, profile: SocialProfile) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.came.append(profile)


class Stage:
    """What the tests look at."""

    def __init__(self, folder: Path, settings: SocialSettings, *, seconds: float = 10.0, limited: bool = False) -> None:
        web = Web(origins=(WEB, "https://other.example"))
        sections = Settings(settings, web, Http(), Log(), Metrics())
        self.clock = MovableClock()
        self.accounts = Accounts()
        self.outgoing = Outgoing(seconds)
        self.keys = FileKeys(folder / "keys")
        limiter = LocalRateLimiter(MANIFEST.limits, enabled=limited)
        kit = cast("Kit", SimpleNamespace(settings=sections, keys=self.keys, clock=self.clock, limiter=limiter))
        self.providers = {each.id: each for each in providers(settings)}
        self.login = SocialLogin(list(self.providers.values()), self.keys, self.clock, self.outgoing)
        self.edge = build_http(
            routes(kit, self.accounts, self.outgoing),
            settings=sections,
            roles={},
            health=Health(Metrics()),
            metrics=Counters(version="1", roles=[]),
            origins=Origins(web.origins, development=True),
            clock=self.clock,
        ).edge

    def provider(self, name: str) -> Provider:
        return self.providers[name]

    def browser(self, base_url: str = HERE, address: str = "127.0.0.1") -> Browser:
        """A browser with no cookie, at an address."""
        return Browser(base_url, httpx.ASGITransport(self.edge, client=(address, 50_000)))
