"""Attachments over REST: what a resume keeps, in which order, and what becomes of it."""

import asyncio
from pathlib import Path
from typing import Any

from girok.testing.box import TestBox, box_on
from tests.plugins.personal import samples
from tests.plugins.personal.shelf import attach, file, files, resume, send_photo, stored
from tests.plugins.personal.visitors import Visitor, nobody, somebody

PDF = ("이력서 (최종).pdf", samples.pdf(), "application/pdf")
NOBODY = "019abcde-0000-7000-8000-000000000001"


async def shown(who: Visitor, resume_id: str, kind: str = "") -> list[dict[str, Any]]:
    query = f"?type={kind}" if kind else ""
    return await who.ask("GET", f"/v1/resume/{resume_id}/attachments{query}")


class TestAdd:
    async def test_a_file_is_part_of_the_resume(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada)
        added = await attach(ada, mine["id"], "PORTFOLIO", *PDF, title="작품집", description="")
        assert {name: added[name] for name in ("resumeId", "type", "fileName", "fileSize", "mimeType", "title")} == {
            "resumeId": mine["id"],
            "type": "PORTFOLIO",
            "fileName": "이력서 (최종).pdf",
            "fileSize": len(PDF[1]),
            "mimeType": "application/pdf",
            "title": "작품집",
        }
        assert (added["description"], added["order"], added["visible"]) == (None, 0, True)
        assert added["fileUrl"].endswith(f"/public/{added['fileKey']}")
        assert await shown(ada, mine["id"]) == [added]
        assert (await ada.ask("GET", f"/v1/resume/{mine['id']}"))["attachments"] == [added]
        assert await files(box) == {added["fileKey"]: None}

    async def test_every_type_of_document_is_taken_by_its_bytes(self, ada: Visitor) -> None:
        mine = await resume(ada)
        for mime_type, content in samples.SAMPLES.items():
            added = await attach(ada, mine["id"], "OTHER", "x", content, mime_type)
            assert added["mimeType"] == mime_type
        hwp = ("x.hwp", samples.compound_file("FileHeader"), "application/octet-stream")
        assert (await attach(ada, mine["id"], "OTHER", *hwp))["mimeType"] == "application/x-hwp"

    async def test_fields_come_in_any_order(self, ada: Visitor) -> None:
        mine = await resume(ada)
        head = "--girok\r\nContent-Disposition: form-data; name="
        parts = [
            f'{head}"title"\r\n\r\nfirst\r\n'.encode(),
            f'{head}"type"\r\n\r\nOTHER\r\n'.encode(),
            f'{head}"file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'.encode() + samples.png() + b"\r\n",
        ]
        headers = {"authorization": f"Bearer {ada.token}", "content-type": "multipart/form-data; boundary=girok"}
        path = f"/v1/resume/{mine['id']}/attachments"
        for body in (b"".join(parts), b"".join(reversed(parts))):
            answer = await ada.browser.request("POST", path, content=body + b"--girok--\r\n", headers=headers)
            assert (answer.status_code, answer.json()["title"]) == (201, "first")

    async def test_what_is_wrong_is_400_and_leaves_nothing(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada)
        png, pdf = file("a.png", samples.png(), "image/png"), file(*PDF)
        wrong: list[tuple[dict[str, Any], Any, str]] = [
            ({}, png, "type"),
            ({"type": "SELFIE"}, png, "type"),
            ({"type": "OTHER", "title": "x" * 201}, png, "title"),
            ({"type": "OTHER", "description": "x" * 2001}, png, "description"),
            ({"type": "PROFILE_PHOTO"}, pdf, ""),
            ({"type": "OTHER"}, file("a.pdf", samples.png(), "application/pdf"), ""),
            ({"type": "OTHER"}, file("a.zip", samples.archive("a"), "application/zip"), ""),
        ]
        for fields, sent, path in wrong:
            answer = await ada.ask("POST", f"/v1/resume/{mine['id']}/attachments", fields, files=sent, status=400)
            assert [each["path"] for each in answer["error"].get("details", [{"path": ""}])] == [path]
        assert await stored(box) == []

    async def test_a_photo_takes_the_place_of_the_earlier_one(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada, profileImageTempKey=(await send_photo(ada))["tempKey"])
        first = mine["attachments"][0]["fileKey"]
        added = await attach(ada, mine["id"], "PROFILE_PHOTO", "b.jpg", samples.jpeg(), "image/jpeg")
        changed = await ada.ask("GET", f"/v1/resume/{mine['id']}")
        assert (changed["profileImage"], changed["attachments"]) == (added["fileUrl"], [added])
        assert await stored(box) == [added["fileKey"]]
        assert first != added["fileKey"]

    async def test_a_resume_has_so_many_at_most_also_at_once(self, tmp_path: Path) -> None:
        async with (
            box_on(tmp_path / "data", GIROK_PERSONAL_MAX_ATTACHMENTS="3") as box,
            somebody(box, "ada") as ada,
        ):
            mine = await resume(ada)
            path = f"/v1/resume/{mine['id']}/attachments"
            answers = await asyncio.gather(
                *(ada.send("POST", path, {"type": "OTHER"}, files=file(*PDF)) for _ in range(5))
            )
            assert sorted(each.status_code for each in answers) == [201, 201, 201, 409, 409]
            assert len(await stored(box)) == 3
            assert sorted(each["order"] for each in await shown(ada, mine["id"])) == [0, 1, 2]


