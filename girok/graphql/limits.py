"""How large an operation may be. What passes here takes milliseconds to validate, whatever it was made to do."""

import msgspec
from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    SelectionNode,
    SelectionSetNode,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from girok.errors import CostLimited, Text

__all__ = ["Limits", "check"]

# Fields of one name are compared with one another: 300 of them take a fifth of a second. graphql-core gives up later.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000


class Limits(msgspec.Struct, frozen=True):
    """What one document may have, and for how many `seconds` its operation may run.

    `depth` counts nested selection sets, `selections` fields and fragments of one definition; both look into the
    fragments that are spread.
    """

    characters: int = 100_000
    tokens: int = 10_000
    depth: int = 50
    selections: int = 2_000
    definitions: int = 200
    seconds: float = 30.0


def check(document: DocumentNode, limits: Limits) -> None:
    """Raises CostLimited when a definition of the document is nested deeper, or selects more, than `limits` allow."""
    fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
    if len(document.definitions) > limits.definitions:
        raise _too_much(f"{limits.definitions} definitions", f"정의 {limits.definitions}개")
    count = _Count(fragments, limits.depth)
    for each in document.definitions:
        # Anything else is no operation, and validation's to refuse.
        if isinstance(each, ExecutableDefinitionNode) and count.selections(each.selection_set) > limits.selections:
            raise _too_much(f"{limits.selections} selections", f"선택 {limits.selections}개")


class _Count:
    """Counts with the fragments spread out, looking into each once. A fragment in itself is validation's to refuse."""

    def __init__(self, fragments: dict[str, FragmentDefinitionNode], depth: int) -> None:
        self._fragments = fragments
        self._depth = depth
        self._known: dict[str, tuple[int, int]] = {}
        """Selections and depth of each fragment that was counted."""

    def selections(self, selections: SelectionSetNode) -> int:
        """How many there are at and below. Raises CostLimited where they are nested too deeply."""
        return self._count(selections, 1)[0]

    def _count(self, within: SelectionSetNode, level: int) -> tuple[int, int]:
        """Selections and depth of a selection set that is `level` deep itself."""
        if level > self._depth:
            raise self._too_deep()
        below = [self._below(each, level) for each in within.selections]
        depth = 1 + max((each for _, each in below), default=0)
        # A fragment that was counted before may be spread in a deeper place now.
        if level + depth - 1 > self._depth:
            raise self._too_deep()
        return len(below) + sum(count for count, _ in below), depth

    def _below(self, selection: SelectionNode, level: int) -> tuple[int, int]:
        if isinstance(selection, FragmentSpreadNode):
            return self._fragment(selection.name.value, level)
        nested: SelectionSetNode | None = getattr(selection, "selection_set", None)
        return self._count(nested, level + 1) if nested else (0, 0)

    def _fragment(self, name: str, level: int) -> tuple[int, int]:
        if name not in self._known:
            self._known[name] = (0, 0)  # for a fragment in itself
            fragment = self._fragments.get(name)
            if fragment is not None:
                self._known[name] = self._count(fragment.selection_set, level + 1)
        return self._known[name]

    def _too_deep(self) -> CostLimited:
        return _too_much(f"a depth of {self._depth}", f"깊이 {self._depth}")


def _too_much(limit: str, limit_ko: str) -> CostLimited:
    return CostLimited(
        Text(
            f"The operation is too large: {limit} at the most.", f"요청이 너무 큽니다: 최대 {limit_ko}까지 가능합니다."
        )
    )
