"""REST of one's own resumes: whose they are, and what the web client sends and reads, quirk by quirk."""

from typing import Any

import pytest

from girok.testing.box import TestBox
from tests.plugins.personal.shelf import attach, resume, send_photo, stored
from tests.plugins.personal.visitors import Visitor, nobody

NO_ID = "01a20e74-a92f-77ca-b756-15d5a012d09a"
OWN: list[tuple[str, str, Any]] = [
    ("GET", "/v1/resume/{}", None),
    ("PUT", "/v1/resume/{}", {"title": "mine now"}),
    ("DELETE", "/v1/resume/{}", None),
    ("PATCH", "/v1/resume/{}/default", None),
    ("POST", "/v1/resume/{}/copy", None),
    ("PATCH", "/v1/resume/{}/sections/order", {"type": "SKILLS", "order": 3}),
    ("PATCH", "/v1/resume/{}/sections/visibility", {"type": "SKILLS", "visible": False}),
]
FIRST = ["SKILLS", "EXPERIENCE", "PROJECT", "EDUCATION", "CERTIFICATE"]


async def change(who: Visitor, resume_id: str, **fields: Any) -> dict[str, Any]:
    """What PUT answers, which is what is stored."""
    changed = await who.ask("PUT", f"/v1/resume/{resume_id}", fields)
    assert await who.ask("GET", f"/v1/resume/{resume_id}") == changed
    return changed


class TestWhoMayCall:
    async def test_nobody(self, box: TestBox) -> None:
        async with nobody(box) as guest:
            for method, path, body in [*OWN, ("GET", "/v1/resume", None), ("POST", "/v1/resume", {"title": "x"})]:
                await guest.ask(method, path.format(NO_ID), body, status=401)
            await guest.ask("GET", "/v1/resume/default", status=401)

    async def test_somebody_elses_is_answered_as_one_that_there_is_not(self, ada: Visitor, ben: Visitor) -> None:
        hers = await resume(ada)
        for method, path, body in OWN:
            foreign = await ben.ask(method, path.format(hers["id"]), body, status=404)
            unknown = await ben.ask(method, path.format(NO_ID), body, status=404)
            assert foreign["message"] == unknown["message"]
            assert foreign["error"] == unknown["error"]
        assert await ada.ask("GET", "/v1/resume") == [hers]


class TestLists:
    async def test_default_is_first_and_then_the_newest(self, ada: Visitor) -> None:
        await ada.ask("GET", "/v1/resume/default", status=404)
        assert await ada.ask("GET", "/v1/resume") == []
        one, two, three = [await resume(ada, title=each) for each in "123"]
        assert (await ada.ask("GET", "/v1/resume/default"))["id"] == three["id"]
        await ada.ask("PATCH", f"/v1/resume/{one['id']}/default")
        assert (await ada.ask("GET", "/v1/resume/default"))["id"] == one["id"]
        assert [each["title"] for each in await ada.ask("GET", "/v1/resume")] == ["1", "3", "2"]
        await ada.ask("PATCH", f"/v1/resume/{two['id']}/default")
        assert [each["isDefault"] for each in await ada.ask("GET", "/v1/resume")] == [True, False, False]
        assert three["isDefault"] is False

    async def test_nobody_has_more_than_so_many(self, ada: Visitor) -> None:
        for _ in range(50):
            await resume(ada)
        refused = await ada.ask("POST", "/v1/resume", {"title": "one more"}, status=409)
        assert refused["error"]["code"] == "CONFLICT"


