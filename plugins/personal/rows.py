"""Rows of a resume's lists, from what a client sends: each with an id and a place, in order. Pure but for the ids.

A row is made of what was sent, its order, and its path for errors, which are InvalidInput.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from girok.errors import FieldError, Text
from girok.http.decode import invalid
from plugins.personal.inputs import (
    CertificateInput,
    EducationInput,
    ExperienceInput,
    NodeInput,
    ProjectInput,
    SectionInput,
    SkillInput,
    SkillItemInput,
)
from plugins.personal.messages import Certificate, Education, Experience, Node, Project, Section, Skill, SkillItem

__all__ = ["NewId", "certificates", "educations", "experiences", "sections", "skills"]

_DEPTHS = 4
_TOO_DEEP = Text(f"A tree may be {_DEPTHS} levels deep at the most.", f"최대 {_DEPTHS}단계까지 쓸 수 있습니다.")

NewId = Callable[[], str]


class _Ordered(Protocol):
    @property
    def order(self) -> int | None: ...


Sent = TypeVar("Sent", bound=_Ordered)
Row = TypeVar("Row")


def sections(given: Sequence[SectionInput], new_id: NewId) -> tuple[Section, ...]:
    """Each type once: of one that is there twice the last counts, as in preferences."""
    last = {each.type: at for at, each in enumerate(given)}

    def section(sent: SectionInput, order: int, _: str) -> Section:
        return Section(id=new_id(), type=sent.type, order=order, visible=_is_visible(sent.visible))

    return _in_order([each for at, each in enumerate(given) if last[each.type] == at], section, "sections")


def skills(given: Sequence[SkillInput], new_id: NewId) -> tuple[Skill, ...]:
    """With their items as they come."""

    def item(sent: SkillItemInput, path: str) -> SkillItem:
        nodes = _nodes(sent.descriptions, new_id, f"{path}.descriptions")
        return SkillItem(name=sent.name, description=sent.description, descriptions=nodes)

    def skill(sent: SkillInput, order: int, path: str) -> Skill:
        return Skill(
            id=new_id(),
            category=sent.category,
            items=tuple(item(each, f"{path}.items[{at}]") for at, each in enumerate(sent.items or ())),
            order=order,
            visible=_is_visible(sent.visible),
        )

    return _in_order(given, skill, "skills")


def experiences(given: Sequence[ExperienceInput], new_id: NewId) -> tuple[Experience, ...]:
    """With their projects in order."""

    def project(sent: ProjectInput, order: int, path: str) -> Project:
        return Project(
            id=new_id(),
            name=sent.name,
            start_date=sent.start_date or "",
            end_date=sent.end_date,
            description=sent.description,
            role=sent.role,
            achievements=_nodes(sent.achievements, new_id, f"{path}.achievements"),
            tech_stack=sent.tech_stack or (),
            url=sent.url,
            github_url=sent.github_url,
            order=order,
        )

    def experience(sent: ExperienceInput, order: int, path: str) -> Experience:
        return Experience(
            id=new_id(),
            company=sent.company,
            start_date=sent.start_date or "",
            end_date=sent.end_date,
            is_currently_working=bool(sent.is_currently_working),
            final_position=sent.final_position or "",
            job_title=sent.job_title or "",
            salary=sent.salary,
            salary_unit=sent.salary_unit,
            show_salary=bool(sent.show_salary),
            projects=_in_order(sent.projects or (), project, f"{path}.projects"),
            order=order,
            visible=_is_visible(sent.visible),
        )

    return _in_order(given, experience, "experiences")


def educations(given: Sequence[EducationInput], new_id: NewId) -> tuple[tuple[Education, ...], frozenset[int]]:
    """The rows, and the places of those that say nothing of their `gpa_format`."""

    def education(sent: EducationInput, order: int, _: str) -> tuple[Education, bool]:
        row = Education(
            id=new_id(),
            school=sent.school,
            major=sent.major or "",
            degree=sent.degree,
            start_date=sent.start_date or "",
            end_date=sent.end_date,
            gpa=sent.gpa,
            gpa_format=sent.gpa_format,
            order=order,
            visible=_is_visible(sent.visible),
        )
        return row, sent.gpa_format is None and not sent.clear_gpa_format

    made = _in_order(given, education, "educations")
    return tuple(row for row, _ in made), frozenset(at for at, (_, is_silent) in enumerate(made) if is_silent)


def certificates(given: Sequence[CertificateInput], new_id: NewId) -> tuple[Certificate, ...]:
    """As they are."""

    def certificate(sent: CertificateInput, order: int, _: str) -> Certificate:
        return Certificate(
            id=new_id(),
            name=sent.name,
            issuer=sent.issuer or "",
            issue_date=sent.issue_date or "",
            expiry_date=sent.expiry_date,
            credential_id=sent.credential_id,
            credential_url=sent.credential_url,
            order=order,
            visible=_is_visible(sent.visible),
        )

    return _in_order(given, certificate, "certificates")


def _in_order(given: Sequence[Sent], row: Callable[[Sent, int, str], Row], path: str) -> tuple[Row, ...]:
    """The rows by their `order`, which is their place where it is left out."""
    made = [
        (order, row(sent, order, f"{path}[{at}]"))
        for at, sent in enumerate(given)
        for order in [at if sent.order is None else sent.order]
    ]
    return tuple(row for _, row in sorted(made, key=lambda each: each[0]))


def _nodes(given: Sequence[NodeInput] | None, new_id: NewId, path: str, parent: int = 0) -> tuple[Node, ...]:
    """A tree, as it comes; `parent` is the depth of the node above."""
    return tuple(_node(sent, at, new_id, f"{path}[{at}]", parent) for at, sent in enumerate(given or ()))


def _node(sent: NodeInput, at: int, new_id: NewId, path: str, parent: int) -> Node:
    depth = sent.depth or parent + 1
    if depth > _DEPTHS or path.count(".children[") >= _DEPTHS:
        raise invalid((FieldError(path, _TOO_DEEP),))
    return Node(
        id=new_id(),
        content=sent.content,
        depth=depth,
        order=at if sent.order is None else sent.order,
        children=_nodes(sent.children, new_id, f"{path}.children", depth),
    )


def _is_visible(sent: bool | None) -> bool:  # noqa: FBT001 - a field's value
    return sent is not False
