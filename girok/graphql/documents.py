"""Documents, parsed and validated once: the same text again costs a look into a dict."""

from collections import OrderedDict
from collections.abc import Sequence

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)

from girok.errors import CostLimited, InvalidInput, Text
from girok.graphql.engine.operation import Operation, operations
from girok.graphql.errors import GraphQLParseFailed, GraphQLValidationFailed, invalid, refused
from girok.graphql.limits import Limits, check

__all__ = ["NUL_REFUSED", "Documents"]

NUL_REFUSED = Text("Text must not hold the character NUL.", "NUL 문자는 쓸 수 없습니다.")
_MOST_ERRORS = 20


class Documents:
    """The documents of a schema, the last used of them: a bounded number, of texts of a bounded length altogether.

    A document that was parsed takes some 70 bytes for each character of its text.
    """

    def __init__(
        self, schema: GraphQLSchema, limits: Limits, *, most: int = 1_000, most_characters: int = 250_000
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._most = most
        self._most_characters = most_characters
        self._known: OrderedDict[str, dict[str | None, Operation]] = OrderedDict()
        self._characters = 0

    def __len__(self) -> int:
        """How many documents are kept."""
        return len(self._known)

    def operation(self, text: str, name: str | None = None) -> Operation:
        """The operation `name` of a document, its only one without a name. Raises OperationRefused."""
        known = self._known.get(text)
        if known is None:
            known = _by_name(operations(self._schema, self._read(text)))
            self._keep(text, known)
        else:
            self._known.move_to_end(text)
        try:
            return known[name]
        except KeyError:
            raise refused(InvalidInput(_unknown(name))) from None

    def _read(self, text: str) -> DocumentNode:
        """Parse, weigh and validate."""
        limits = self._limits
        if len(text) > limits.characters:
            raise refused(CostLimited(_too_long(limits.characters)))
        try:
            document = parse(text, max_tokens=limits.tokens, allow_empty_selection_sets=False)
        except GraphQLError as error:
            raise invalid([error], GraphQLParseFailed) from None
        try:
            check(document, limits)
        except CostLimited as error:
            raise refused(error) from None
        if errors := validate(self._schema, document, max_errors=_MOST_ERRORS):
            raise invalid(errors, GraphQLValidationFailed)
        if "\0" in text or "\\u" in text:
            visit(document, _RefuseNul())
        return document

    def _keep(self, text: str, found: dict[str | None, Operation]) -> None:
        self._known[text] = found
        self._characters += len(text)
        while len(self._known) > self._most or self._characters > self._most_characters:
            dropped, _ = self._known.popitem(last=False)
            self._characters -= len(dropped)


class _RefuseNul(Visitor):
    """No store takes NUL, so no string literal may have it."""

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if "\0" in node.value:
            raise invalid([GraphQLError(NUL_REFUSED.en, node)], InvalidInput)


def _by_name(found: Sequence[Operation]) -> dict[str | None, Operation]:
    known: dict[str | None, Operation] = {each.name: each for each in found}
    if len(found) == 1:
        known[None] = found[0]
    return known


def _unknown(name: str | None) -> Text:
    if name is None:
        return Text("Say which operation to run: `operationName`.", "`operationName`이 필요합니다.")
    return Text("The document has no operation of this name.", "해당 이름의 작업이 없습니다.")


def _too_long(characters: int) -> Text:
    return Text(f"The document is longer than {characters} characters.", f"문서가 {characters}자를 넘습니다.")