class TestSomebodyElses:
    async def test_is_404_at_every_level_and_nothing_is_stored(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada)
        added = await attach(ada, mine["id"])
        async with somebody(box, "eve") as eve, nobody(box) as anyone:
            hers = await resume(eve)
            for resume_id in (mine["id"], NOBODY):
                path = f"/v1/resume/{resume_id}/attachments"
                places = [
                    ("GET", path, None, None),
                    ("POST", path, {"type": "OTHER"}, file(*PDF)),
                    ("PATCH", f"{path}/reorder", {"type": "OTHER", "attachmentIds": [added["id"]]}, None),
                    ("PATCH", f"{path}/{added['id']}", {"title": "x"}, None),
                    ("DELETE", f"{path}/{added['id']}", None, None),
                ]
                for method, place, body, sent in places:
                    await anyone.ask(method, place, body, files=sent, status=401)
                    answer = await eve.ask(method, place, body, files=sent, status=404)
                    assert answer["error"]["message"] == "There is no such resume."
            own = f"/v1/resume/{hers['id']}/attachments"
            order = {"type": "OTHER", "attachmentIds": [added["id"]]}
            await eve.ask("PATCH", f"{own}/reorder", order, status=404)
            await eve.ask("PATCH", f"{own}/{added['id']}", {"title": "x"}, status=404)
            await eve.ask("DELETE", f"{own}/{added['id']}", status=404)
            await eve.ask("DELETE", f"{own}/{NOBODY}", status=404)
        assert await shown(ada, mine["id"]) == [added]
        assert await stored(box) == [added["fileKey"]]


