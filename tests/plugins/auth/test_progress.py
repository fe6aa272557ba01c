"""Signing in as steps: what is missing after which proofs, and that no session begins before nothing is."""

from datetime import UTC, datetime

import pytest

from plugins.auth.errors import InvalidCredentials
from plugins.auth.repository import Account
from plugins.auth.service import sign_in
from plugins.auth.service.sign_in import Progress, Proof, missing
from plugins.auth.social.profile import SocialProfile
from tests.plugins.auth.stage import PASSWORD, Stage

ADA = Account(
    id="019abcde-0000-7000-8000-000000000001",
    email="ada@example.org",
    username="ada",
    name="Ada",
    role="USER",
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
)


class TestMissing:
    @pytest.mark.parametrize(
        ("shown", "next_one"),
        [
            (set(), "password"),
            ({"email"}, "password"),
            ({"password"}, None),
            ({"identity"}, None),
            ({"email", "password"}, None),
        ],
    )
    def test_is_the_password_until_it_or_an_identity_was_shown(self, shown: set[Proof], next_one: Proof | None) -> None:
        assert missing(Progress(ADA, frozenset(shown))) == next_one

    def test_a_step_is_kept(self) -> None:
        assert Progress(ADA, frozenset()).and_shown("email").and_shown("password").shown == {"email", "password"}


class TestSession:
    async def test_does_not_begin_while_something_is_missing(self, stage: Stage) -> None:
        await stage.register("ada")
        account = (await stage.service.social._sign_in.by_password("ada@example.org", PASSWORD, None)).account
        for shown in (frozenset[Proof](), frozenset[Proof]({"email"})):
            with pytest.raises(InvalidCredentials):
                await stage.service.social._sign_in.begin(Progress(account, shown), None)
        assert len(await stage.column("auth_session", "id")) == 1

    async def test_no_way_in_passes_a_step_that_is_added(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """As a second factor would be: one more thing is missing of whoever has shown all that is asked for today."""
        await stage.register("ada")
        identity = SocialProfile(provider="google", subject="1815", email="eve@example.org", email_verified=True)
        monkeypatch.setattr(sign_in, "missing", lambda _: "password")
        with pytest.raises(InvalidCredentials):
            await stage.login("ada")
        with pytest.raises(InvalidCredentials):
            await stage.service.social.sign_in(identity, None)
        assert len(await stage.column("auth_session", "id")) == 1
