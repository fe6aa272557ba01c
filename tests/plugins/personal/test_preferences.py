"""Preferences over REST: they are there from the first look on, and change in parts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from girok.testing.box import TestBox
from girok.testing.delivery import delivered_before
from plugins.auth.events import UserRegistered
from plugins.personal.consumers import consumers
from tests.kernel.events.stage import Sql
from tests.plugins.personal.visitors import Visitor, nobody, somebody

PATH = "/v1/user-preferences"
FIRST = ["SKILLS", "EXPERIENCE", "PROJECT", "EDUCATION", "CERTIFICATE"]
TWO = [{"type": "PROJECT", "order": 0, "visible": True}, {"type": "SKILLS", "order": 1, "visible": False}]


@pytest.fixture
async def ada(box: TestBox) -> AsyncIterator[Visitor]:
    """Registered, and nothing told of it yet."""
    async with somebody(box, "ada") as found:
        yield found


async def rows(box: TestBox) -> list[dict[str, Any]]:
    return list(await box.kit.db.fetch(Sql("SELECT * FROM personal_preferences")))


def chosen(answer: dict[str, Any]) -> tuple[str, list[tuple[str, bool]]]:
    """The theme, and the sections in their order."""
    return answer["theme"], [(each["type"], each["visible"]) for each in answer["sectionOrder"]]


DEFAULTS = ("LIGHT", [(each, True) for each in FIRST])


class TestGet:
    async def test_needs_a_bearer(self, box: TestBox) -> None:
        async with nobody(box) as somebody_else:
            for method, body in (("GET", None), ("POST", {"theme": "DARK"}), ("PUT", {}), ("DELETE", None)):
                await somebody_else.ask(method, PATH, body, status=401)

    async def test_of_who_never_chose_is_the_defaults_and_stays_the_same(self, ada: Visitor) -> None:
        found = await ada.ask("GET", PATH)
        assert chosen(found) == DEFAULTS
        assert (found["userId"], set(found)) == (
            ada.user_id,
            {"id", "userId", "theme", "sectionOrder", "createdAt", "updatedAt"},
        )
        assert await ada.ask("GET", PATH) == found

    async def test_first_ones_at_once_give_one_row(self, box: TestBox, ada: Visitor) -> None:
        found = await asyncio.gather(*(ada.ask("GET", PATH) for _ in range(10)))
        assert all(each == found[0] for each in found)
        await box.settle()
        assert [each["id"] for each in await rows(box)] == [found[0]["id"]]


class TestRegistration:
    async def test_makes_them(self, box: TestBox, ada: Visitor) -> None:
        await box.settle()
        (row,) = await rows(box)
        assert row["user_id"] == ada.user_id
        assert (await ada.ask("GET", PATH))["id"] == row["id"]

    async def test_told_late_or_twice_changes_nothing(self, box: TestBox, ada: Visitor) -> None:
        await ada.ask("PUT", PATH, {"theme": "DARK"})
        await box.settle()
        before = await rows(box)
        (made,) = [each for each in consumers(box.kit) if each.event is UserRegistered]
        event = UserRegistered(user_id="somebody")
        await made.handler(event, delivered_before(made))  # type: ignore[operator]
        assert await rows(box) == before
        assert before[0]["theme"] == "DARK"


class TestChange:
    async def test_theme_or_order_alone_leave_the_other(self, ada: Visitor) -> None:
        assert chosen(await ada.ask("PUT", PATH, {"theme": "DARK"})) == ("DARK", DEFAULTS[1])
        order = [("PROJECT", True), ("SKILLS", False)]
        assert chosen(await ada.ask("PUT", PATH, {"sectionOrder": TWO})) == ("DARK", order)
        assert chosen(await ada.ask("PUT", PATH, {})) == ("DARK", order)
        assert chosen(await ada.ask("PUT", PATH, {"theme": None, "sectionOrder": None})) == DEFAULTS

    async def test_a_section_stands_where_it_was_named_last(self, ada: Visitor) -> None:
        order = [*TWO, {"type": "PROJECT", "order": 5}]
        assert chosen(await ada.ask("PUT", PATH, {"sectionOrder": order}))[1] == [("SKILLS", False), ("PROJECT", True)]

    async def test_at_once_both_land(self, ada: Visitor) -> None:
        await asyncio.gather(ada.ask("PUT", PATH, {"theme": "DARK"}), ada.ask("PUT", PATH, {"sectionOrder": TWO}))
        assert chosen(await ada.ask("GET", PATH)) == ("DARK", [("PROJECT", True), ("SKILLS", False)])

    async def test_post_makes_or_changes_them(self, ada: Visitor) -> None:
        made = await ada.ask("POST", PATH, {"theme": "DARK"})
        assert chosen(made) == ("DARK", DEFAULTS[1])
        again = await ada.ask("POST", PATH, {"theme": "LIGHT", "sectionOrder": TWO, "unknown": 1})
        assert chosen(again)[0] == "LIGHT"
        assert (again["id"], again["createdAt"]) == (made["id"], made["createdAt"])
        assert again["updatedAt"] >= made["updatedAt"]

    async def test_delete_is_back_to_the_defaults(self, ada: Visitor) -> None:
        made = await ada.ask("POST", PATH, {"theme": "DARK", "sectionOrder": TWO})
        assert chosen(await ada.ask("DELETE", PATH)) == DEFAULTS
        assert (await ada.ask("GET", PATH))["id"] == made["id"]

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"theme": "PINK"}, "theme"),
            ({"sectionOrder": [{"type": "SKILL", "order": 0}]}, "sectionOrder[0].type"),
            ({"sectionOrder": [{"type": "SKILLS", "order": -1}]}, "sectionOrder[0].order"),
            ({"sectionOrder": [TWO[0]] * 10}, "sectionOrder"),
        ],
    )
    async def test_what_is_wrong_is_told_by_its_path(self, ada: Visitor, body: dict[str, Any], path: str) -> None:
        answer = await ada.ask("PUT", PATH, body, status=400)
        assert [each["path"] for each in answer["error"]["details"]] == [path]

    async def test_somebody_elses_are_their_own(self, box: TestBox, ada: Visitor) -> None:
        async with somebody(box, "ben") as ben:
            await ben.ask("PUT", PATH, {"theme": "DARK"})
            assert (await ada.ask("GET", PATH))["theme"] == "LIGHT"
