"""The rules of a resume: whatever keeps them is stored as it was sent, in order; whatever does not is refused."""

import re
from contextlib import suppress
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from girok.clock import SystemClock, Uuid7Factory
from girok.errors import InvalidInput
from plugins.personal.inputs import (
    DATE_PATTERN,
    CertificateInput,
    EducationInput,
    ExperienceInput,
    NodeInput,
    ProjectInput,
    ResumeInput,
    SectionInput,
    SkillInput,
    SkillItemInput,
)
from plugins.personal.messages import Node, Resume, ResumeContent, SectionType
from plugins.personal.rules import blank, changes, check, mask_of, renewed, with_section
from tests.budget import share
from tests.kernel.rpc.values import values

CLOCK = SystemClock()
IDS = Uuid7Factory(CLOCK)
NOW = CLOCK.now()
SECTIONS = get_args(SectionType)
BLANK = blank(IDS.new(), IDS.new(), NOW)
months = st.one_of(st.sampled_from(["", "2020-02", "2021-12"]), st.text(max_size=8))
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
orders = st.none() | st.integers(0, 3)
shown = st.sampled_from([None, True, False])
month = st.sampled_from([None, "", "2020-02"])
quickly = settings(max_examples=share(50), deadline=None, suppress_health_check=[*HealthCheck], database=None)


def rows_of(kind: type[Any], *positional: Any, **named: Any) -> st.SearchStrategy[Any]:
    """None, or up to three rows."""
    return st.none() | st.lists(st.builds(kind, *positional, **named), max_size=3).map(tuple)


@st.composite
def trees(draw: st.DrawFn, level: int = 1) -> tuple[NodeInput, ...]:
    """Trees of up to five levels, with depths that say so or do not."""
    some: list[NodeInput] = []
    for _ in range(draw(st.integers(0, 2))):
        children = draw(trees(level + 1)) if level < 6 and draw(st.booleans()) else None
        some.append(NodeInput("x", draw(st.sampled_from([None, None, level, 4])), None, children))
    return tuple(some)


def fits(nodes: tuple[NodeInput, ...], level: int = 1, parent: int = 0) -> bool:
    """Whether no node is deeper than four, by its place or by what it says."""
    return all(
        level <= 4 and (depth := each.depth or parent + 1) <= 4 and fits(each.children or (), level + 1, depth)
        for each in nodes
    )


nodes = trees().filter(fits)
projects = st.builds(ProjectInput, words, month, achievements=nodes, tech_stack=st.just(("sql",)), order=orders)
good = st.builds(
    ResumeInput,
    title=st.none() | words,
    birth_date=st.sampled_from([None, "", "2024-02-29"]),
    key_achievements=st.none() | st.lists(words, max_size=2).map(tuple),
    sections=st.none()
    | st.lists(st.sampled_from(SECTIONS), unique=True).map(lambda all_: tuple(map(SectionInput, all_))),
    skills=rows_of(SkillInput, words, rows_of(SkillItemInput, words, st.none() | words, nodes), orders, shown),
    experiences=rows_of(
        ExperienceInput, words, month, projects=st.tuples(projects, projects), order=orders, visible=shown
    ),
    educations=rows_of(EducationInput, words, start_date=month, order=orders, visible=shown),
    certificates=rows_of(CertificateInput, words, words, month, month, order=orders),
)


def stored(sent: ResumeInput) -> Resume:
    """A new resume of it. Raises InvalidInput."""
    checked = check(sent)
    return changes(checked, {*mask_of(checked, ()), "sections"}, IDS.new).applied(BLANK)


def depths(nodes: tuple[Node, ...], level: int = 1) -> list[tuple[int, int]]:
    """(depth, level) of each node."""
    return [pair for each in nodes for pair in ((each.depth, level), *depths(each.children, level + 1))]


