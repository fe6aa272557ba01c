"""Auth's storage on SQL: SQLite and PostgreSQL run the same statements."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from girok.db.database import Database
from girok.db.statement import Row, Statement
from girok.db.unit import Unit, emit, execute, first, rows
from plugins.auth import statements as sql
from plugins.auth.errors import EmailTaken, UsernameTaken, raise_first
from plugins.auth.events import UserLoggedIn, UserRegistered
from plugins.auth.repository import Account, Credentials, LivingSession, NewSession

__all__ = ["SqlAuthRepository"]


class SqlAuthRepository:
    """See AuthRepository. A session that nobody used for `idle` is over."""

    def __init__(self, db: Database, idle: timedelta) -> None:
        self._db = db
        self._idle = idle

    async def check_free(self, email_key: str, username: str) -> None:
        _refuse_taken(await self._db.fetch(sql.TAKEN(email_key=email_key, username=username)), email_key, username)

    async def register(
        self,
        account: Account,
        email_key: str,
        password_hash: str,
        session: NewSession,
        events: tuple[UserRegistered, UserLoggedIn],
    ) -> None:
        values = msgspec.structs.asdict(account)

        def unit() -> Unit[None]:
            insert = sql.INSERT_USER(**values, email_key=email_key, password_hash=password_hash)
            if not (yield from rows(insert)):
                # On PostgreSQL the insert has waited for the other registration, so its row can be seen now.
                taken = yield from rows(sql.TAKEN(email_key=email_key, username=account.username))
                _refuse_taken(taken, email_key, account.username)
            yield from execute(_insert(session))
            for event in events:
                yield from emit(event)

        await self._db.run(unit)

    async def credentials(self, email_key: str) -> Credentials | None:
        found = await self._db.fetch(sql.CREDENTIALS(email_key=email_key))
        return Credentials(_account(found[0]), found[0]["password_hash"]) if found else None

    async def replace_hash(self, user_id: str, old: str, new: str) -> None:
        await self._db.run(lambda: execute(sql.REPLACE_HASH(id=user_id, old=old, new=new)))

    async def open_session(self, session: NewSession, event: UserLoggedIn) -> None:
        def unit() -> Unit[None]:
            yield from execute(_insert(session))
            yield from emit(event)

        await self._db.run(unit)

    async def account(self, user_id: str) -> Account | None:
        found = await self._db.fetch(sql.ACCOUNT(id=user_id))
        return _account(found[0]) if found else None

    async def account_by_username(self, username: str) -> Account | None:
        found = await self._db.fetch(sql.ACCOUNT_BY_USERNAME(username=username))
        return _account(found[0]) if found else None

    async def accounts(self, user_ids: Sequence[str]) -> list[Account]:
        if not user_ids:
            return []
        return [_account(row) for row in await self._db.fetch(sql.ACCOUNTS(ids=list(user_ids)))]

    async def session_by_token(self, token_hash: str, now: datetime) -> LivingSession | None:
        found = await self._db.fetch(sql.SESSION_BY_TOKEN(token_hash=token_hash, now=now, idle_since=now - self._idle))
        return LivingSession(**found[0]) if found else None

    async def touch(self, session_id: str, now: datetime) -> None:
        await self._db.run(lambda: execute(sql.TOUCH(id=session_id, now=now)))

    async def sessions_of(self, user_id: str, now: datetime, limit: int) -> list[LivingSession]:
        found = await self._db.fetch(
            sql.SESSIONS_OF(user_id=user_id, now=now, idle_since=now - self._idle, limit=limit)
        )
        return [LivingSession(**row) for row in found]

    async def end_session(self, session_id: str, user_id: str, now: datetime) -> bool:
        def unit() -> Unit[bool]:
            return (yield from first(sql.END_SESSION(id=session_id, user_id=user_id, now=now))) is not None

        return await self._db.run(unit)

    async def end_other_sessions(self, user_id: str, kept: str, now: datetime) -> int:
        ended = sql.END_OTHER_SESSIONS(user_id=user_id, kept=kept, now=now, idle_since=now - self._idle)
        return len(await self._db.run(lambda: rows(ended)))


def _refuse_taken(found: Sequence[Row], email_key: str, username: str) -> None:
    """Raise what stands in the way of these two. The email comes first, as it does in a form."""
    raise_first(
        {
            "email": EmailTaken() if any(row["email_key"] == email_key for row in found) else None,
            "username": UsernameTaken() if any(row["username"] == username for row in found) else None,
        }
    )


def _insert(session: NewSession) -> Statement:
    return sql.INSERT_SESSION(**msgspec.structs.asdict(session))


def _account(row: Row) -> Account:
    return Account(
        id=row["id"],
        email=row["email"],
        username=row["username"],
        name=row["name"],
        role=row["role"],
        created_at=row["created_at"],
        avatar=row["avatar"],
        bio=row["bio"],
    )
