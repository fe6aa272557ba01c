"""How long a session lives, what its use costs, and that its end is seen at once everywhere."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from girok.context import acting_as
from girok.errors import Unavailable
from plugins.auth.ports import (
    EndOtherSessionsRequest,
    ListSessionsRequest,
    LogoutRequest,
    Session,
    ValidateTokenRequest,
    ValidateTokenResponse,
)
from plugins.auth.service import build
from tests.plugins.auth.stage import Stage, actor_of, stage_on

DAY = 24 * 3600.0
MINUTE = 60.0


async def validate(stage: Stage, token: str) -> ValidateTokenResponse:
    return await stage.port.validate_token(ValidateTokenRequest(token))


async def use(stage: Stage, token: str) -> bool:
    """Whether it is valid, once that this was its use is written."""
    valid = (await validate(stage, token)).valid
    await stage.service.settle()
    return valid


async def last_use(stage: Stage) -> datetime:
    (found,) = await stage.column("auth_session", "last_used_at")
    return found


async def listed(stage: Stage, actor: object) -> tuple[Session, ...]:
    with acting_as(actor):  # pyright: ignore[reportArgumentType] - what `actor_of` gave
        return (await stage.port.list_sessions(ListSessionsRequest())).sessions


class TestLife:
    async def test_without_use_it_is_over_after_14_days(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        stage.clock.advance(14 * DAY - 1)
        assert await use(stage, token)
        stage.clock.advance(14 * DAY)
        assert not await use(stage, token)

    async def test_in_use_it_goes_on_to_90_days_and_no_further(self, stage: Stage) -> None:
        new = await stage.register("ada")
        for _ in range(8):
            stage.clock.advance(11 * DAY)
            assert await use(stage, new.access_token)
        stage.clock.advance(2 * DAY - 1)
        assert await use(stage, new.access_token)
        assert new.expires_at - stage.clock.now() == timedelta(seconds=1)
        stage.clock.advance(1)
        assert not await use(stage, new.access_token)

    async def test_settings_say_how_long(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, session_idle_days=2, session_days=3) as stage:
            token = (await stage.register("ada")).access_token
            stage.clock.advance(2 * DAY - 1)
            assert await use(stage, token)
            stage.clock.advance(DAY + 1)
            assert not await use(stage, token)

    async def test_what_is_over_is_neither_listed_nor_ended(self, stage: Stage) -> None:
        await stage.register("ada")
        stage.clock.advance(14 * DAY)
        ada = actor_of(await stage.login("ada"))
        assert [each.current for each in await listed(stage, ada)] == [True]
        with acting_as(ada):
            assert (await stage.port.end_other_sessions(EndOtherSessionsRequest())).ended == 0

    async def test_last_used_ones_are_listed_first(self, stage: Stage) -> None:
        first = await stage.register("ada")
        stage.clock.advance(MINUTE)
        second = await stage.login("ada")
        ids = [each.id for each in await listed(stage, actor_of(first))]
        stage.clock.advance(10 * MINUTE)
        await use(stage, first.access_token)
        assert ids == [second.session_id, first.session_id]
        assert [each.id for each in await listed(stage, actor_of(first))] == [first.session_id, second.session_id]

    async def test_outlives_the_process(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path) as stage:
            token = (await stage.register("ada")).access_token
        async with stage_on(tmp_path) as stage:
            assert await use(stage, token)

    async def test_another_role_is_seen_by_the_next_call(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        await stage.db.execute_script("UPDATE auth_user SET role = 'MANAGER'")
        assert (await validate(stage, token)).role == "MANAGER"

    async def test_end_is_seen_by_another_service_on_the_same_store(self, stage: Stage) -> None:
        new = await stage.register("ada")
        other = build(stage.kit)
        assert (await other.validate_token(ValidateTokenRequest(new.access_token))).valid
        with acting_as(actor_of(new)):
            await stage.port.logout(LogoutRequest())
        assert not (await other.validate_token(ValidateTokenRequest(new.access_token))).valid
        await other.aclose()


class TestUse:
    async def test_is_written_once_in_five_minutes(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        began = await last_use(stage)
        stage.clock.advance(5 * MINUTE - 1)
        await use(stage, token)
        assert await last_use(stage) == began
        stage.clock.advance(1)
        await use(stage, token)
        assert await last_use(stage) == began + timedelta(minutes=5)

    async def test_many_calls_at_once_write_once(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        await stage.settle()
        units = stage.db.units
        stage.clock.advance(10 * MINUTE)
        assert all(each.valid for each in await asyncio.gather(*(validate(stage, token) for _ in range(50))))
        await stage.service.settle()
        assert stage.db.units - units == 1

    async def test_a_call_is_one_read_and_waits_for_no_write(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        await stage.settle()
        began = await last_use(stage)
        stage.clock.advance(10 * MINUTE)
        reads = stage.cable.reads
        assert (await validate(stage, token)).valid
        assert stage.cable.reads - reads == 1
        assert await last_use(stage) == began
        await stage.service.aclose()
        assert await last_use(stage) == stage.clock.now()

    async def test_a_store_that_cannot_write_ends_no_call_and_the_next_use_is_written(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        began = await last_use(stage)
        stage.clock.advance(10 * MINUTE)
        stage.cable.writable = False
        assert await use(stage, token)
        assert await last_use(stage) == began
        stage.cable.writable = True
        assert await use(stage, token)
        assert await last_use(stage) == stage.clock.now()

    async def test_a_store_that_cannot_read_is_no_yes(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        stage.cable.readable = False
        with pytest.raises(Unavailable):
            await validate(stage, token)

    async def test_what_is_no_token_asks_the_store_nothing(self, stage: Stage) -> None:
        token = (await stage.register("ada")).access_token
        reads = stage.cable.reads
        for bad in ("", "\x00", token[:-1], f"{token[:-4]}AAAA"):
            assert not (await validate(stage, bad)).valid
        assert stage.cable.reads == reads


class TestStored:
    async def test_no_token_is_stored_nor_anything_of_its_signature(self, stage: Stage) -> None:
        new = await stage.register("ada")
        stored = repr(await stage.dump())
        assert new.session_id in stored
        for token in (new.access_token, new.refresh_token):
            signature = token.rpartition(".")[2]
            hashed = [hashlib.sha256(each.encode()) for each in (token, signature)]
            secrets = [token, signature, *(each.hexdigest() for each in hashed)]
            secrets += [str(each.digest()) for each in hashed]
            assert [each for each in secrets if each in stored] == []

    async def test_a_session_that_ended_stays_for_the_record_for_30_days(self, stage: Stage) -> None:
        ada = actor_of(await stage.register("ada"))
        ended_at = stage.clock.now()
        for _ in range(2):
            with acting_as(ada):
                await stage.port.logout(LogoutRequest())
            stage.clock.advance(DAY)
        await stage.service.upkeep.once()
        assert await stage.column("auth_session", "ended_at") == [ended_at]
        stage.clock.advance(28 * DAY)
        await stage.service.upkeep.once()
        assert (await stage.column("auth_session", "id"), await stage.column("auth_refresh_token", "id")) == ([], [])
