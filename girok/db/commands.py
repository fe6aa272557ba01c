"""The control command of the store: `migrate.status`."""

from collections.abc import Mapping, Sequence
from typing import Any

from girok.command import Command
from girok.db.database import Database
from girok.db.migrations import DomainStatus, status

__all__ = ["store_commands"]


def store_commands(db: Database, domains: Sequence[str]) -> Mapping[str, Command]:
    """`migrate.status {}` tells where each of `domains` stands; see girok.db.migrations.status."""

    async def standing(_: dict[str, Any]) -> tuple[DomainStatus, ...]:
        return await status(db, domains)

    return {"migrate.status": standing}
