"""Feed on a real store and a real bus. Accounts are a small directory of names, which is all that feed asks of auth."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from girok.clock import SystemClock, Uuid7Factory
from girok.db.migrations import migrate
from girok.db.sqlite import SQLiteDatabase
from girok.events.local_bus import LocalBus
from girok.events.outbox import Outbox
from girok.keys import FileKeys
from girok.kit import Kit
from girok.objects.files import FileObjects
from girok.port import Ports, local_port
from girok.ratelimit import LocalRateLimiter
from girok.sections import Events
from girok.settings import Settings
from girok.testing.events import settle
from plugins.auth.errors import UserNotFound
from plugins.auth.ports import AuthService, GetUserByUsernameRequest, User
from plugins.feed.consumers import consumers
from plugins.feed.plugin import FeedSettings
from plugins.feed.ports import FeedService
from plugins.feed.service import build

__all__ = ["Accounts", "Stage", "stage_on"]


class Accounts:
    """Usernames and their users, as AuthService answers them."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._users: dict[str, User] = {}

    def add(self, username: str) -> User:
        """A new account."""
        user = User(
            id=self._kit.ids.new(), username=username, name=username, role="USER", created_at=self._kit.clock.now()
        )
        self._users[username] = user
        return user

    async def get_user_by_username(self, request: GetUserByUsernameRequest) -> User:
        """See AuthService."""
        if request.username not in self._users:
            raise UserNotFound
        return self._users[request.username]


class Stage:
    """What the tests look at."""

    def __init__(self, kit: Kit, bus: LocalBus, accounts: Accounts) -> None:
        self.kit = kit
        self.accounts = accounts
        self._bus = bus

    async def settle(self) -> None:
        """Wait until every event that is due has been handled."""
        await settle(self._bus)


@asynccontextmanager
async def stage_on(folder: Path, **feed: Any) -> AsyncGenerator[Stage, None]:
    """Feed with these settings on a store in `folder`."""
    clock = SystemClock()
    db = SQLiteDatabase(folder / "girok.db")
    await db.open()
    await migrate(db, ("girok", "feed"))
    keys = FileKeys(folder / "keys")
    objects = FileObjects(folder / "objects", base_url="", key=keys.get("objects"), clock=clock)
    settings = Settings(FeedSettings(**feed), Events())
    kit = Kit(settings, db, objects, LocalRateLimiter({}), clock, Uuid7Factory(clock), keys, Ports())
    accounts = Accounts(kit)
    kit.ports.add(AuthService, accounts)  # pyright: ignore[reportArgumentType] - the part of it that feed calls
    kit.ports.add(FeedService, local_port(FeedService, build(kit)))
    found = consumers(kit)
    db.outbox = outbox = Outbox(clock, kit.ids, found)
    bus = LocalBus(db, outbox, found, clock, settings.get(Events))
    await bus.start()
    try:
        yield Stage(kit, bus, accounts)
    finally:
        await bus.drain()
        await db.close()
