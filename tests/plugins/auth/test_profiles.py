"""Changing one's own profile: what is given changes, all else stays, and a username has one owner."""

import asyncio

import pytest

from girok.context import Actor, acting_as
from girok.errors import Forbidden, Unauthenticated, Unavailable
from plugins.auth.errors import InvalidAvatar, InvalidBio, InvalidName, InvalidUsername, UsernameTaken, UserNotFound
from plugins.auth.ports import GetUserByUsernameRequest, RegisterResponse, UpdateMeRequest, User
from tests.plugins.auth.forge import is_valid
from tests.plugins.auth.stage import Stage, actor_of

AT_ONCE = 20
AVATAR = "https://cdn.example.org/a.png?x=1"
NOBODY = "00000000-0000-7000-8000-000000000000"


async def update(stage: Stage, who: RegisterResponse, **changes: str) -> User:
    with acting_as(actor_of(who)):
        return await stage.port.update_me(UpdateMeRequest(**changes))


async def found(stage: Stage, username: str) -> User:
    return await stage.port.get_user_by_username(GetUserByUsernameRequest(username))


class TestWho:
    async def test_nobody_has_no_profile(self, stage: Stage) -> None:
        with pytest.raises(Unauthenticated):
            await stage.port.update_me(UpdateMeRequest(name="Eve"))

    async def test_a_guest_changes_nothing(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        with acting_as(Actor(ada.user.id, "GUEST", ada.session_id)), pytest.raises(Forbidden):
            await stage.port.update_me(UpdateMeRequest(name="Eve"))

    @pytest.mark.parametrize("changes", [{}, {"name": "Eve"}])
    async def test_an_account_that_is_gone_is_not_found(self, stage: Stage, changes: dict[str, str]) -> None:
        with acting_as(Actor(NOBODY)), pytest.raises(UserNotFound):
            await stage.port.update_me(UpdateMeRequest(**changes))


class TestChange:
    async def test_gives_the_account_as_it_is_now_with_ones_own_email(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        changed = await update(stage, ada, name=" Ada Lovelace ", username="ada1815", avatar=AVATAR, bio="Notes\non it")
        assert (changed.id, changed.username, changed.name) == (ada.user.id, "ada1815", "Ada Lovelace")
        assert (changed.avatar, changed.bio, changed.email) == (AVATAR, "Notes\non it", "ada@example.org")
        assert (await found(stage, "ada1815")).name == "Ada Lovelace"
        assert await is_valid(stage, ada.access_token)

    async def test_what_is_absent_stays(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await update(stage, ada, avatar=AVATAR, bio="Bio")
        changed = await update(stage, ada, name="Countess")
        assert (changed.username, changed.avatar, changed.bio) == ("ada", AVATAR, "Bio")

    async def test_nothing_at_all_writes_nothing(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        stage.cable.writable = False
        assert await update(stage, ada) == ada.user
        with pytest.raises(Unavailable):
            await update(stage, ada, name="Countess")

    @pytest.mark.parametrize("empty", ["", "  \n "])
    async def test_empty_takes_an_avatar_and_a_bio_away(self, stage: Stage, empty: str) -> None:
        ada = await stage.register("ada")
        await update(stage, ada, avatar=AVATAR, bio="Bio")
        changed = await update(stage, ada, avatar="", bio=empty)
        assert (changed.avatar, changed.bio) == (None, None)

    async def test_empty_is_no_name_and_no_username(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        with pytest.raises(InvalidName):
            await update(stage, ada, name="  ")
        with pytest.raises(InvalidUsername):
            await update(stage, ada, username="")
        assert await found(stage, "ada") == ada.user.__class__(
            id=ada.user.id, username="ada", name="Ada", role="USER", created_at=ada.user.created_at
        )

    async def test_of_two_fields_at_once_loses_neither(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        for number in range(5):
            await asyncio.gather(
                update(stage, ada, name=f"Ada {number}"),
                update(stage, ada, bio=f"Bio {number}"),
                update(stage, ada, avatar=f"{AVATAR}{number}"),
            )
            now = await found(stage, "ada")
            assert (now.name, now.bio, now.avatar) == (f"Ada {number}", f"Bio {number}", f"{AVATAR}{number}")


class TestUsername:
    async def test_of_somebody_else_is_taken_and_nothing_changes(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        await stage.register("ben")
        with pytest.raises(UsernameTaken):
            await update(stage, ada, username="ben", name="Ben")
        assert (await found(stage, "ada")).name == "Ada"

    async def test_of_ones_own_is_no_error(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        assert (await update(stage, ada, username="ada")).username == "ada"

    async def test_has_one_winner_though_many_want_it_at_once(self, stage: Stage) -> None:
        people = [await stage.register(f"ada{number}") for number in range(AT_ONCE)]
        outcomes = await asyncio.gather(
            *(update(stage, each, username="wanted") for each in people),
            stage.register("wanted", email="eve@example.org"),
            return_exceptions=True,
        )
        assert [type(each) for each in outcomes if isinstance(each, BaseException)] == [UsernameTaken] * AT_ONCE
        assert (await stage.column("auth_user", "username")).count("wanted") == 1

    async def test_that_somebody_gave_up_is_free(self, stage: Stage) -> None:
        ada, ben = await stage.register("ada"), await stage.register("ben")
        await update(stage, ada, username="countess")
        with pytest.raises(UserNotFound):
            await found(stage, "ada")
        assert (await update(stage, ben, username="ada")).id == ben.user.id

    @pytest.mark.parametrize("bad", ["me", "admin", "ab", "a" * 21, "Ada", "\uff41da", "ada\n", "a\x00a", "a\ud800a"])
    async def test_keeps_the_rule_of_registration(self, stage: Stage, bad: str) -> None:
        ada = await stage.register("ada")
        with pytest.raises(InvalidUsername) as refused:
            await update(stage, ada, username=bad)
        assert [each.path for each in refused.value.details] == ["username"]


class TestText:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"),
            ("👩‍👩‍👧 Ada", "👩‍👩‍👧 Ada"),
            ("O'Neil; DROP TABLE auth_user", "O'Neil; DROP TABLE auth_user"),
            ("{name} %s {}", "{name} %s {}"),
            ("עדה", "עדה"),
        ],
    )
    async def test_is_kept_in_its_composed_form(self, stage: Stage, given: str, kept: str) -> None:
        ada = await stage.register("ada")
        changed = await update(stage, ada, name=given, bio=given)
        assert (changed.name, changed.bio) == (kept, kept)
        assert (await found(stage, "ada")).name == kept

    @pytest.mark.parametrize("bad", ["a\x00b", "a\ud800b", "x" * 1_000_000, "a\u202eb"])
    async def test_that_no_store_keeps_or_turns_other_text_is_refused(self, stage: Stage, bad: str) -> None:
        ada = await stage.register("ada")
        with pytest.raises(InvalidName):
            await update(stage, ada, name=bad)
        with pytest.raises(InvalidBio):
            await update(stage, ada, bio=bad)

    async def test_of_a_bio_has_500_characters(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        assert (await update(stage, ada, bio="가" * 500)).bio == "가" * 500
        with pytest.raises(InvalidBio):
            await update(stage, ada, bio="가" * 501)

    @pytest.mark.parametrize("bad", ["javascript:alert(1)", "data:image/png,x", "//x", "http://", "https://a b", "가"])
    async def test_of_an_avatar_is_a_web_address(self, stage: Stage, bad: str) -> None:
        ada = await stage.register("ada")
        with pytest.raises(InvalidAvatar):
            await update(stage, ada, avatar=bad)

    async def test_every_wrong_field_is_told_at_once(self, stage: Stage) -> None:
        ada = await stage.register("ada")
        with pytest.raises(InvalidName) as refused:
            await update(stage, ada, name="", username="", avatar="x", bio="x" * 501)
        assert [each.path for each in refused.value.details] == ["name", "username", "avatar", "bio"]
        assert await found(stage, "ada")
