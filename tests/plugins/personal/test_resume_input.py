"""What no resume may hold: refused at its path, over REST, GraphQL and the port alike, and nothing is changed."""

from typing import Any

import pytest

from girok.context import Actor, acting_as
from girok.errors import InvalidInput
from girok.testing.box import TestBox
from plugins.personal.inputs import (
    EducationBody,
    EducationInput,
    NodeInput,
    ResumeBody,
    ResumeInput,
    SkillInput,
    SkillItemInput,
)
from plugins.personal.ports import CreateResumeRequest, PersonalService
from tests.plugins.personal.shelf import resume
from tests.plugins.personal.visitors import Visitor


def tree(depth: int) -> list[dict[str, Any]]:
    return [{"content": "x", **({"children": tree(depth - 1)} if depth > 1 else {})}]


def project(**fields: Any) -> dict[str, Any]:
    return {"experiences": [{"company": "x"}, {"company": "y", "projects": [{"name": "p", **fields}]}]}


IN_PROJECT = "experiences[1].projects[0]"
BAD: list[tuple[dict[str, Any], str]] = [
    ({"title": 5}, "title"),
    ({"title": "x" * 501}, "title"),
    ({"summary": "x" * 20_001}, "summary"),
    ({"paperSize": "A3"}, "paperSize"),
    ({"gender": ""}, "gender"),
    ({"isDefault": "true"}, "isDefault"),
    ({"birthDate": "2023-02-30"}, "birthDate"),
    ({"birthDate": "2023-02-29"}, "birthDate"),
    ({"birthDate": "2023-13-01"}, "birthDate"),
    ({"birthDate": "0000-01-01"}, "birthDate"),
    ({"birthDate": "2023-01-01T00:00:00Z"}, "birthDate"),
    ({"birthYear": 12_345}, "birthYear"),
    ({"militaryServiceStartDate": "2023-13"}, "militaryServiceStartDate"),
    ({"militaryServiceEndDate": "2023-01-01"}, "militaryServiceEndDate"),
    ({"blog": "javascript:alert(1)"}, "blog"),
    ({"github": " JavaScript :alert(1)"}, "github"),
    ({"portfolio": "java\tscript:alert(1)"}, "portfolio"),
    ({"profileImage": "data:image/png;base64,AAAA"}, "profileImage"),
    ({"keyAchievements": [None]}, "keyAchievements[0]"),
    ({"keyAchievements": ["x"] * 101}, "keyAchievements"),
    ({"sections": [{"type": "HOBBIES"}]}, "sections[0].type"),
    ({"skills": [{"items": []}]}, "skills[0].category"),
    (
        {"skills": [{"category": "x", "items": [{"name": "y", "descriptions": tree(5)}]}]},
        "skills[0].items[0].descriptions[0]",
    ),
    ({"experiences": [{"company": "x", "salary": 2**31}]}, "experiences[0].salary"),
    ({"experiences": [{"company": "x", "salary": -1}]}, "experiences[0].salary"),
    ({"experiences": [{"company": "x", "salary": "5"}]}, "experiences[0].salary"),
    ({"experiences": [{"company": "x", "startDate": "2023-1"}]}, "experiences[0].startDate"),
    ({"experiences": [{"company": "x", "startDate": "2023-01\n"}]}, "experiences[0].startDate"),
    (project(name="x" * 501), f"{IN_PROJECT}.name"),
    (project(endDate="2023-00"), f"{IN_PROJECT}.endDate"),
    (project(url="vbscript:x"), f"{IN_PROJECT}.url"),
    (project(techStack=["x" * 501]), f"{IN_PROJECT}.techStack[0]"),
    (project(achievements=[{"content": "x", "depth": 5}]), f"{IN_PROJECT}.achievements[0].depth"),
    (project(achievements=tree(5)), f"{IN_PROJECT}.achievements[0]"),
    (
        project(achievements=[{"content": "x", "depth": 4, "children": [{"content": "y"}]}]),
        f"{IN_PROJECT}.achievements[0]",
    ),
    (project(achievements=[{"content": "x"}] * 501), f"{IN_PROJECT}.achievements"),
    ({"educations": [{"school": "x", "degree": "PHD"}]}, "educations[0].degree"),
    ({"educations": [{"school": "x", "gpaFormat": "SCALE_5"}]}, "educations[0].gpaFormat"),
    ({"certificates": [{"name": "x", "expiryDate": "soon"}]}, "certificates[0].expiryDate"),
]