class TestBodies:
    async def test_a_new_one_is_blank_with_five_sections(self, ada: Visitor) -> None:
        made = await ada.ask("POST", "/v1/resume", {"title": "CV", "id": "x", "unknown": [1]}, status=201)
        assert made["id"] != "x"
        assert [(each["type"], each["order"], each["visible"]) for each in made["sections"]] == [
            (each, order, True) for order, each in enumerate(FIRST)
        ]
        lists = ("keyAchievements", "skills", "experiences", "projects", "educations", "certificates", "attachments")
        assert [made[each] for each in lists] == [[]] * 7
        assert (made["name"], made["email"], made["paperSize"], made["summary"]) == ("", "", "A4", None)
        assert made["createdAt"] == made["updatedAt"]
        assert made["createdAt"].endswith("Z")
        assert len(made["createdAt"]) == len("2026-11-28T21:36:57.603Z")

    async def test_what_is_left_out_stays_and_null_clears(self, ada: Visitor) -> None:
        one = await resume(
            ada, phone="1", summary="s", keyAchievements=["a"], paperSize="LETTER", skills=[{"category": "x"}]
        )
        same = await change(ada, one["id"])
        assert {**same, "updatedAt": one["updatedAt"]} == one
        nothing = dict.fromkeys(["title", "phone", "summary", "keyAchievements", "paperSize", "skills", "sections"])
        cleared = await change(ada, one["id"], **nothing)
        assert [cleared[each] for each in nothing if each != "sections"] == ["", None, None, [], "A4", []]
        assert [each["type"] for each in cleared["sections"]] == FIRST
        assert cleared["name"] == one["name"]

    async def test_half_filled_rows_are_kept_as_they_are(self, ada: Visitor) -> None:
        row = {"startDate": "", "endDate": None, "order": 0, "visible": True}
        one = await resume(
            ada,
            keyAchievements=[""],
            skills=[
                {"category": "", "items": [{"name": "", "descriptions": [{"content": "", "depth": 1, "order": 0}]}]}
            ],
            experiences=[{"company": "", **row, "finalPosition": "", "projects": [{"name": "", "startDate": ""}]}],
            educations=[{"school": "", "major": "", **row}],
            certificates=[{"name": "", "issuer": "", "issueDate": ""}],
        )
        assert one["keyAchievements"] == [""]
        assert one["skills"][0]["items"][0]["descriptions"][0]["content"] == ""
        assert [one[each][0]["startDate"] for each in ("experiences", "educations")] == ["", ""]
        assert one["experiences"][0]["projects"][0]["name"] == ""
        assert (one["educations"][0]["degree"], one["certificates"][0]["issueDate"]) == (None, "")

    async def test_null_for_every_optional_field_of_a_row(self, ada: Visitor) -> None:
        project = dict.fromkeys(["endDate", "description", "role", "achievements", "techStack", "url", "githubUrl"])
        experience = dict.fromkeys(["endDate", "salary", "salaryUnit", "showSalary", "isCurrentlyWorking", "visible"])
        one = await resume(
            ada,
            skills=[{"category": "x", "items": [{"name": "y", "description": None, "descriptions": None}]}],
            experiences=[{"company": "x", **experience, "projects": [{"name": "p", **project}]}],
            educations=[{"school": "s", **dict.fromkeys(["degree", "endDate", "gpa", "gpaFormat", "order"])}],
            certificates=[{"name": "c", **dict.fromkeys(["expiryDate", "credentialId", "credentialUrl"])}],
        )
        (made,) = one["experiences"]
        assert (made["showSalary"], made["isCurrentlyWorking"], made["visible"]) == (False, False, True)
        assert (made["projects"][0]["achievements"], made["projects"][0]["techStack"]) == ([], [])
        assert one["skills"][0]["items"][0] == {"name": "y", "description": None, "descriptions": []}

    async def test_a_list_replaces_the_stored_one_in_its_order(self, ada: Visitor) -> None:
        one = await resume(ada, experiences=[{"company": "a", "order": 1}, {"company": "b", "order": 0}])
        assert [each["company"] for each in one["experiences"]] == ["b", "a"]
        changed = await change(ada, one["id"], experiences=[{"company": "c"}])
        assert [(each["company"], each["order"]) for each in changed["experiences"]] == [("c", 0)]
        assert changed["experiences"][0]["id"] not in [each["id"] for each in one["experiences"]]

    async def test_gpa_format_left_out_is_that_of_the_same_place_and_null_clears_it(self, ada: Visitor) -> None:
        one = await resume(ada, educations=[{"school": "a", "gpaFormat": "SCALE_4_5"}, {"school": "b"}])
        changed = await change(ada, one["id"], educations=[{"school": "c"}, {"school": "b", "gpaFormat": "SCALE_100"}])
        assert [each["gpaFormat"] for each in changed["educations"]] == ["SCALE_4_5", "SCALE_100"]
        cleared = await change(ada, one["id"], educations=[{"school": "c", "gpaFormat": None}, {"school": "b"}])
        assert [each["gpaFormat"] for each in cleared["educations"]] == [None, "SCALE_100"]

    async def test_trees_have_depths_and_places(self, ada: Visitor) -> None:
        tree = [{"content": "1", "children": [{"content": "2", "children": [{"content": "3"}]}, {"content": "2b"}]}]
        one = await resume(ada, experiences=[{"company": "x", "projects": [{"name": "p", "achievements": tree}]}])
        (top,) = one["experiences"][0]["projects"][0]["achievements"]
        assert (top["depth"], [(each["depth"], each["order"]) for each in top["children"]]) == (1, [(2, 0), (2, 1)])
        assert top["children"][0]["children"][0]["depth"] == 3


