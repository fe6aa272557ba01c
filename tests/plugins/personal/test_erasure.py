"""An erased user: every table and the object store are searched, whatever was cut off in between."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from girok.db.unit import emit
from girok.events.consumer import Consumer
from girok.testing.box import TestBox
from girok.testing.delivery import delivered_before
from plugins.auth.events import UserErased, UserRegistered
from plugins.personal.consumers import consumers
from plugins.personal.repository_sql.erasure import SqlErasureRepository
from tests.kernel.events.stage import FaultyDatabase, Sql
from tests.plugins.auth.stage import PASSWORD
from tests.plugins.personal.samples import pdf, png
from tests.plugins.personal.test_shares import link_of, public, resume_of
from tests.plugins.personal.visitors import Visitor, nobody, somebody
from tests.scenarios.remains import in_tables


@pytest.fixture
async def ada(box: TestBox) -> AsyncIterator[Visitor]:
    """With resumes, one of them deleted, a photo, a document, an upload that nothing keeps, and a link."""
    async with somebody(box, "ada") as ada:
        photo, left = [
            await ada.ask("POST", "/v1/resume/temp-upload", files={"file": ("ada.png", png(), "image/png")}, status=201)
            for _ in range(2)
        ]
        assert left["tempKey"] != photo["tempKey"]
        resume = await resume_of(ada, summary="radium", profileImageTempKey=photo["tempKey"])
        document = {"file": ("radium.pdf", pdf(), "application/pdf")}
        path = f"/v1/resume/{resume}/attachments"
        await ada.ask("POST", path, {"type": "PORTFOLIO"}, files=document, status=201)
        await ada.send("DELETE", f"/v1/resume/{await resume_of(ada)}")
        await ada.send("POST", f"/v1/resume/{resume}/copy")
        await link_of(ada, resume)
        await box.settle()
        yield ada


async def tables(box: TestBox, user_id: str) -> set[str]:
    """Those of personal that hold something of the user."""
    found = await in_tables(lambda query: box.kit.db.fetch(Sql(query)), box.kit.db.dialect, [user_id, "radium"])
    return {each for each in found if each.startswith("personal_")}


async def objects(box: TestBox) -> list[str]:
    return [each.key async for each in box.kit.objects.list("public")]


def erasure(box: TestBox) -> Consumer:
    (found,) = [each for each in consumers(box.kit) if each.event is UserErased]
    return found


class TestErasure:
    async def test_leaves_nothing(self, box: TestBox, ada: Visitor) -> None:
        held = {"personal_file", "personal_preferences", "personal_resume", "personal_share"}
        assert await tables(box, ada.user_id) == held
        assert await box.kit.db.fetch(Sql("SELECT id FROM personal_attachment"))
        assert len(await objects(box)) == 5
        await ada.send("DELETE", "/v1/users/me", {"password": PASSWORD})
        await box.settle()
        assert await tables(box, ada.user_id) == set()
        assert not await box.kit.db.fetch(Sql("SELECT id FROM personal_attachment"))
        assert await objects(box) == []

    async def test_leaves_others_alone(self, box: TestBox, ada: Visitor) -> None:
        async with somebody(box, "ben") as ben, nobody(box) as guest:
            link = await link_of(ben)
            await ben.ask("PUT", "/v1/user-preferences", {"theme": "DARK"})
            await ada.send("DELETE", "/v1/users/me", {"password": PASSWORD})
            await box.settle()
            assert (await guest.ask("GET", public(link)))["id"] == link["resourceId"]
            assert (await ben.ask("GET", "/v1/user-preferences"))["theme"] == "DARK"

    async def test_goes_in_pieces_and_goes_on_where_it_was_cut_off(self, box: TestBox, ada: Visitor) -> None:
        for _ in range(5):
            await link_of(ada)
        cable = FaultyDatabase(box.kit.db)  # type: ignore[arg-type]
        rows = SqlErasureRepository(cable, 2)
        erasing = asyncio.create_task(rows.erase(ada.user_id))
        while len(await box.kit.db.fetch(Sql("SELECT id FROM personal_share"))) == 6:
            await asyncio.sleep(0)
        erasing.cancel()
        await asyncio.wait([erasing])
        await rows.erase(ada.user_id)
        assert await tables(box, ada.user_id) <= {"personal_file", "personal_preferences"}

    async def test_again_is_no_error(self, box: TestBox, ada: Visitor) -> None:
        consumer = erasure(box)
        for _ in range(2):
            await consumer.handler(UserErased(user_id=ada.user_id), delivered_before(consumer))  # type: ignore[operator]
        assert await objects(box) == []

    async def test_takes_what_a_late_event_left(self, box: TestBox, ada: Visitor) -> None:
        await ada.send("DELETE", "/v1/users/me", {"password": PASSWORD})
        await box.settle()
        await box.kit.db.run(lambda: emit(UserRegistered(user_id=ada.user_id)))
        await box.settle()
        assert await tables(box, ada.user_id) == {"personal_preferences"}
        await box.kit.db.run(lambda: emit(UserErased(user_id=ada.user_id)))
        await box.settle()
        assert await tables(box, ada.user_id) == set()
