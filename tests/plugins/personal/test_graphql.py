"""GraphQL: resumes over the edge, as their owner and as others see them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from girok.testing.box import TestBox
from girok.testing.client import Browser
from tests.plugins.personal.test_resume_input import BAD
from tests.scenarios.story import register

ALL = """
id title description isDefault paperSize name email phone address github blog linkedin portfolio summary keyAchievements
profileImage birthDate gender coverLetter applicationReason sections { id type order visible }
skills { id category items order visible }
experiences {
  id company startDate endDate isCurrentlyWorking finalPosition jobTitle salary salaryUnit showSalary order visible
  projects { id name startDate endDate description role achievements techStack url githubUrl order }
}
educations { id school major degree startDate endDate gpa gpaFormat order visible }
certificates { id name issuer issueDate expiryDate credentialId credentialUrl order visible }
createdAt updatedAt
"""
CREATE = f"mutation($input: ResumeInput!) {{ createResume(input: $input) {{ {ALL} }} }}"
UPDATE = f"mutation($id: ID!, $input: ResumeInput!) {{ updateResume(id: $id, input: $input) {{ {ALL} }} }}"
DELETE = "mutation($id: ID!) { deleteResume(id: $id) }"
ONE = f"query($id: ID!) {{ resume(id: $id) {{ {ALL} }} }}"
LIST = "{ resumes { id title } }"
PUBLIC = f'{{ publicResume(username: "ada") {{ {ALL} }} }}'
FULL: dict[str, Any] = {
    "title": "CV",
    "gender": "OTHER",
    "skills": [{"category": "x", "items": [{"name": "y", "descriptions": [{"content": "z"}]}]}],
    "experiences": [{"company": "girok", "salary": 3, "projects": [{"name": "p", "achievements": [{"content": "a"}]}]}],
    "educations": [{"school": "s", "degree": "MASTER", "gpaFormat": "SCALE_4_0"}],
    "certificates": [{"name": "c"}],
}
NO_ID = "01a20e74-a92f-77ca-b756-15d5a012d09a"


@pytest.fixture
async def ada(box: TestBox) -> AsyncIterator[Browser]:
    async with box.browser() as browser:
        await register(browser, "ada")
        yield browser


@pytest.fixture
async def ben(box: TestBox) -> AsyncIterator[Browser]:
    async with box.browser() as browser:
        await register(browser, "ben")
        yield browser


async def created(who: Browser, **fields: Any) -> dict[str, Any]:
    return (await who.graphql(CREATE, {"input": {**FULL, **fields}})).data["createResume"]


class TestOwn:
    async def test_nobody_has_any(self, box: TestBox) -> None:
        async with box.browser() as guest:
            for query, variables in (
                (LIST, {}),
                (ONE, {"id": NO_ID}),
                (CREATE, {"input": {}}),
                (UPDATE, {"id": NO_ID, "input": {}}),
                (DELETE, {"id": NO_ID}),
            ):
                assert (await guest.graphql(query, variables)).error["code"] == "UNAUTHENTICATED"

    async def test_somebody_elses_is_none(self, ada: Browser, ben: Browser) -> None:
        hers = await created(ada)
        for id_ in (hers["id"], NO_ID):
            assert (await ben.graphql(ONE, {"id": id_})).data == {"resume": None}
            for query, variables in ((UPDATE, {"id": id_, "input": {"title": "mine"}}), (DELETE, {"id": id_})):
                assert (await ben.graphql(query, variables)).error == {
                    "code": "NOT_FOUND",
                    "reason": "RESUME_NOT_FOUND",
                }
        assert (await ada.graphql(ONE, {"id": hers["id"]})).data["resume"] == hers
        assert (await ben.graphql(LIST)).data == {"resumes": []}

    async def test_made_read_changed_and_deleted(self, ada: Browser) -> None:
        one = await created(ada, phone="1", summary="s")
        assert one["skills"][0]["items"][0]["descriptions"][0]["content"] == "z"
        assert one["experiences"][0]["projects"][0]["achievements"][0]["depth"] == 1
        assert (await ada.graphql(ONE, {"id": one["id"]})).data["resume"] == one
        given = {"phone": None, "title": "2", "educations": [{"school": "t"}]}
        changed = (await ada.graphql(UPDATE, {"id": one["id"], "input": given})).data["updateResume"]
        assert (changed["title"], changed["phone"], changed["summary"]) == ("2", None, "s")
        assert changed["educations"][0]["gpaFormat"] == "SCALE_4_0"
        given = {"educations": [{"school": "t", "gpaFormat": None}]}
        changed = (await ada.graphql(UPDATE, {"id": one["id"], "input": given})).data["updateResume"]
        assert changed["educations"][0]["gpaFormat"] is None
        assert (await ada.graphql(DELETE, {"id": one["id"]})).data == {"deleteResume": True}
        assert (await ada.graphql(ONE, {"id": one["id"]})).data == {"resume": None}

    async def test_what_no_resume_may_hold_is_refused(self, ada: Browser) -> None:
        known = ("skills", "experiences", "educations", "certificates", "birthDate", "paperSize", "blog")
        for body, _ in BAD:
            if body.keys() <= set(known):
                refused = await ada.graphql(CREATE, {"input": body})
                assert refused.error["code"] == "BAD_USER_INPUT", body
        assert (await ada.graphql(LIST)).data == {"resumes": []}


class TestPublic:
    async def test_shows_what_others_may_see_and_none_is_null(self, box: TestBox, ada: Browser) -> None:
        async with box.browser() as guest:
            assert (await guest.graphql(PUBLIC)).data == {"publicResume": None}
            one = await created(ada)
            seen = (await guest.graphql(PUBLIC)).data["publicResume"]
        (experience,) = seen["experiences"]
        assert [experience[each] for each in ("salary", "salaryUnit", "showSalary")] == [None, None, None]
        assert seen["id"] == one["id"]
        assert seen["skills"] == one["skills"]
