"""Nothing secret leaves auth but where it must: not in a log, not in an exception, not in time."""

import logging
import statistics
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from girok.context import acting_as
from girok.errors import GirokError
from plugins.auth.errors import InvalidCredentials
from plugins.auth.ports import EndSessionRequest, LoginRequest, ValidateTokenRequest
from tests.plugins.auth.stage import PASSWORD, Stage, actor_of, registration, stage_on

WRONG = "Wr0ng!pass"
HALF = "Surr0gate!\ud800"


async def fail(call: Callable[[], Awaitable[object]]) -> str:
    """The traceback of a call that fails, causes and values included."""
    with pytest.raises(GirokError) as failed:
        await call()
    chain = [failed.value, failed.value.__cause__, failed.value.__context__]
    return (
        "".join(traceback.format_exception(failed.value)) + repr(chain) + repr([vars(each) for each in chain if each])
    )


class TestSecrets:
    async def test_are_in_no_log_line_and_no_exception(self, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        ada = await stage.register("ada")
        (password_hash,) = await stage.column("auth_user", "password_hash")
        (token_hash,) = await stage.column("auth_session", "token_hash")
        with acting_as(actor_of(ada)):
            told = [
                await fail(lambda: stage.register("ada")),
                await fail(lambda: stage.register("eve", password="weak-Weak")),
                await fail(lambda: stage.register("eve", password=HALF)),
                await fail(lambda: stage.login("ada", WRONG)),
                await fail(lambda: stage.login("ada", HALF)),
                await fail(lambda: stage.login("eve")),
                await fail(lambda: stage.port.end_session(EndSessionRequest(ada.access_token))),
            ]
            stage.cable.writable = False
            told.append(await fail(lambda: stage.login("ada")))
            stage.cable.readable = False
            told.append(await fail(lambda: stage.port.validate_token(ValidateTokenRequest(ada.access_token))))
        text = caplog.text + "".join(told)
        secrets = (PASSWORD, WRONG, HALF, "Surr0gate", "weak-Weak", ada.access_token, password_hash, token_hash)
        assert [each for each in secrets if each in text] == []

    def test_are_not_shown_by_what_carries_them(self) -> None:
        for each in (registration("ada"), LoginRequest("ada@example.org", PASSWORD), ValidateTokenRequest("token-x")):
            assert repr(each) == f"{type(each).__name__}(...)"
            assert msgspec.json.decode(msgspec.json.encode(each), type=type(each)) == each


class TestTiming:
    @pytest.mark.slow
    async def test_unknown_email_takes_as_long_as_a_known_one(self, tmp_path: Path) -> None:
        """Of many interleaved pairs, the medians lie closer together than a tenth of one hash."""
        async with stage_on(tmp_path, argon2_memory_kib=8192) as stage:
            await stage.register("ada")
            took: dict[str, list[float]] = {"ada": [], "eve": []}
            for _ in range(150):
                for username, times in took.items():
                    began = time.perf_counter()
                    with pytest.raises(InvalidCredentials):
                        await stage.login(username, WRONG)
                    times.append(time.perf_counter() - began)
            known, unknown = (statistics.median(each) for each in took.values())
            assert abs(known - unknown) < known / 10, f"known {known * 1000:.2f} ms, unknown {unknown * 1000:.2f} ms"
