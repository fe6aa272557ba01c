"""Documents, parsed and validated once: the same text again costs a look into a dict."""

from collections import OrderedDict
from typing import NamedTuple

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)

from girok.errors import CostLimited, InvalidInput, Text
from girok.graphql.errors import GraphQLParseFailed, GraphQLValidationFailed, invalid, refused
from girok.graphql.limits import Limits, check

__all__ = ["NUL_REFUSED", "Documents", "Operation"]

NUL_REFUSED = Text("Text must not hold the character NUL.", "NUL 문자는 쓸 수 없습니다.")
_MOST_ERRORS = 20


class Operation(NamedTuple):
    """One operation of a document that is valid. `name` is None where the document has only this one."""

    document: DocumentNode
    name: str | None
    is_mutation: bool


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
        operations = self._known.get(text)
        if operations is None:
            operations = _operations(self._read(text))
            self._keep(text, operations)
        else:
            self._known.move_to_end(text)
        try:
            return operations[name]
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

    def _keep(self, text: str, operations: dict[str | None, Operation]) -> None:
        self._known[text] = operations
        self._characters += len(text)
        while len(self._known) > self._most or self._characters > self._most_characters:
            dropped, _ = self._known.popitem(last=False)
            self._characters -= len(dropped)


class _RefuseNul(Visitor):
    """No store takes NUL, so no string literal may have it."""

    def enter_string_value(self, node: StringValueNode, *_: object) -> None:
        if "\0" in node.value:
            raise invalid([GraphQLError(NUL_REFUSED.en, node)], InvalidInput)


def _operations(document: DocumentNode) -> dict[str | None, Operation]:
    found = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    operations: dict[str | None, Operation] = {}
    for each in found:
        name = each.name.value if each.name else None
        operations[name] = Operation(document, name, each.operation == OperationType.MUTATION)
    if len(found) == 1:
        operations[None] = operations[found[0].name.value if found[0].name else None]
    return operations


def _unknown(name: str | None) -> Text:
    if name is None:
        return Text("Say which operation to run: `operationName`.", "`operationName`이 필요합니다.")
    return Text("The document has no operation of this name.", "해당 이름의 작업이 없습니다.")


def _too_long(characters: int) -> Text:
    return Text(f"The document is longer than {characters} characters.", f"문서가 {characters}자를 넘습니다.")
