"""The keys that sign tokens: one at a time, sealed, replaced in time, shared by processes through the database."""

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from girok.refusal import Refusal
from plugins.auth.ports import LoginRequest, RefreshRequest
from plugins.auth.service import Auth, build
from plugins.auth.signing import KeysSealed
from tests.plugins.auth.forge import forged, is_valid, key_of, parts
from tests.plugins.auth.stage import PASSWORD, Stage, stage_on

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
async def other(stage: Stage) -> AsyncIterator[Auth]:
    """Another process on the same database."""
    service = build(stage.kit)
    yield service
    await service.aclose()


async def numbers(stage: Stage) -> list[int]:
    return sorted(await stage.column("auth_signing_key", "number"))


async def published(stage: Stage) -> list[object]:
    return [each["kid"] for each in (await stage.service.keys.published())["keys"]]


class TestFirstKey:
    async def test_is_made_at_the_first_start_and_kept(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path) as stage:
            made = (await key_of(stage)).id
        async with stage_on(tmp_path) as stage:
            assert (await key_of(stage)).id == made
            assert await numbers(stage) == [0]

    async def test_is_one_though_processes_start_at_once(self, stage: Stage) -> None:
        for _ in range(3):
            await stage.db.execute_script("DELETE FROM auth_signing_key")
            processes = [build(stage.kit) for _ in range(4)]
            await asyncio.gather(*(each.start() for each in processes))
            keys = {(await each.keys.signing(stage.clock.now())).id for each in processes}
            await asyncio.gather(*(each.aclose() for each in processes))
            assert await stage.column("auth_signing_key", "id") == [*keys]

    async def test_is_nowhere_stored_unsealed(self, stage: Stage, tmp_path: Path) -> None:
        key = (await key_of(stage)).private
        await stage.register("ada")
        numbers = [key.as_dict(private=True)[name] for name in ("d", "p", "q", "dp", "dq", "qi")]
        raw = [base64.urlsafe_b64decode(f"{each}==") for each in numbers]
        lines = b"".join(key.as_pem(private=True).splitlines()[1:-1])
        stored = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
        rows = await stage.dump()
        assert len(rows["auth_signing_key"]) == 1
        stored += b"".join(value for row in rows["auth_signing_key"] for value in row.values() if type(value) is bytes)
        secrets = [*raw, *(each[::-1] for each in raw), lines[:64], lines[-64:], b"PRIVATE KEY"]
        assert [each for each in secrets if each in stored] == []

    async def test_is_published_without_its_private_half(self, stage: Stage) -> None:
        (key,) = (await stage.service.keys.published())["keys"]
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
        assert (key["kid"], key["kty"], key["use"], key["alg"]) == ((await key_of(stage)).id, "RSA", "sig", "RS256")
        assert re.fullmatch(r"[\w-]{342}", str(key["n"]))


class TestNextKey:
    async def test_is_published_an_hour_before_it_signs(self, stage: Stage) -> None:
        first = (await key_of(stage)).id
        stage.clock.advance(90 * DAY - HOUR - 1)
        await stage.service.upkeep.once()
        assert await published(stage) == [first]
        stage.clock.advance(1)
        await stage.service.upkeep.once()
        assert (await published(stage))[0] == first
        stage.clock.advance(HOUR - 1)
        assert (await key_of(stage)).id == first
        stage.clock.advance(1)
        assert await published(stage) == [first, (await key_of(stage)).id]
        assert (await key_of(stage)).id != first

    async def test_waits_its_hour_though_nothing_ran_for_long(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path) as stage:
            first = (await key_of(stage)).id
            stage.clock.advance(300 * DAY)
            await stage.service.upkeep.once()
            assert (await key_of(stage)).id == first
            stage.clock.advance(HOUR)
            assert (await key_of(stage)).id != first

    async def test_settings_say_when(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, signing_key_days=1) as stage:
            for expected in ([0, 1], [0, 1, 2]):
                stage.clock.advance(DAY)
                await stage.service.upkeep.once()
                assert await numbers(stage) == expected

    async def test_is_one_though_processes_make_it_at_once(self, stage: Stage) -> None:
        processes = [build(stage.kit) for _ in range(4)]
        stage.clock.advance(90 * DAY)
        await asyncio.gather(*(each.upkeep.once() for each in processes))
        assert await numbers(stage) == [0, 1]
        await asyncio.gather(*(each.aclose() for each in processes))

    async def test_leaves_the_last_one_until_none_of_its_tokens_can_be_left(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, refresh_token_days=31, session_idle_days=40) as stage:
            stage.clock.advance(90 * DAY)
            await stage.service.upkeep.once()
            stage.clock.advance(HOUR - 1)
            last = await stage.register("ada")
            stage.clock.advance(31 * DAY - 1)
            await stage.service.upkeep.once()
            assert (await stage.port.refresh(RefreshRequest(last.refresh_token))).access_token
            stage.clock.advance(1)
            await stage.service.upkeep.once()
            assert await numbers(stage) == [0, 1]
            stage.clock.advance(1)
            await stage.service.upkeep.once()
            assert await numbers(stage) == [1]
            assert await stage.service.keys.verifying(parts(last.refresh_token)[0]["kid"]) is None