class TestChange:
    async def test_what_is_absent_stays_and_null_clears(self, ada: Visitor) -> None:
        mine = await resume(ada)
        added = await attach(ada, mine["id"], title="one", description="two")
        path = f"/v1/resume/{mine['id']}/attachments/{added['id']}"
        changed = await ada.ask("PATCH", path, {"title": None, "visible": False})
        assert (changed["title"], changed["description"], changed["visible"]) == (None, "two", False)
        changed = await ada.ask("PATCH", path, {"description": "new", "visible": None, "fileKey": "x"})
        assert (changed["description"], changed["visible"]) == ("new", False)
        assert changed["fileKey"] == added["fileKey"]
        for wrong in ({"title": "x" * 201}, {"visible": "yes"}, {"description": 5}):
            await ada.ask("PATCH", path, wrong, status=400)

    async def test_they_are_put_in_another_order_type_by_type(self, ada: Visitor) -> None:
        mine = await resume(ada)
        one, two, three = [(await attach(ada, mine["id"], "OTHER"))["id"] for _ in range(3)]
        other = await attach(ada, mine["id"], "PORTFOLIO")
        path = f"/v1/resume/{mine['id']}/attachments/reorder"
        ordered = await ada.ask("PATCH", path, {"type": "OTHER", "attachmentIds": [three, one]})
        assert [(each["id"], each["order"]) for each in ordered] == [(three, 0), (one, 1), (two, 2)]
        assert await shown(ada, mine["id"], "OTHER") == ordered
        assert await shown(ada, mine["id"], "PORTFOLIO") == [other]
        for wrong, status in (([one, one], 400), ([other["id"]], 404), ([NOBODY], 404), ("x", 400)):
            await ada.ask("PATCH", path, {"type": "OTHER", "attachmentIds": wrong}, status=status)
        await ada.ask("GET", f"/v1/resume/{mine['id']}/attachments?type=SELFIE", status=400)

    async def test_every_change_is_another_version_of_the_resume(self, ada: Visitor) -> None:
        mine = await resume(ada)
        place = f"/v1/resume/{mine['id']}"
        tags = [(await ada.send("GET", place)).headers["etag"]]

        async def changed(method: str, path: str, body: Any = None) -> None:
            await ada.ask(method, f"{place}/attachments/{path}", body)
            tags.append((await ada.send("GET", place)).headers["etag"])

        added = await attach(ada, mine["id"])
        tags.append((await ada.send("GET", place)).headers["etag"])
        await changed("PATCH", added["id"], {"title": "x"})
        await changed("PATCH", "reorder", {"type": "OTHER", "attachmentIds": [added["id"]]})
        await changed("DELETE", added["id"])
        assert len(set(tags)) == 5


class TestGone:
    async def test_the_file_of_a_deleted_attachment_goes_at_once(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada)
        kept, gone = await attach(ada, mine["id"]), await attach(ada, mine["id"])
        await ada.ask("DELETE", f"/v1/resume/{mine['id']}/attachments/{gone['id']}")
        assert await stored(box) == [kept["fileKey"]]
        assert (await ada.send("GET", f"/public/{gone['fileKey']}")).status_code == 404
        await ada.ask("DELETE", f"/v1/resume/{mine['id']}/attachments/{gone['id']}", status=404)

    async def test_so_do_those_of_a_deleted_resume(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada, profileImageTempKey=(await send_photo(ada))["tempKey"])
        await attach(ada, mine["id"])
        assert (await ada.send("DELETE", f"/v1/resume/{mine['id']}")).is_success
        assert await stored(box) == []
        await ada.ask("GET", f"/v1/resume/{mine['id']}/attachments", status=404)

    async def test_and_the_photo_that_null_removes(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada, profileImageTempKey=(await send_photo(ada))["tempKey"])
        changed = await ada.ask("PUT", f"/v1/resume/{mine['id']}", {"profileImage": None})
        assert (changed["profileImage"], changed["attachments"]) == (None, [])
        assert await stored(box) == []

    async def test_copies_outlive_the_original(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada, profileImageTempKey=(await send_photo(ada))["tempKey"])
        await attach(ada, mine["id"], "PORTFOLIO", *PDF, title="작품집")
        copy = await ada.ask("POST", f"/v1/resume/{mine['id']}/copy", status=201)
        assert [(each["type"], each["title"], each["fileName"]) for each in copy["attachments"]] == [
            ("PORTFOLIO", "작품집", PDF[0]),
            ("PROFILE_PHOTO", None, "me.png"),
        ]
        assert len(await stored(box)) == 4
        await ada.send("DELETE", f"/v1/resume/{mine['id']}")
        assert await stored(box) == sorted(each["fileKey"] for each in copy["attachments"])
        (document, photo) = copy["attachments"]
        assert (await ada.send("GET", f"/public/{document['fileKey']}")).content == PDF[1]
        assert photo["fileUrl"] == copy["profileImage"]
