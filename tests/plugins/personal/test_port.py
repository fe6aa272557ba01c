"""PersonalService: for every call first anonymous, a guest, then somebody else's, then valid."""

from collections.abc import Awaitable, Callable

import pytest

from girok.context import Actor, acting_as
from girok.errors import Forbidden, InvalidInput, Unauthenticated
from girok.testing.box import TestBox
from plugins.personal.errors import ResumeChanged, ResumeNotFound
from plugins.personal.inputs import (
    EducationInput,
    ExperienceInput,
    NodeInput,
    ResumeInput,
    SectionInput,
    SkillInput,
    SkillItemInput,
)
from plugins.personal.ports import (
    CreateResumeRequest,
    DeleteResumeRequest,
    GetPublicResumeRequest,
    GetResumeRequest,
    GetResumesByUserIdRequest,
    PersonalService,
    Resume,
    UpdateResumeRequest,
)
from tests.plugins.personal.people import Person, person

GUEST = Actor("019abcde-0000-7000-8000-000000000001", "GUEST", "s")


@pytest.fixture
def personal(box: TestBox) -> PersonalService:
    return box.kit.ports[PersonalService]


@pytest.fixture
async def ada(box: TestBox) -> Person:
    return await person(box, "ada")


@pytest.fixture
async def ben(box: TestBox) -> Person:
    return await person(box, "ben")


Call = Callable[[PersonalService, str], Awaitable[object]]
OWN: dict[str, Call] = {
    "get_resume": lambda port, of: port.get_resume(GetResumeRequest(of)),
    "get_resumes_by_user_id": lambda port, of: port.get_resumes_by_user_id(GetResumesByUserIdRequest(of)),
    "create_resume": lambda port, _: port.create_resume(CreateResumeRequest(ResumeInput())),
    "update_resume": lambda port, of: port.update_resume(UpdateResumeRequest(of, ResumeInput(title="mine"))),
    "delete_resume": lambda port, of: port.delete_resume(DeleteResumeRequest(of)),
}


class TestWhoMayCall:
    @pytest.mark.parametrize("call", OWN.values(), ids=OWN)
    async def test_nobody_and_a_guest_may_not(self, ada: Person, personal: PersonalService, call: Call) -> None:
        resume = await ada.writes()
        with pytest.raises(Unauthenticated):
            await call(personal, resume.id)
        with acting_as(GUEST), pytest.raises(Forbidden):
            await call(personal, resume.id)

    @pytest.mark.parametrize("name", ["get_resume", "update_resume", "delete_resume"])
    async def test_somebody_elses_is_as_one_that_there_is_not(self, ada: Person, ben: Person, name: str) -> None:
        resume = await ada.writes(title="hers")
        found: list[ResumeNotFound] = []
        for of in (resume.id, "019abcde-0000-7000-8000-000000000001", "none", ""):
            with ben.acts(), pytest.raises(ResumeNotFound) as refused:
                await OWN[name](ben.personal, of)
            found.append(refused.value)
        assert len({(each.message, each.details) for each in found}) == 1
        with ada.acts():
            assert await ada.personal.get_resume(GetResumeRequest(resume.id)) == resume

    async def test_resumes_of_another_user_are_not_found(self, ada: Person, ben: Person) -> None:
        await ada.writes()
        with ben.acts(), pytest.raises(ResumeNotFound):
            await OWN["get_resumes_by_user_id"](ben.personal, ada.actor.user_id)


class TestCreateResume:
    async def test_new_resume_has_five_visible_sections(self, ada: Person) -> None:
        resume = await ada.writes(title="CV")
        assert [(each.type, each.order, each.visible) for each in resume.sections] == [
            ("SKILLS", 0, True),
            ("EXPERIENCE", 1, True),
            ("PROJECT", 2, True),
            ("EDUCATION", 3, True),
            ("CERTIFICATE", 4, True),
        ]
        assert (resume.title, resume.name, resume.paper_size, resume.is_default) == ("CV", "", "A4", False)

    async def test_created_resume_can_be_read(self, ada: Person) -> None:
        node = NodeInput("Python", children=(NodeInput("asyncio"),))
        resume = await ada.writes(
            skills=(
                SkillInput("code", (SkillItemInput("Python", descriptions=(node,)),), order=1),
                SkillInput("languages", order=0),
            ),
            experiences=(ExperienceInput("girok", salary=100, salary_unit="won"),),
            sections=(SectionInput("SKILLS", visible=False),),
            key_achievements=("",),
        )
        assert [each.category for each in resume.skills] == ["languages", "code"]
        with ada.acts():
            assert await ada.personal.get_resume(GetResumeRequest(resume.id)) == resume

    async def test_default_is_first_and_then_the_newest(self, ada: Person) -> None:
        one, two, three = [await ada.writes(title=each, is_default=each == "1") for each in "123"]
        with ada.acts():
            found = await ada.personal.get_resumes_by_user_id(GetResumesByUserIdRequest(ada.actor.user_id))
        assert found.resumes == (one, three, two)


