"""Nothing secret leaves auth but where it must: not in a log, not in an exception, not in time."""

import logging
import traceback
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from girok.context import acting_as
from girok.errors import GirokError
from plugins.auth.ports import (
    ChangePasswordRequest,
    EndSessionRequest,
    LoginRequest,
    RefreshRequest,
    ResetPasswordRequest,
    ValidateTokenRequest,
)
from tests.plugins.auth.stage import PASSWORD, Stage, actor_of, registration

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
        with acting_as(actor_of(ada)):
            told = [
                await fail(lambda: stage.register("ada")),
                await fail(lambda: stage.register("eve", password="weak-Weak")),
                await fail(lambda: stage.register("eve", password=HALF)),
                await fail(lambda: stage.login("ada", WRONG)),
                await fail(lambda: stage.login("ada", HALF)),
                await fail(lambda: stage.login("eve")),
                await fail(lambda: stage.port.end_session(EndSessionRequest(ada.access_token))),
                await fail(lambda: stage.port.refresh(RefreshRequest(ada.access_token))),
                await fail(lambda: stage.port.change_password(ChangePasswordRequest(WRONG, "An0ther!pass"))),
                await fail(lambda: stage.port.reset_password(ResetPasswordRequest("t0ken", "An0ther!pass"))),
            ]
            stage.cable.writable = False
            told.append(await fail(lambda: stage.login("ada")))
            stage.cable.readable = False
            told.append(await fail(lambda: stage.port.validate_token(ValidateTokenRequest(ada.access_token))))
            told.append(await fail(lambda: stage.port.refresh(RefreshRequest(ada.refresh_token))))
        text = caplog.text + "".join(told)
        secrets = (
            PASSWORD,
            WRONG,
            HALF,
            "Surr0gate",
            "weak-Weak",
            "An0ther",
            "t0ken",
            ada.access_token,
            ada.refresh_token,
            password_hash,
        )
        assert [each for each in secrets if each in text] == []

    def test_are_not_shown_by_what_carries_them(self) -> None:
        for each in (registration("ada"), LoginRequest("ada@example.org", PASSWORD), ValidateTokenRequest("token-x")):
            assert repr(each) == f"{type(each).__name__}(...)"
            assert msgspec.json.decode(msgspec.json.encode(each), type=type(each)) == each