class TestWhatKeepsThem:
    @quickly
    @given(good)
    def test_is_stored_as_it_was_sent_in_order(self, sent: ResumeInput) -> None:
        made = stored(sent)
        content = ResumeContent(**{name: getattr(made, name) for name in ResumeContent.__struct_fields__})
        assert msgspec.json.decode(msgspec.json.encode(content), type=ResumeContent) == content
        assert made.key_achievements == (sent.key_achievements or ())
        for rows, given_rows in (
            (made.skills, sent.skills),
            (made.experiences, sent.experiences),
            (made.educations, sent.educations),
            (made.certificates, sent.certificates),
        ):
            places = [at if each.order is None else each.order for at, each in enumerate(given_rows or ())]
            assert [each.order for each in rows] == sorted(places)

    @quickly
    @given(good)
    def test_is_copied_with_ids_of_its_own(self, sent: ResumeInput) -> None:
        made = stored(sent)
        copy = renewed(made, IDS.new)
        original = {name: getattr(made, name) for name in copy}
        assert not ids(copy) & ids(original)
        assert without_ids(copy) == without_ids(original)


class TestAnything:
    @quickly
    @given(values(ResumeInput))
    def test_is_taken_or_refused_and_breaks_nothing(self, sent: ResumeInput) -> None:
        with suppress(InvalidInput):
            assert isinstance(stored(sent), Resume)

    @quickly
    @given(months)
    def test_months_are_months(self, text: str) -> None:
        is_good = text in ("", "2020-02", "2021-12") or is_month(text)
        try:
            check(ResumeInput(military_service_start_date=text))
        except InvalidInput:
            assert not is_good
        else:
            assert is_good

    @quickly
    @given(trees())
    def test_trees_are_four_deep_at_the_most(self, found: tuple[NodeInput, ...]) -> None:
        sent = ResumeInput(skills=(SkillInput("", (SkillItemInput("", None, found),)),))
        if not fits(found):
            with pytest.raises(InvalidInput) as refused:
                stored(sent)
            assert refused.value.details[0].path.startswith("skills[0].items[0].descriptions[")
            return
        placed = depths(stored(sent).skills[0].items[0].descriptions)
        assert all(1 <= depth <= 4 and level <= 4 for depth, level in placed)


class TestSections:
    @pytest.mark.parametrize(("order", "place"), [(0, 1), (2, 3), (9, 4)])
    def test_moved_one_is_behind_what_has_its_order(self, order: int, place: int) -> None:
        made = with_section(stored(ResumeInput()), "CERTIFICATE", IDS.new, order=order)
        assert [each.type for each in made.sections].index("CERTIFICATE") == place


def is_month(text: str) -> bool:
    digits = text[:4] + text[5:]
    return len(text) == 7 and text[4] == "-" and digits.isascii() and digits.isdecimal() and 1 <= int(text[5:]) <= 12


def ids(value: Any) -> set[str]:
    plain = msgspec.to_builtins(value)
    if isinstance(plain, dict):
        own = {plain["id"]} if "id" in plain else set[str]()
        return own.union(*map(ids, plain.values()))
    return set[str]().union(*map(ids, plain)) if isinstance(plain, list | tuple) else set()


def without_ids(value: Any) -> Any:
    plain = msgspec.to_builtins(value)
    if isinstance(plain, dict):
        return {name: without_ids(part) for name, part in plain.items() if name != "id"}
    return [without_ids(each) for each in plain] if isinstance(plain, list | tuple) else plain


class TestDates:
    def test_the_openapi_tells_exactly_those_that_exist(self) -> None:
        years = [*range(12), 1900, 1999, 2000, 2023, 2024, 2100, 2400, 9999]
        dates = [f"{y:04}-{m:02}-{d:02}" for y in years for m in range(14) for d in range(33)]
        told = {each for each in ["", *dates] if re.search(DATE_PATTERN, each)}
        assert told == {each for each in ["", *dates] if exists(each)}


def exists(date: str) -> bool:
    try:
        check(ResumeInput(birth_date=date))
    except InvalidInput:
        return False
    return True
