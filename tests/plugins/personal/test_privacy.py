"""What its owner hides is in no answer to anybody else: random resumes, over every way out.

A word that nobody else writes is put into every text of a resume. What must be hidden is worked out from the resume as
its owner sees it, place by place; whatever the answer is, it may have none of those words.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from girok.testing.box import TestBox, box_on
from plugins.personal.messages import SectionType
from plugins.personal.ports import GetPublicResumeRequest, PersonalService
from tests.budget import share
from tests.plugins.personal.shelf import attach, send_photo
from tests.plugins.personal.test_graphql import PUBLIC
from tests.plugins.personal.visitors import Visitor, nobody, somebody

SECTIONS = get_args(SectionType)
PAGE = "/v1/resume/public/ada"
SALARY = 7_777_000
"""Salaries are numbers, from here on; no other number is that large."""
OF_SECTION = {
    "SKILLS": "skills",
    "EXPERIENCE": "experiences",
    "EDUCATION": "educations",
    "CERTIFICATE": "certificates",
    "KEY_ACHIEVEMENTS": "keyAchievements",
    "APPLICATION_REASON": "applicationReason",
    "COVER_LETTER": "coverLetter",
    "ATTACHMENTS": "attachments",
}
"""Which field each section shows; PROJECT's are in the experiences."""


def filled(choose: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
    """A body in which every text is another word."""
    words = (f"word{number:05}x" for number in count())
    numbers = count(SALARY)

    def word() -> str:
        return next(words)

    def rows(make: Callable[[], dict[str, Any]], most: int = 2) -> list[dict[str, Any]]:
        return [make() for _ in range(choose(st.integers(0, most)))]

    def node() -> dict[str, Any]:
        return {"content": word(), "children": [{"content": word()}]}

    def project() -> dict[str, Any]:
        return {"name": word(), "description": word(), "achievements": rows(node), "techStack": [word()], "url": word()}

    def shown(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "visible": choose(st.booleans())}

    listed = choose(st.lists(st.sampled_from(SECTIONS), unique=True))
    return {
        "title": word(),
        "coverLetter": word(),
        "applicationReason": word(),
        "keyAchievements": [word()],
        "sections": [shown({"type": each}) for each in listed],
        "skills": rows(lambda: shown({"category": word(), "items": [{"name": word(), "descriptions": rows(node)}]})),
        "experiences": rows(
            lambda: shown(
                {
                    "company": word(),
                    "jobTitle": word(),
                    "salary": next(numbers),
                    "salaryUnit": word(),
                    "showSalary": choose(st.booleans()),
                    "projects": rows(project),
                }
            )
        ),
        "educations": rows(lambda: shown({"school": word(), "major": word(), "gpa": word()})),
        "certificates": rows(lambda: shown({"name": word(), "credentialId": word()})),
    }


def leaves(value: Any) -> Iterator[str]:
    """Every word, salary and address of a file in it."""
    if isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif str(value).startswith(("word", "http")) or (isinstance(value, int) and value >= SALARY):
        yield str(value)


def visible(own: dict[str, Any]) -> dict[str, Any]:
    """The parts that others may see, told once more and in another way than the product does."""
    hidden = {each["type"] for each in own["sections"] if not each["visible"]}
    seen = {name: part for name, part in own.items() if name not in {OF_SECTION.get(each) for each in hidden}}
    seen["sections"] = [each for each in own["sections"] if each["visible"]]
    for name in ("skills", "experiences", "educations", "certificates", "attachments"):
        seen[name] = [each for each in seen.get(name, []) if each["visible"]]
    for each in seen["experiences"]:
        kept = {name: part for name, part in each.items() if each["showSalary"] or "alary" not in name}
        each.clear()
        each.update(kept)
        if "PROJECT" in hidden:
            each["projects"] = []
    photos = [each for each in own["attachments"] if each["type"] == "PROFILE_PHOTO"]
    if not all(each["visible"] for each in photos):
        seen["profileImage"] = None
    return seen


class Ways:
    """All the ways out of a box whose ports are called over gRPC, for one owner."""

    def __init__(self, box: TestBox, owner: Visitor, guest: Visitor) -> None:
        self.box = box
        self.owner = owner
        self.guest = guest

    async def answers(self, resume_id: str) -> dict[str, Any]:
        """The owner's default resume as each of them shows it."""
        link = await self.owner.ask("POST", f"/v1/share/resume/{resume_id}", {"duration": "1_week"}, status=201)
        port = self.box.kit.ports[PersonalService]
        found = {
            "public": await self.guest.ask("GET", PAGE),
            "public to its owner": await self.owner.ask("GET", PAGE),
            "share": await self.guest.ask("GET", f"/v1/share/public/{link['token']}"),
            "GraphQL": (await self.guest.browser.graphql(PUBLIC)).data["publicResume"],
            "gRPC": msgspec.json.decode(
                msgspec.json.encode(await port.get_public_resume(GetPublicResumeRequest("ada")))
            ),
        }
        await self.owner.ask("DELETE", f"/v1/share/{link['id']}")
        return found


@pytest.fixture
async def ways(tmp_path: Path) -> AsyncIterator[Ways]:
    async with box_on(tmp_path / "data", over_grpc=True) as box, somebody(box, "ada") as owner, nobody(box) as guest:
        yield Ways(box, owner, guest)


class TestWhatOthersSee:
    @settings(max_examples=share(20), deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(data=st.data())
    async def test_is_what_its_owner_shows_and_nothing_else(self, ways: Ways, data: st.DataObject) -> None:
        own = await self.made(ways.owner, data.draw)
        seen = visible(own)
        for way, answer in (await ways.answers(own["id"])).items():
            wanted = {name: part for name, part in seen.items() if way != "GraphQL" or name != "attachments"}
            assert set(leaves(answer)) == set(leaves(wanted)), way
            for each in answer["experiences"]:
                assert (each.get("salary") is not None) == (each.get("showSalary") is True), way
                assert way in ("GraphQL", "gRPC") or ("showSalary" in each) == ("salary" in each) == (
                    "salaryUnit" in each
                )
        await ways.owner.ask("DELETE", f"/v1/resume/{own['id']}")

    async def made(self, owner: Visitor, choose: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
        """A new default resume with up to two files, as its owner sees it."""
        body = {**filled(choose), "isDefault": True}
        if choose(st.booleans()):
            body["profileImageTempKey"] = (await send_photo(owner))["tempKey"]
        made = await owner.ask("POST", "/v1/resume", body, status=201)
        path = f"/v1/resume/{made['id']}"
        if choose(st.booleans()):
            await attach(owner, made["id"], title="wordofafile")
        for each in (await owner.ask("GET", path))["attachments"]:
            await owner.ask("PATCH", f"{path}/attachments/{each['id']}", {"visible": choose(st.booleans())})
        return await owner.ask("GET", path)
