"""What a password must be holds wherever one is chosen, and hashes of an earlier system become today's at a login."""

from dataclasses import replace
from pathlib import Path

import pytest

from girok.context import acting_as
from girok.settings import Settings
from plugins.auth.common_passwords import BadList
from plugins.auth.errors import InvalidCredentials, InvalidPassword
from plugins.auth.messages import ChangePasswordRequest
from plugins.auth.plugin import AuthSettings
from plugins.auth.service import build
from tests.plugins.auth.stage import PASSWORD, Stage, actor_of, stage_on

COMMON = "Summer2024!"
LONG = "Aa1!" + "x" * 96
OF_LONG = "$2b$04$S2kOYN4/tRYIsZsit3iqAu4u.dLX5VHNPOhZWTLn4K0XlNGqQoLY6"
"""LONG, hashed by Node's bcrypt."""


async def put_hash(stage: Stage, stored: str) -> None:
    """Give every account this password hash, as an import does."""
    await stage.db.execute_script(f"UPDATE auth_user SET password_hash = '{stored}'")


class TestCommonPassword:
    async def test_is_refused_at_registration_and_nothing_is_stored(self, stage: Stage) -> None:
        with pytest.raises(InvalidPassword, match="too easy to guess") as refused:
            await stage.register("ada", password=COMMON)
        assert [each.path for each in refused.value.details] == ["password"]
        assert await stage.column("auth_user", "id") == []

    async def test_is_refused_at_a_change(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        with acting_as(actor_of(ada)), pytest.raises(InvalidPassword, match="too easy to guess") as refused:
            await stage.port.change_password(ChangePasswordRequest(PASSWORD, COMMON))
        assert [each.path for each in refused.value.details] == ["newPassword"]
        await stage.login("ada")

    async def test_is_taken_where_it_is_allowed(self, tmp_path: Path) -> None:
        async with stage_on(tmp_path, common_passwords=False) as stage:
            await stage.register("ada", password=COMMON)
            await stage.login("ada", COMMON)

    async def test_may_be_of_an_operators_list(self, tmp_path: Path) -> None:
        (tmp_path / "list").write_text(f"{PASSWORD}\n")
        async with stage_on(tmp_path, common_passwords_file=str(tmp_path / "list")) as stage:
            with pytest.raises(InvalidPassword, match="too easy to guess"):
                await stage.register("ada")

    async def test_list_that_is_missing_is_told_at_the_start(self, stage: Stage, tmp_path: Path) -> None:
        settings = Settings(AuthSettings(common_passwords_file=str(tmp_path / "none")))
        with pytest.raises(BadList, match=r"auth\.common_passwords_file .* cannot be read"):
            build(replace(stage.kit, settings=settings))


class TestBcryptAccount:
    async def test_is_an_argon2id_account_after_its_first_login(self, stage: Stage) -> None:
        await stage.register("ada")
        await put_hash(stage, OF_LONG)
        with pytest.raises(InvalidCredentials):
            await stage.login("ada", PASSWORD)
        assert await stage.column("auth_user", "password_hash") == [OF_LONG]
        await stage.login("ada", LONG)
        (renewed,) = await stage.column("auth_user", "password_hash")
        assert renewed.startswith("$argon2id$v=19$m=64,t=1,p=1$")
        await stage.login("ada", LONG)
        assert await stage.column("auth_user", "password_hash") == [renewed]

    async def test_was_cut_at_72_bytes_and_is_so_no_more(self, stage: Stage) -> None:
        await stage.register("ada")
        await put_hash(stage, OF_LONG)
        await stage.login("ada", LONG[:72])
        with pytest.raises(InvalidCredentials):
            await stage.login("ada", LONG)
        await stage.login("ada", LONG[:72])

    async def test_of_an_unknown_form_cannot_log_in(self, stage: Stage) -> None:
        await stage.register("ada")
        await put_hash(stage, "$1$unknown$form")
        with pytest.raises(InvalidCredentials):
            await stage.login("ada")
        assert await stage.column("auth_user", "password_hash") == ["$1$unknown$form"]
