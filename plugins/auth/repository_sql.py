"""Auth's storage on SQL: SQLite and PostgreSQL run the same statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from girok.context import Role
from girok.db.database import Database, UniqueViolation
from girok.db.statement import Row
from girok.db.unit import Unit, emit, execute, rows
from plugins.auth import statements as sql
from plugins.auth.audit import AuditEntry, entries, record
from plugins.auth.errors import EmailTaken, IdentityTaken, InvalidRefreshToken, UsernameTaken, UserNotFound, raise_first
from plugins.auth.events import UserErased
from plugins.auth.repository import (
    Account,
    Credentials,
    Identity,
    LivingSession,
    NewRefreshToken,
    Opening,
    PasswordChange,
    StoredKey,
    StoredSession,
    Ticket,
    TicketPurpose,
    Told,
)

__all__ = ["SqlAuthRepository", "SqlKeyRepository"]

_DAY = timedelta(days=1)
_SECOND_TELLING = timedelta(minutes=30)
"""After it a call that was let in before the erasure has long ended, or been given up."""


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
        shown: str | Identity | None,
        opening: Opening | None,
        told: Sequence[Told],
    ) -> None:
        values = msgspec.structs.asdict(account)
        password_hash = shown if isinstance(shown, str) else None

        def unit() -> Unit[None]:
            insert = sql.INSERT_USER(**values, email_key=email_key, password_hash=password_hash)
            if not (yield from rows(insert)):
                # On PostgreSQL the insert has waited for the other registration, so its row can be seen now.
                taken = yield from rows(sql.TAKEN(email_key=email_key, username=account.username))
                _refuse_taken(taken, email_key, account.username)
            if isinstance(shown, Identity):
                yield from _join(shown, account.id, account.created_at)
            if opening is not None:
                yield from _open(opening)
            yield from _tell(told)

        await self._db.run(unit)

    async def credentials(self, email_key: str) -> Credentials | None:
        return _credentials(await self._db.fetch(sql.CREDENTIALS(email_key=email_key)))

    async def credentials_of(self, user_id: str) -> Credentials | None:
        return _credentials(await self._db.fetch(sql.CREDENTIALS_BY_ID(id=user_id)))

    async def replace_hash(self, user_id: str, old: str, new: str) -> None:
        await self._db.run(lambda: execute(sql.SET_HASH(id=user_id, old=old, new=new)))

    async def change_password(self, change: PasswordChange, told: Sequence[Told]) -> bool:
        def unit() -> Unit[bool]:
            if change.ticket is None:
                changed = yield from rows(sql.SET_HASH(id=change.user_id, old=change.old, new=change.new))
            elif changed := (yield from rows(sql.TAKE_TICKET(hash=change.ticket))):
                changed = yield from rows(sql.SET_HASH_BY_TICKET(id=change.user_id, new=change.new))
                yield from execute(sql.SET_EMAIL_VERIFIED(id=change.user_id, now=change.now))
            if not changed:
                return False
            yield from execute(sql.REMOVE_TICKETS(user_id=change.user_id, purpose="RESET_PASSWORD"))
            yield from self._end_others(change.user_id, change.kept, change.now)
            yield from _tell(told)
            return True

        return await self._db.run(unit)

    async def verify_email(self, ticket: Ticket, now: datetime, *told: Told) -> bool:
        def unit() -> Unit[bool]:
            if not (yield from rows(sql.TAKE_TICKET(hash=ticket.hash))):
                return False
            yield from execute(sql.SET_EMAIL_VERIFIED(id=ticket.user_id, now=now))
            yield from _tell(told)
            return True

        return await self._db.run(unit)

    async def add_ticket(self, ticket: Ticket) -> None:
        await self._db.run(lambda: execute(sql.INSERT_TICKET(**msgspec.structs.asdict(ticket))))

    async def ticket(self, ticket_hash: str, purpose: TicketPurpose, now: datetime) -> Ticket | None:
        found = await self._db.fetch(sql.TICKET(hash=ticket_hash, purpose=purpose, now=now))
        return Ticket(**found[0]) if found else None

    async def use(self, ticket: Ticket) -> bool:
        return bool(await self._db.run(lambda: rows(sql.TAKE_TICKET(hash=ticket.hash))))

    async def account_of(self, identity: Identity) -> Credentials | None:
        return _credentials(await self._db.fetch(sql.CREDENTIALS_BY_IDENTITY(**identity._asdict())))

    async def link(self, identity: Identity, user_id: str, now: datetime, *told: Told) -> None:
        def unit() -> Unit[None]:
            yield from _join(identity, user_id, now)
            yield from _tell(told)

        await self._db.run(unit)

    async def erase(self, user_id: str, now: datetime, *told: Told) -> list[str] | None:
        def unit() -> Unit[list[str] | None]:
            if not (yield from rows(sql.ACCOUNT(id=user_id))):
                return None
            yield from _tell(told)  # first, so that the address of who erases themselves goes, too
            yield from execute(sql.ERASE_REFRESH_TOKENS(user_id=user_id))
            sessions = yield from rows(sql.ERASE_SESSIONS(user_id=user_id))
            for each in sql.ERASE_REST:
                yield from execute(each(user_id=user_id))
            yield from execute(sql.INSERT_ERASURE(user_id=user_id, now=now))
            return [row["id"] for row in sessions]

        return await self._db.run(unit)

    async def update_account(self, user_id: str, changes: Mapping[str, str | None]) -> Account:
        def unit() -> Unit[Account]:
            if not (found := (yield from rows(sql.ACCOUNT(id=user_id)))):
                raise UserNotFound
            changed = msgspec.structs.replace(_account(found[0]), **changes)
            update = sql.UPDATE_ACCOUNT(
                id=user_id, name=changed.name, username=changed.username, avatar=changed.avatar, bio=changed.bio
            )
            if not (yield from rows(update)):
                raise UsernameTaken
            return changed

        return await self._db.run(unit)

    async def open_session(self, opening: Opening, told: Sequence[Told]) -> None:
        def unit() -> Unit[None]:
            if not (yield from rows(sql.ACCOUNT(id=opening.session.user_id))):
                raise UserNotFound
            yield from _open(opening)
            yield from _tell(told)

        await self._db.run(unit)

    async def tell(self, *told: Told) -> None:
        await self._db.run(lambda: _tell(told))

    async def rotate(self, used: str, refresh: NewRefreshToken, now: datetime, grace: timedelta) -> bool:
        def unit() -> Unit[bool]:
            if (yield from rows(sql.UNUSED_REFRESH_TOKEN(id=refresh.id, session_id=refresh.session_id))):
                return True
            if not (yield from rows(sql.USE_REFRESH_TOKEN(id=used, now=now, used_up_since=now - grace))):
                return False
            yield from execute(sql.REMOVE_USED_UP(session_id=refresh.session_id, used_up_since=now - grace))
            yield from execute(sql.INSERT_REFRESH_TOKEN(**msgspec.structs.asdict(refresh)))
            return True

        try:
            return await self._db.run(unit)
        except UniqueViolation as error:
            raise InvalidRefreshToken from error

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

    async def session(self, session_id: str, now: datetime) -> LivingSession | None:
        found = await self._db.fetch(sql.SESSION(id=session_id, now=now, idle_since=now - self._idle))
        return LivingSession(**found[0]) if found else None

    async def touch(self, session_id: str, now: datetime) -> None:
        await self._db.run(lambda: execute(sql.TOUCH(id=session_id, now=now)))

    async def sessions_of(self, user_id: str, now: datetime, limit: int) -> list[LivingSession]:
        found = await self._db.fetch(
            sql.SESSIONS_OF(user_id=user_id, now=now, idle_since=now - self._idle, limit=limit)
        )
        return [LivingSession(**row) for row in found]

    async def stored_sessions(self, user_id: str, after: str, limit: int) -> list[StoredSession]:
        found = await self._db.fetch(sql.STORED_SESSIONS(user_id=user_id, after=after, limit=limit))
        return [StoredSession(**row) for row in found]

    async def end_session(self, session_id: str, user_id: str, now: datetime, *told: Told) -> bool:
        def unit() -> Unit[bool]:
            if (yield from rows(sql.END_SESSION(id=session_id, user_id=user_id, now=now))):
                yield from _tell(told)
                return True
            return bool((yield from rows(sql.HAS_SESSION(id=session_id, user_id=user_id))))

        return await self._db.run(unit)

    async def end_other_sessions(self, user_id: str, kept: str, now: datetime, *told: Told) -> int:
        def unit() -> Unit[int]:
            ended = yield from self._end_others(user_id, kept, now)
            if ended:
                yield from _tell(told)
            return ended

        return await self._db.run(unit)

    async def tell_erasures(self, now: datetime, limit: int) -> int:
        due = sql.ERASURES_TO_TELL(
            now=now,
            told_before=now - _DAY,
            erased_before=now - _SECOND_TELLING,
            erased_after=now - 31 * _DAY,
            limit=limit,
        )

        def unit() -> Unit[int]:
            found = yield from rows(due)
            yield from _tell([UserErased(user_id=row["user_id"]) for row in found])
            return len(found)

        return await self._db.run(unit)

    async def set_role(self, user_id: str, role: Role, *told: Told) -> None:
        def unit() -> Unit[None]:
            yield from execute(sql.SET_ROLE(id=user_id, role=role))
            yield from _tell(told)

        await self._db.run(unit)

    async def set_disabled(self, user_id: str, since: datetime | None, now: datetime, *told: Told) -> None:
        def unit() -> Unit[None]:
            yield from execute(sql.SET_DISABLED(id=user_id, since=since))
            if since is not None:
                yield from self._end_others(user_id, "", now)
            yield from _tell(told)

        await self._db.run(unit)

    async def page(self, after: str, limit: int) -> list[Account]:
        return [_account(row) for row in await self._db.fetch(sql.PAGE(after=after, limit=limit))]

    async def identities(self, user_id: str) -> list[Identity]:
        return [Identity(**row) for row in await self._db.fetch(sql.IDENTITIES(user_id=user_id))]

    async def audit(self, after: str, limit: int, user_id: str | None = None) -> list[AuditEntry]:
        return [AuditEntry(**row) for row in await self._db.fetch(entries(after, limit, user_id))]

    async def purge(self, now: datetime, keep: timedelta, limit: int) -> int:
        tickets = await self._db.run(lambda: rows(sql.PURGE_TICKETS(now=now, limit=limit)))
        over = {"ended_before": now - keep, "limit": limit}
        tokens = await self._db.run(lambda: rows(sql.PURGE_REFRESH_TOKENS(now=now, **over)))
        sessions = await self._db.run(lambda: rows(sql.PURGE_SESSIONS(**over)))
        return len(tickets) + len(tokens) + len(sessions)

    def _end_others(self, user_id: str, kept: str, now: datetime) -> Unit[int]:
        ended = sql.END_OTHER_SESSIONS(user_id=user_id, kept=kept, now=now, idle_since=now - self._idle)
        return len((yield from rows(ended)))


class SqlKeyRepository:
    """See KeyRepository."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def signing_keys(self) -> list[StoredKey]:
        return [StoredKey(**row) for row in await self._db.fetch(sql.SIGNING_KEYS())]

    async def add_key(self, key: StoredKey) -> None:
        await self._db.run(lambda: execute(sql.INSERT_SIGNING_KEY(**msgspec.structs.asdict(key))))

    async def remove_keys(self, ids: Sequence[str]) -> None:
        await self._db.run(lambda: execute(sql.REMOVE_SIGNING_KEYS(ids=list(ids))))