class TestReading:
    async def test_a_large_one_takes_eight_statements_at_the_most(
        self, box: TestBox, ada: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project = {"name": "p", "achievements": [{"content": "x"}] * 5, "techStack": ["python"]}
        one = await resume(ada, experiences=[{"company": "x", "projects": [project] * 5}] * 20)
        await attach(ada, one["id"])
        read: list[object] = []
        fetch = type(box.kit.db).fetch

        async def counted(db: Any, statement: Any) -> Any:
            read.append(statement)
            return await fetch(db, statement)

        monkeypatch.setattr(type(box.kit.db), "fetch", counted)
        await ada.ask("GET", f"/v1/resume/{one['id']}")
        assert 2 < len(read) <= 8


class TestSections:
    async def test_of_one_that_is_there_twice_the_last_counts(self, ada: Visitor) -> None:
        twice = [{"type": "SKILLS", "visible": True}, {"type": "PROJECT"}, {"type": "SKILLS", "visible": False}]
        made = await resume(ada, sections=twice)
        assert [(each["type"], each["visible"]) for each in made["sections"]] == [("PROJECT", True), ("SKILLS", False)]

    async def test_one_is_put_in_another_place(self, ada: Visitor) -> None:
        one = await resume(ada)
        path = f"/v1/resume/{one['id']}/sections/order"
        moved = await ada.ask("PATCH", path, {"type": "SKILLS", "order": 7})
        assert [(each["type"], each["order"]) for each in moved["sections"]][-1] == ("SKILLS", 7)
        await ada.ask("PATCH", path, {"type": "SKILLS", "order": -1}, status=400)

    async def test_one_is_hidden_and_one_that_is_not_listed_comes_last(self, ada: Visitor) -> None:
        one = await resume(ada)
        path = f"/v1/resume/{one['id']}/sections/visibility"
        hidden = await ada.ask("PATCH", path, {"type": "EXPERIENCE", "visible": False})
        assert [each["visible"] for each in hidden["sections"]] == [True, False, True, True, True]
        more = await ada.ask("PATCH", path, {"type": "COVER_LETTER", "visible": False})
        assert [(each["type"], each["order"], each["visible"]) for each in more["sections"][5:]] == [
            ("COVER_LETTER", 5, False)
        ]


class TestPhoto:
    async def test_temporary_upload_becomes_the_photo_and_an_attachment(self, box: TestBox, ada: Visitor) -> None:
        sent = await send_photo(ada)
        one = await resume(ada, profileImage=None, profileImageTempKey=sent["tempKey"])
        assert one["profileImage"] == sent["previewUrl"]
        assert [(each["type"], each["fileUrl"]) for each in one["attachments"]] == [
            ("PROFILE_PHOTO", sent["previewUrl"])
        ]
        later = await change(ada, one["id"], profileImage=one["profileImage"], title="x")
        assert later["attachments"] == one["attachments"]
        gone = await change(ada, one["id"], profileImage=None, profileImageTempKey=None)
        assert (gone["profileImage"], gone["attachments"], await stored(box)) == (None, [], [])

    async def test_next_photo_takes_the_place_of_the_earlier(self, box: TestBox, ada: Visitor) -> None:
        first, second = await send_photo(ada), await send_photo(ada)
        one = await resume(ada, profileImageTempKey=first["tempKey"])
        changed = await change(ada, one["id"], profileImageTempKey=second["tempKey"], profileImage=one["profileImage"])
        assert changed["profileImage"] == second["previewUrl"]
        assert await stored(box) == [second["tempKey"]]

    async def test_anybody_elses_upload_and_photo_are_refused(self, ada: Visitor, ben: Visitor) -> None:
        sent = await send_photo(ada)
        one = await resume(ada, profileImageTempKey=sent["tempKey"])
        other = await send_photo(ada)
        for body in (
            {"profileImageTempKey": other["tempKey"]},
            {"profileImageTempKey": sent["tempKey"]},
            {"profileImageTempKey": "resume/none.png"},
            {"profileImage": one["profileImage"]},
            {"profileImage": "ftp://example.org/me.png"},
        ):
            await ben.ask("POST", "/v1/resume", {"title": "x", **body}, status=400)
            mine = await resume(ben)
            await ben.ask("PUT", f"/v1/resume/{mine['id']}", {"title": "lost", **body}, status=400)
            assert await ben.ask("GET", f"/v1/resume/{mine['id']}") == mine

    async def test_address_elsewhere_is_kept_and_takes_the_photos_place(self, box: TestBox, ada: Visitor) -> None:
        elsewhere = "https://example.org/me.png"
        one = await resume(ada, profileImageTempKey=(await send_photo(ada))["tempKey"])
        changed = await change(ada, one["id"], profileImage=elsewhere)
        assert (changed["profileImage"], changed["attachments"], await stored(box)) == (elsewhere, [], [])


class TestDeleteAndCopy:
    async def test_deleted_resume_is_gone_with_its_files(self, box: TestBox, ada: Visitor) -> None:
        one = await resume(ada, isDefault=True)
        await attach(ada, one["id"])
        await ada.ask("DELETE", f"/v1/resume/{one['id']}")
        await ada.ask("DELETE", f"/v1/resume/{one['id']}", status=404)
        assert (await ada.ask("GET", "/v1/resume"), await stored(box)) == ([], [])

    async def test_copy_is_deep_and_outlives_the_original(self, box: TestBox, ada: Visitor) -> None:
        tree = [{"content": "1", "children": [{"content": "2"}]}]
        one = await resume(
            ada,
            isDefault=True,
            profileImageTempKey=(await send_photo(ada))["tempKey"],
            skills=[{"category": "x", "items": [{"name": "y", "descriptions": tree}]}],
            experiences=[{"company": "x", "salary": 3, "projects": [{"name": "p", "achievements": tree}]}],
        )
        await attach(ada, one["id"], title="letter")
        one = await ada.ask("GET", f"/v1/resume/{one['id']}")
        copy = await ada.ask("POST", f"/v1/resume/{one['id']}/copy", status=201)
        assert (copy["isDefault"], copy["title"]) == (False, one["title"])
        assert ids(copy) & ids(one) == {one["userId"]}
        assert without_ids(copy["skills"]) == without_ids(one["skills"])
        assert without_ids(copy["experiences"]) == without_ids(one["experiences"])
        assert [each["title"] for each in copy["attachments"]] == [each["title"] for each in one["attachments"]]
        await ada.ask("DELETE", f"/v1/resume/{one['id']}")
        assert await stored(box) == sorted(each["fileKey"] for each in copy["attachments"])
        assert (await ada.send("GET", copy["profileImage"])).status_code == 200


def ids(value: Any) -> set[str]:
    """Every id, at any depth."""
    if isinstance(value, list):
        return set().union(*map(ids, value))
    if not isinstance(value, dict):
        return set()
    own = {part for name, part in value.items() if name == "id" or name.endswith("Id")}
    return {each for each in own if isinstance(each, str)}.union(*map(ids, value.values()))


def without_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [without_ids(each) for each in value]
    if isinstance(value, dict):
        return {name: without_ids(part) for name, part in value.items() if name != "id"}
    return value