class TestRest:
    async def test_is_refused_at_its_path_and_changes_nothing(self, ada: Visitor) -> None:
        one = await resume(ada)
        for body, path in BAD:
            for method, address in (("POST", "/v1/resume"), ("PUT", f"/v1/resume/{one['id']}")):
                refused = await ada.ask(method, address, {"title": "lost", **body}, status=400)
                (detail,) = refused["error"]["details"]
                assert detail["path"].startswith(path), (body, detail)
                assert detail["path"] in refused["message"]
        assert await ada.ask("GET", "/v1/resume") == [one]

    async def test_every_wrong_field_is_named(self, ada: Visitor) -> None:
        body = {"title": 5, "experiences": [{"company": "x", "salary": "5"}, {"company": 1}]}
        refused = await ada.ask("POST", "/v1/resume", body, status=400)
        found = {each["path"] for each in refused["error"]["details"]}
        assert found == {"title", "experiences[0].salary", "experiences[1].company"}

    async def test_more_than_a_resume_may_hold(self, ada: Visitor) -> None:
        items = [{"name": "x", "descriptions": [{"content": ""}] * 500}] * 20
        refused = await ada.ask("POST", "/v1/resume", {"skills": [{"category": "x", "items": items}]}, status=400)
        assert refused["message"] == "The resume is too large."

    @pytest.mark.parametrize(
        "body",
        [
            {"summary": "x" * 2_000_000},
            {"skills": [{"category": "x", "items": [{"name": "", "descriptions": [{"content": ""}] * 100_000}]}]},
        ],
    )
    async def test_more_than_a_request_may_hold(self, ada: Visitor, body: dict[str, Any]) -> None:
        await ada.ask("POST", "/v1/resume", body, status=413)

    async def test_nesting_without_end(self, ada: Visitor) -> None:
        deep = '{"content":"","children":[' * 20_000 + "]}" * 20_000
        body = f'{{"skills":[{{"category":"","items":[{{"name":"","descriptions":[{deep}]}}]}}]}}'
        answer = await ada.browser.request(
            "POST",
            "/v1/resume",
            content=body.encode(),
            headers={"authorization": f"Bearer {ada.token}", "content-type": "application/json"},
        )
        assert answer.status_code == 400


class TestPort:
    @pytest.mark.parametrize(
        "given",
        [
            ResumeInput(title="x" * 501),
            ResumeInput(title="\x00"),
            ResumeInput(title="\ud800"),
            ResumeInput(summary="x" * 2_000_000),
            ResumeInput(birth_date="2023-02-30"),
            ResumeInput(gender="UNKNOWN_7"),  # type: ignore[arg-type] - as a newer peer sends it
            ResumeInput(educations=(EducationInput("x", start_date="2023-13"),)),
        ],
    )
    async def test_rules_hold_without_rest(self, box: TestBox, given: ResumeInput) -> None:
        with acting_as(Actor("019abcde-0000-7000-8000-000000000001")), pytest.raises(InvalidInput):
            await box.kit.ports[PersonalService].create_resume(CreateResumeRequest(given))

    @pytest.mark.parametrize("depth", [1, 5])
    async def test_trees_are_bounded_without_rest(self, box: TestBox, depth: int) -> None:
        nodes = (NodeInput("x"),) * (100_000 if depth == 1 else 1)
        for _ in range(depth - 1):
            nodes = (NodeInput("x", children=nodes),)
        given = ResumeInput(skills=(SkillInput("x", (SkillItemInput("y", descriptions=nodes),)),))
        with acting_as(Actor("019abcde-0000-7000-8000-000000000001")), pytest.raises(InvalidInput):
            await box.kit.ports[PersonalService].create_resume(CreateResumeRequest(given))


class TestBody:
    def test_has_every_field_of_the_input(self) -> None:
        assert ResumeBody.__struct_fields__ == ResumeInput.__struct_fields__
        assert {*EducationBody.__struct_fields__, "clear_gpa_format"} == {*EducationInput.__struct_fields__}