class TestAnotherProcess:
    async def test_has_its_new_key_found_by_the_tokens_it_signs(self, stage: Stage, other: Auth) -> None:
        await stage.register("ada")
        stage.clock.advance(90 * DAY)
        await other.keys.renew()
        stage.clock.advance(HOUR)
        new = await other.login(LoginRequest("ada@example.org", PASSWORD))
        assert parts(new.access_token)[0]["kid"] != (await key_of(stage)).id
        assert await is_valid(stage, new.access_token)

    async def test_cannot_be_made_up_to_load_the_database(self, stage: Stage) -> None:
        header, payload = parts((await stage.register("ada")).access_token)
        key = (await key_of(stage)).private
        bad = [forged(key, {**header, "kid": f"made-up-{number}"}, payload) for number in range(20)]
        await stage.settle()
        stage.clock.advance(1)
        for expected in (1, 0, 0):
            reads = stage.cable.reads
            assert not any(await asyncio.gather(*(is_valid(stage, each) for each in bad)))
            assert stage.cable.reads - reads == expected
        stage.clock.advance(1)
        reads = stage.cable.reads
        assert not await is_valid(stage, bad[0])
        assert stage.cable.reads - reads == 1


class TestSecretsOfAnotherInstallation:
    async def test_stop_the_start_with_one_sentence(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path) as stage:
            made = (await key_of(stage)).id
        (tmp_path / "keys").rename(tmp_path / "lost")
        with pytest.raises(Refusal, match=r"^the keys in the database .*GIROK_CLUSTER_SECRET.*auth_signing_key"):
            async with stage_on(tmp_path):
                """It does not come to this."""
        shutil.rmtree(tmp_path / "keys")
        (tmp_path / "lost").rename(tmp_path / "keys")
        async with stage_on(tmp_path) as stage:
            assert (await key_of(stage)).id == made

    async def test_at_run_time_are_unavailable_and_no_reason_to_stop(self, stage: Stage) -> None:
        header, payload = parts((await stage.register("ada")).access_token)
        key = await key_of(stage)
        row = "'theirs', 7, private_key, created_at, signs_from FROM auth_signing_key"
        await stage.db.execute_script(f"INSERT INTO auth_signing_key SELECT {row}")
        stage.clock.advance(1)
        with pytest.raises(KeysSealed):
            await is_valid(stage, forged(key.private, {**header, "kid": "theirs"}, payload))
        assert await is_valid(stage, forged(key.private, header, payload))
        assert (await stage.login("ada")).user.username == "ada"

    async def test_are_over_once_the_rows_are_deleted(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path) as stage:
            old = await stage.register("ada")
            await stage.db.execute_script("DELETE FROM auth_signing_key")
        shutil.rmtree(tmp_path / "keys")
        async with stage_on(tmp_path) as stage:
            assert not await is_valid(stage, old.access_token)
            new = await stage.login("ada")
            assert new.expires_at - stage.clock.now() == timedelta(days=90)
            assert await is_valid(stage, new.access_token)
