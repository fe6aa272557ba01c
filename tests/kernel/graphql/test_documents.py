"""Documents: read once, and never more than the limits allow, whatever they were made to do."""

import pytest
from graphql import get_introspection_query

from girok.graphql.documents import Documents
from girok.graphql.errors import OperationRefused
from girok.graphql.limits import Limits
from girok.graphql.schema import assemble
from tests.kernel.graphql.library import parts

SCHEMA = assemble(parts())


def _documents(**limits: int) -> Documents:
    return Documents(SCHEMA, Limits(**limits))


def _fragments(count: int, body: str) -> str:
    return " ".join(f"fragment f{number} on Book {{ {body.format(next=number + 1)} }}" for number in range(count))


ATTACKS = {
    "ten thousand aliases": "{" + " ".join(f"a{n}:__typename" for n in range(10_000)) + "}",
    "two thousand and one aliases": "{" + " ".join(f"a{n}:__typename" for n in range(2_001)) + "}",
    "a megabyte of braces": "{" * 1_000_000,
    "all the braces that fit": "{" * 100_000,
    "a thousand deep": "{author" * 1_000 + "}" * 1_000,
    "fifty-one deep": "{ author(id: 1)" + "{books{author" * 25 + "{id}" + "}}" * 25 + "}",
    "deep in brackets": "{ book(id: " + "[" * 10_000 + ") { id } }",
    "the same field a thousand times": "{" + "books {id} " * 999 + "}",
    "the same leaf two thousand times": "{" + "__typename " * 1_999 + "}",
    "a hundred and ninety fragments of the same fields": "{ books { "
    + " ".join(f"...f{n}" for n in range(190))
    + " } }"
    + _fragments(190, "id title kind"),
    "fragments that double": "{ books { ...f0 } }"
    + _fragments(40, "a: author {{ id }} ...f{next} ...f{next}")
    + "fragment f40 on Book { id }",
    "a long chain of fragments": "{ books { ...f0 } }" + _fragments(150, "...f{next}") + "fragment f150 on Book { id }",
    "a fragment in itself": "{ books { ...f0 } } fragment f0 on Book { ...f1 } "
    "fragment f1 on Book { author { books { ...f0 } } }",
    "thousands of directives": "{ __typename " + "@skip(if: false) " * 3_000 + "}",
    "thousands of comments": "#\n" * 40_000 + "{ __typename }",
    "thousands of operations": " ".join(f"query q{n} {{ __typename }}" for n in range(1_900)),
    "thousands of variables": "query(" + " ".join(f"$v{n}: Int" for n in range(2_000)) + ") { __typename }",
    "thousands of unknown fields": "{" + " ".join(f"book{n}" for n in range(1_900)) + "}",
    "introspection in circles": "{ __schema { types { " + "fields { type { " * 10 + "name" + "} }" * 10 + " } } }",
}


class TestAttacks:
    @pytest.mark.timeout(10)
    @pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS.keys())
    def test_are_refused(self, text: str) -> None:
        with pytest.raises(OperationRefused) as refused:
            _documents().operation(text)
        assert refused.value.status == 400
        assert refused.value.errors[0]["extensions"]["code"] in ("BAD_USER_INPUT", "COST_LIMIT")
        assert len(str(refused.value.errors)) < 20_000

    @pytest.mark.timeout(10)
    def test_what_is_just_within_the_limits_is_read(self) -> None:
        _documents().operation("{" + " ".join(f"a{n}: __typename" for n in range(1_999)) + "}")
        _documents().operation("{ author(id: 1)" + "{books{author" * 23 + "{id}" + "}}" * 23 + "}")
        _documents().operation(get_introspection_query())


class TestReasons:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("", "GRAPHQL_PARSE_FAILED"),
            ("# nothing", "GRAPHQL_PARSE_FAILED"),
            ('{ book(id: "\\ud800") { id } }', "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ book { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ books }", "GRAPHQL_VALIDATION_FAILED"),
            ("subscription { books { id } }", "GRAPHQL_VALIDATION_FAILED"),
            ("type Query { a: Int }", "GRAPHQL_VALIDATION_FAILED"),
            ("query($v: Nothing) { books { id } }", "GRAPHQL_VALIDATION_FAILED"),
            (
                "{ ...f } fragment f on Query { books { id } } fragment f on Query { __typename }",
                "GRAPHQL_VALIDATION_FAILED",
            ),
            ('{ book(id: "a\\u0000b") { id } }', "BAD_USER_INPUT"),
            ('{ book(id: "\0") { id } }', "BAD_USER_INPUT"),
            ('{ given(any: {a: ["\\u{0}"]}) }', "BAD_USER_INPUT"),
            ("query a { __typename } query b { __typename }", "BAD_USER_INPUT"),
        ],
    )
    def test_each_has_its_own(self, text: str, reason: str) -> None:
        with pytest.raises(OperationRefused) as refused:
            _documents().operation(text)
        assert refused.value.errors[0]["extensions"] == {"code": "BAD_USER_INPUT", "reason": reason}

    def test_errors_are_placed(self) -> None:
        with pytest.raises(OperationRefused) as refused:
            _documents().operation("{\n  nothing }")
        assert refused.value.errors[0]["locations"] == [{"line": 2, "column": 3}]


class TestOperations:
    TEXT = 'query a { __typename } mutation b { append(word: "x") }'

    def test_one_of_several_is_chosen_by_name(self) -> None:
        documents = _documents()
        assert [documents.operation(self.TEXT, name).is_mutation for name in ("a", "b")] == [False, True]

    def test_the_only_one_needs_no_name(self) -> None:
        documents = _documents()
        assert documents.operation("query a { __typename }") is documents.operation("query a { __typename }", "a")

    def test_an_unknown_name_is_refused(self) -> None:
        with pytest.raises(OperationRefused, match="no operation of this name"):
            _documents().operation(self.TEXT, "c")


class TestCache:
    def test_the_same_text_is_read_once(self) -> None:
        documents = _documents()
        first = documents.operation("{ __typename }")
        assert documents.operation("{ __typename }") is first
        assert len(documents) == 1

    def test_what_is_refused_is_not_kept(self) -> None:
        documents = _documents()
        with pytest.raises(OperationRefused):
            documents.operation("{ nothing }")
        assert len(documents) == 0

    def test_the_one_that_was_not_used_for_longest_goes_first(self) -> None:
        documents = Documents(SCHEMA, Limits(), most=2)
        kept, dropped = documents.operation("{ a: __typename }"), documents.operation("{ b: __typename }")
        documents.operation("{ a: __typename }")
        documents.operation("{ c: __typename }")
        assert documents.operation("{ a: __typename }") is kept
        assert documents.operation("{ b: __typename }") is not dropped
        assert len(documents) == 2

    def test_long_ones_push_out_more(self) -> None:
        documents = Documents(SCHEMA, Limits(), most_characters=1_000)
        for number in range(20):
            documents.operation(f"{{ a{number}: __typename }}" + " " * 80)
        assert len(documents) == 10
