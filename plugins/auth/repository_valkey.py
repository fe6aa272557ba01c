"""Sessions of a cluster: whether one lives is asked of Valkey, which is filled from SQL. SQL alone owns them.

Two keys. `session:{id}` holds the user of a session, which never changes, and an answer of SQL: the session as it was
read, with the generation of its user under which it was read. `user:{id}` holds the user's present generation, a random
word, for a minute at most. An answer counts while its generation is the present one. A lookup that finds none that
counts is told the present generation, a new one where there is none; then it reads SQL, and stores what it read under
that generation. So a session is read from SQL at its first two uses, then once a minute.

What ends a session, or changes what one says, does so in three steps:

1. put the word `changing` in the place of the user's generation. When Valkey cannot be told, nothing is changed.
2. change it in SQL.
3. put `changing` there again; only then is the end acknowledged.

From 3 on no answer from before 2 counts: whoever read SQL before 2 was told its generation before that, `changing` took
the place of every generation that was there until 3, and none comes again. However slow a reader is, and however late
Valkey does what it was sent, no clock and no time limit is part of this. The rest:

- Killed between two steps, nothing was acknowledged; `changing` stands for a minute, in which all read SQL. Only when
  it is lost in just that minute (see below), a session that was ended so may be seen for another minute.
- Valkey restarts, and what it was told last is lost (up to two seconds with `appendfsync everysec`, kill -9 suffices):
  an old generation may stand there again. A generation begins with the server's run id, which every start draws anew,
  and counts only in that run; so it is when a replica takes over. Keys that are evicted or flushed are misses.
- Valkey is away: SQL is read. SQL is away: what was read within the last minute counts. Both: the answer is no.
- A use (`touch`) changes nothing that matters here. But a session whose use is due to be written is read from SQL,
  so that it is written once and not for a minute by every call; nor can one lie idle unnoticed.
- Expiry is compared with the caller's clock, as SQL does it.
"""

import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import msgspec

from girok.context import Role
from girok.valkey import Script, Valkey, ValkeyUnavailable
from plugins.auth.repository import AuthRepository, LivingSession, PasswordChange, Told

__all__ = ["ValkeyAuthRepository"]

_SESSION = "girok:auth:session:"
_USER = "girok:auth:user:"
_CHANGING = "changing"
_GENERATION_MS = 60_000
_SESSION_MS = 3_600_000
_AT_ONCE = 1000
_LOOKUP = Script("""
local user, answered, session = unpack(redis.call('HMGET', KEYS[1], 'user', 'generation', 'session'))
if not user then
  return {false, false, false}
end
local key = ARGV[1] .. user
local present = redis.call('GET', key)
if present == ARGV[2] then
  return {user, false, false}
end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if not present or string.sub(present, 1, #run) ~= run then
  present = run .. ARGV[3]
  redis.call('SET', key, present, 'PX', ARGV[4])
end
return {user, present, answered == present and session}
""")
"""The user of a session, the generation to store under, and the answer that counts; each false without one."""
_STORE = Script("""
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'generation', ARGV[2], 'session', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
""")
_DECODER = msgspec.msgpack.Decoder(LivingSession)