class TestUpdateResume:
    async def test_what_the_mask_names_is_set_or_cleared_and_the_rest_stays(self, ada: Person) -> None:
        resume = await ada.writes(title="CV", phone="1", summary="long", skills=(SkillInput("code"),))
        changed = await update(ada, resume, ResumeInput(phone="2", address="x"), "phone", "summary", "skills")
        assert (changed.title, changed.phone, changed.summary, changed.address) == ("CV", "2", None, None)
        assert changed.skills == ()
        assert changed.version == resume.version + 1
        assert changed.updated_at > resume.updated_at

    async def test_without_a_mask_what_is_there_is_set(self, ada: Person) -> None:
        resume = await ada.writes(title="CV", phone="1", skills=(SkillInput("code"),))
        changed = await update(ada, resume, ResumeInput(phone="2"))
        assert (changed.title, changed.phone, changed.skills) == ("CV", "2", resume.skills)

    @pytest.mark.parametrize("field", ["", "nothing", "skills.category", "version", "\ud800"])
    async def test_unknown_field_in_the_mask_is_refused(self, ada: Person, field: str) -> None:
        resume = await ada.writes()
        with pytest.raises(InvalidInput):
            await update(ada, resume, ResumeInput(), field)

    async def test_gpa_format_that_is_left_out_is_that_of_the_same_place(self, ada: Person) -> None:
        resume = await ada.writes(educations=(EducationInput("a", gpa_format="SCALE_100"), EducationInput("b")))
        given = (EducationInput("c"), EducationInput("d"), EducationInput("e"))
        changed = await update(ada, resume, ResumeInput(educations=given))
        assert [each.gpa_format for each in changed.educations] == ["SCALE_100", None, None]
        cleared = await update(ada, resume, ResumeInput(educations=(EducationInput("c", clear_gpa_format=True),)))
        assert [each.gpa_format for each in cleared.educations] == [None]

    async def test_another_version_than_the_wanted_is_left_alone(self, ada: Person) -> None:
        resume = await ada.writes(title="CV")
        with ada.acts():
            await ada.personal.update_resume(UpdateResumeRequest(resume.id, ResumeInput(title="2"), (), 1))
            with pytest.raises(ResumeChanged):
                await ada.personal.update_resume(UpdateResumeRequest(resume.id, ResumeInput(title="3"), (), 1))
            assert (await ada.personal.get_resume(GetResumeRequest(resume.id))).title == "2"

    async def test_one_default_at_a_time(self, ada: Person) -> None:
        one, two = await ada.writes(is_default=True), await ada.writes()
        await update(ada, two, ResumeInput(is_default=True))
        with ada.acts():
            assert not (await ada.personal.get_resume(GetResumeRequest(one.id))).is_default


class TestDeleteResume:
    async def test_deleted_resume_is_gone_and_twice_is_not_found(self, ada: Person, personal: PersonalService) -> None:
        resume = await ada.writes(is_default=True)
        with ada.acts():
            await ada.personal.delete_resume(DeleteResumeRequest(resume.id))
            for call in ("get_resume", "update_resume", "delete_resume"):
                with pytest.raises(ResumeNotFound):
                    await OWN[call](ada.personal, resume.id)
            assert (
                await ada.personal.get_resumes_by_user_id(GetResumesByUserIdRequest(ada.actor.user_id))
            ).resumes == ()
        with pytest.raises(ResumeNotFound):
            await personal.get_public_resume(GetPublicResumeRequest("ada"))
        assert (await ada.writes(is_default=True)).is_default


class TestGetPublicResume:
    @pytest.mark.parametrize("username", ["nobody", "", "ADA", "\x00", "\ud800"])
    async def test_nobodys_is_not_found(self, ada: Person, personal: PersonalService, username: str) -> None:
        await ada.writes()
        with pytest.raises(ResumeNotFound):
            await personal.get_public_resume(GetPublicResumeRequest(username))

    async def test_anybody_sees_the_default_or_else_the_newest(self, ada: Person, personal: PersonalService) -> None:
        with pytest.raises(ResumeNotFound):
            await personal.get_public_resume(GetPublicResumeRequest("ada"))
        one, two = await ada.writes(title="1"), await ada.writes(title="2")
        assert (await personal.get_public_resume(GetPublicResumeRequest("ada"))).id == two.id
        await update(ada, one, ResumeInput(is_default=True))
        assert (await personal.get_public_resume(GetPublicResumeRequest("ada"))).id == one.id

    async def test_its_owner_too_sees_what_others_see(self, ada: Person) -> None:
        await ada.writes(experiences=(ExperienceInput("girok", salary=1), ExperienceInput("x", visible=False)))
        with ada.acts():
            seen = await ada.personal.get_public_resume(GetPublicResumeRequest("ada"))
        assert [(each.company, each.salary, each.show_salary) for each in seen.experiences] == [("girok", None, None)]


async def update(who: Person, resume: Resume, given: ResumeInput, *mask: str) -> Resume:
    with who.acts():
        return await who.personal.update_resume(UpdateResumeRequest(resume.id, given, mask))
