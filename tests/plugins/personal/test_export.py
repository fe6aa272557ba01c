"""What personal tells of a user: all that is theirs but for the tokens of links, nothing of others."""

from typing import Any

import msgspec

from girok.testing.box import TestBox
from plugins.personal.export import export
from tests.plugins.personal.test_shares import link_of, resume_of
from tests.plugins.personal.visitors import somebody


async def told(box: TestBox, user_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Kind and data of what is told, as it is printed."""
    found = [each async for each in export(box.kit, user_id)]
    return [(each.kind, msgspec.json.decode(msgspec.json.encode(each.data))) for each in found]


class TestExport:
    async def test_is_resumes_links_and_preferences(self, box: TestBox) -> None:
        async with somebody(box, "ada") as ada, somebody(box, "ben") as ben:
            await link_of(ben)
            first, gone = await resume_of(ada, summary="Writes programs."), await resume_of(ada)
            link = await link_of(ada, first)
            await ada.send("DELETE", f"/v1/resume/{gone}")
            preferences = await ada.ask("GET", "/v1/user-preferences")
            lines = await told(box, ada.user_id)
            text = str(lines)
        assert [(kind, data["id"]) for kind, data in lines] == [
            ("preferences", preferences["id"]),
            ("resume", first),
            ("resume", gone),
            ("share", link["id"]),
        ]
        assert lines[1][1]["content"]["summary"] == "Writes programs."
        assert link["token"] not in text

    async def test_of_nobody_is_nothing(self, box: TestBox) -> None:
        async with somebody(box, "ada") as ada:
            await link_of(ada)
        assert await told(box, "01a20e74-a92f-77ca-b756-15d5a012d09a") == []

    async def test_of_many_comes_in_pages(self, box: TestBox) -> None:
        async with somebody(box, "ada") as ada:
            await box.settle()
            link = await link_of(ada)
            links = [link["id"], *[(await link_of(ada, link["resourceId"]))["id"] for _ in range(60)]]
            assert [data["id"] for kind, data in await told(box, ada.user_id) if kind == "share"] == links