class ValkeyAuthRepository:
    """See AuthRepository; `inner` is the one on SQL. A session unused for `touch_every` is due to be touched."""

    def __init__(self, inner: AuthRepository, valkey: Valkey, *, touch_every: timedelta) -> None:
        self._inner = inner
        self._valkey = valkey
        self._touch_every = touch_every
        # As they are. What ends a session, or changes a session's user, is no such method: see `_changing`.
        self.check_free = inner.check_free
        self.register = inner.register
        self.credentials = inner.credentials
        self.credentials_of = inner.credentials_of
        self.update_account = inner.update_account
        self.tell = inner.tell
        self.verify_email = inner.verify_email
        self.add_ticket = inner.add_ticket
        self.ticket = inner.ticket
        self.use = inner.use
        self.account_of = inner.account_of
        self.link = inner.link
        self.replace_hash = inner.replace_hash
        self.open_session = inner.open_session
        self.rotate = inner.rotate
        self.page = inner.page
        self.identities = inner.identities
        self.audit = inner.audit
        self.purge = inner.purge
        self.tell_erasures = inner.tell_erasures
        self.account = inner.account
        self.account_by_username = inner.account_by_username
        self.accounts = inner.accounts
        self.touch = inner.touch
        self.sessions_of = inner.sessions_of
        self.stored_sessions = inner.stored_sessions

    async def session(self, session_id: str, now: datetime) -> LivingSession | None:
        key = _SESSION + session_id
        try:
            # Never sent twice: done late, a second one would bring its generation back.
            user, generation, answer = await self._valkey.run(
                _LOOKUP, [key], [_USER, _CHANGING, secrets.token_hex(16), _GENERATION_MS]
            )
        except ValkeyUnavailable:
            return await self._inner.session(session_id, now)
        known = _decoded(answer)
        if known is not None and self._counts(known, now):
            return known
        session = await self._inner.session(session_id, now)
        if session is not None and self._counts(session, now) and (generation or not user):
            # Without it the answer is as right, and the next call stores it.
            with suppress(ValkeyUnavailable):
                values = [session.user_id, generation or "", msgspec.msgpack.encode(session), _SESSION_MS]
                await self._valkey.run(_STORE, [key], values, idempotent=True)
        return session

    async def end_session(self, session_id: str, user_id: str, now: datetime, *told: Told) -> bool:
        async with self._changing(user_id):
            return await self._inner.end_session(session_id, user_id, now, *told)

    async def end_other_sessions(self, user_id: str, kept: str, now: datetime, *told: Told) -> int:
        async with self._changing(user_id):
            return await self._inner.end_other_sessions(user_id, kept, now, *told)

    async def change_password(self, change: PasswordChange, told: Sequence[Told]) -> bool:
        async with self._changing(change.user_id):
            return await self._inner.change_password(change, told)

    async def erase(self, user_id: str, now: datetime, *told: Told) -> list[str] | None:
        async with self._changing(user_id):
            sessions = await self._inner.erase(user_id, now, *told)
        # Nobody is let in by them any more; what they say of somebody goes, too. (What is being read at this moment may
        # be stored after it, and goes within the hour.)
        for start in range(0, len(sessions or ()), _AT_ONCE):
            keys = [_SESSION + each for each in (sessions or ())[start : start + _AT_ONCE]]
            await self._valkey.command("UNLINK", *keys, idempotent=True)
        return sessions

    async def set_role(self, user_id: str, role: Role, *told: Told) -> None:
        async with self._changing(user_id):
            await self._inner.set_role(user_id, role, *told)

    async def set_disabled(self, user_id: str, since: datetime | None, now: datetime, *told: Told) -> None:
        async with self._changing(user_id):
            await self._inner.set_disabled(user_id, since, now, *told)

    @asynccontextmanager
    async def _changing(self, user_id: str) -> AsyncGenerator[None, None]:
        """Around whatever ends sessions of this user, or changes what they say. Raises ValkeyUnavailable."""
        await self._mark(user_id)
        yield
        await self._mark(user_id)

    async def _mark(self, user_id: str) -> None:
        await self._valkey.command("SET", _USER + user_id, _CHANGING, "PX", _GENERATION_MS, idempotent=True)

    def _counts(self, session: LivingSession, now: datetime) -> bool:
        """It has not expired, and no use of it is due to be written."""
        return session.expires_at > now and session.last_used_at > now - self._touch_every


def _decoded(answer: bytes | None) -> LivingSession | None:
    """The session; None for what another version of girok stored in another form."""
    if answer is None:
        return None
    try:
        return _DECODER.decode(answer)
    except msgspec.MsgspecError:
        return None