def _refuse_taken(found: Sequence[Row], email_key: str, username: str) -> None:
    """Raise what stands in the way of these two. The email comes first, as it does in a form."""
    raise_first(
        {
            "email": EmailTaken() if any(row["email_key"] == email_key for row in found) else None,
            "username": UsernameTaken() if any(row["username"] == username for row in found) else None,
        }
    )


def _join(identity: Identity, user_id: str, now: datetime) -> Unit[None]:
    """The identity is this account's, unless it has one: on PostgreSQL the insert waits for another's to end."""
    if not (yield from rows(sql.INSERT_IDENTITY(**identity._asdict(), user_id=user_id, now=now))):
        raise IdentityTaken


def _open(opening: Opening) -> Unit[None]:
    yield from execute(sql.INSERT_SESSION(**msgspec.structs.asdict(opening.session)))
    if opening.refresh is not None:
        yield from execute(sql.INSERT_REFRESH_TOKEN(**msgspec.structs.asdict(opening.refresh)))


def _tell(told: Sequence[Told]) -> Unit[None]:
    for each in told:
        yield from record(each) if isinstance(each, AuditEntry) else emit(each)


def _credentials(found: Sequence[Row]) -> Credentials | None:
    return Credentials(_account(found[0]), found[0]["password_hash"]) if found else None


def _account(row: Row) -> Account:
    return Account(**{name: row[name] for name in Account.__struct_fields__})
