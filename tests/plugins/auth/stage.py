"""Auth on a real store and a real bus, with hashes that cost little and a clock that a test sets."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any

from girok.clock import Uuid7Factory
from girok.context import Actor
from girok.db.database import Store
from girok.db.migrations import migrate
from girok.db.statement import Row
from girok.events.consumer import Consumer, Delivery
from girok.events.event import Event
from girok.events.local_bus import LocalBus
from girok.events.outbox import Outbox
from girok.keys import FileKeys
from girok.kit import Kit
from girok.mail.folder import FolderMailer
from girok.objects.files import FileObjects
from girok.port import Ports, local_port
from girok.ratelimit import LocalRateLimiter
from girok.sections import Events, Web
from girok.settings import Settings
from girok.testing.events import settle
from girok.testing.store import store_in
from girok.valkey import Valkey
from plugins.auth import tables
from plugins.auth.consumers import consumers
from plugins.auth.events import UserErased, UserLoggedIn, UserRegistered
from plugins.auth.plugin import MANIFEST, AuthSettings
from plugins.auth.ports import AuthService, LoginRequest, LoginResponse, RegisterRequest, RegisterResponse
from plugins.auth.service import Auth, build
from tests.kernel.events.stage import FaultyDatabase, HandClock, Sql

__all__ = ["PASSWORD", "Stage", "actor_of", "registration", "stage_on"]

PASSWORD = "Str0ng!pass"
CHEAP = {"argon2_memory_kib": 64, "argon2_passes": 1, "access_token_minutes": 525_600, "refresh_token_days": 400}
"""Hashes that cost little, and tokens that outlive their sessions."""


class Stage:
    """What the tests look at. `told` are the events that the bus delivered, `db` is the store behind the cable."""

    def __init__(
        self, kit: Kit, service: Auth, db: Store, cable: FaultyDatabase, clock: HandClock, mailbox: Path
    ) -> None:
        self.kit = kit
        self.db = db
        self.service = service
        self.cable = cable
        self.clock = clock
        self.mailbox = mailbox
        self.port = local_port(AuthService, service)
        self.told: list[Event] = []
        self.bus: LocalBus

    async def register(self, username: str, **fields: Any) -> RegisterResponse:
        """A new account."""
        return await self.port.register(registration(username, **fields))

    async def login(self, username: str, password: str = PASSWORD, device: str | None = None) -> LoginResponse:
        """A new session."""
        return await self.port.login(LoginRequest(f"{username}@example.org", password, device))

    async def settle(self) -> list[Event]:
        """The events that were delivered until now."""
        await settle(self.bus)
        return self.told

    async def mails(self, to: str) -> list[str]:
        """The texts of the mails to somebody until now, the oldest first."""
        await settle(self.bus)
        parsed = [message_from_bytes(each.read_bytes(), policy=SMTP) for each in sorted(self.mailbox.iterdir())]
        return [str(each.get_body(("plain",)).get_content()) for each in parsed if each["To"] == f"{to}@example.org"]

    async def link(self, to: str) -> str:
        """The token of the link in the last mail to somebody."""
        (token,) = re.findall(r"\?token=([\w-]+)", (await self.mails(to))[-1])
        return token

    async def dump(self) -> dict[str, list[Row]]:
        """Everything that auth stores, by table."""
        names = [getattr(tables, each)._meta.tablename for each in tables.__all__]
        return {name: list(await self.kit.db.fetch(Sql(f"SELECT * FROM {name}"))) for name in names}

    async def column(self, table: str, name: str) -> list[Any]:
        """One column of a table, row by row."""
        return [row[name] for row in await self.kit.db.fetch(Sql(f"SELECT {name} FROM {table} ORDER BY id"))]

    def listeners(self, own: Sequence[Consumer]) -> list[Consumer]:
        """Auth's own consumers, and those that keep what the tests look at."""
        events = {"registered": UserRegistered, "login": UserLoggedIn, "erased": UserErased}
        return [*(Consumer(f"test.{name}", event, self.note) for name, event in events.items()), *own]

    async def note(self, event: Event, delivery: Delivery) -> None:
        """Keep an event."""
        self.told.append(event)


def registration(username: str, **fields: Any) -> RegisterRequest:
    """A good one, but for `fields`."""
    good = {
        "email": f"{username}@example.org",
        "username": username,
        "password": PASSWORD,
        "name": username.title(),
    }
    return RegisterRequest(**{**good, **fields})


def actor_of(signed_in: RegisterResponse | LoginResponse) -> Actor:
    """Who acts with this session."""
    return Actor(signed_in.user.id, signed_in.user.role, signed_in.session_id)


@asynccontextmanager
async def stage_on(
    folder: Path, *, limited: bool = False, valkey: Valkey | None = None, **auth: Any
) -> AsyncGenerator[Stage, None]:
    """Auth with these settings on a store in `folder`; with `valkey`, as a process of a cluster."""
    clock = HandClock()
    async with AsyncExitStack() as stack:
        db = await store_in(folder)
        stack.push_async_callback(db.close)
        await migrate(db, ("girok", "auth"))
        cable = FaultyDatabase(db)
        keys = FileKeys(folder / "keys")
        objects = FileObjects(folder / "objects", base_url="", key=keys.get("objects"), clock=clock)
        settings = Settings(AuthSettings(**{**CHEAP, **auth}), Events(), Web())
        limiter = LocalRateLimiter(MANIFEST.limits, enabled=limited, monotonic=lambda: clock.now().timestamp())
        mail = FolderMailer(folder / "mail", sender="girok <girok@localhost>")
        kit = Kit(settings, cable, objects, limiter, clock, Uuid7Factory(clock), keys, Ports(), mail, valkey)
        stage = Stage(kit, build(kit), db, cable, clock, folder / "mail")
        stack.push_async_callback(stage.service.aclose)
        kit.ports.add(AuthService, stage.port)
        # They have the store itself: what goes through the cable is what the tests ask for.
        found = stage.listeners(consumers(replace(kit, db=db)))
        db.outbox = outbox = Outbox(clock, kit.ids, found)
        await stage.service.start()
        stage.bus = LocalBus(db, outbox, found, clock, settings.get(Events))
        await stage.bus.start()
        stack.push_async_callback(stage.bus.drain)
        stack.callback(setattr, cable, "writable", True)
        yield stage
