"""Execution: batches, order, arguments, and what errors cost."""

import pytest

from girok.graphql.errors import OperationRefused
from tests.kernel.graphql.library import Calls, engine, run


class TestBatches:
    async def test_twenty_books_with_authors_are_one_call(self) -> None:
        calls = Calls()
        answer = await run(engine(calls), "{ books(first: 20) { title author { name } } }")
        assert answer.errors == []
        assert answer.data is not None
        assert [each["author"]["name"] for each in answer.data["books"]] == [f"Author a{n % 4}" for n in range(20)]
        assert calls.of("author") == [[str(number) for number in range(20)]]

    async def test_each_level_is_one_call(self) -> None:
        calls = Calls()
        text = "{ books(first: 5) { author { books(first: 3) { author { books { author { name } } } } } } }"
        assert (await run(engine(calls), text)).errors == []
        assert [len(each) for each in calls.of("author")] == [5, 15, 30]
        assert [len(each) for each in calls.of("books")] == [5, 15]

    async def test_fields_of_a_level_are_one_call_each(self) -> None:
        calls = Calls()
        text = "{ books(first: 3) { author { books { id } } coAuthor { books { id } } } }"
        await run(engine(calls), text)
        assert [(name, len(ids)) for name, ids in calls] == [("author", 3), ("coAuthor", 3), ("books", 5)]

    async def test_the_same_field_with_other_arguments_is_another_call(self) -> None:
        calls = Calls()
        text = "{ books(first: 2) { author { few: books(first: 1) { id } many: books(first: 4) { id } } } }"
        answer = await run(engine(calls), text)
        assert answer.data is not None
        assert [len(each["author"]["few"]) + len(each["author"]["many"]) for each in answer.data["books"]] == [5, 5]
        assert [len(each) for each in calls.of("books")] == [2, 2]

    async def test_a_fragment_in_two_places_loses_nothing(self) -> None:
        text = """
        { one: book(id: "1") { ...B } two: book(id: "2") { ...B } }
        fragment B on Book { author { name } }
        """
        calls = Calls()
        answer = await run(engine(calls), text)
        assert answer.data == {"one": {"author": {"name": "Author a1"}}, "two": {"author": {"name": "Author a2"}}}
        assert calls.of("author") == [["1", "2"]]

    async def test_an_error_among_the_answers_fails_only_its_element(self) -> None:
        answer = await run(engine(), "{ books { id coAuthor { name } } }")
        assert answer.data == {
            "books": [
                {"id": "0", "coAuthor": {"name": "second"}},
                {"id": "1", "coAuthor": None},
                {"id": "2", "coAuthor": {"name": "second"}},
            ]
        }
        assert [each["path"] for each in answer.errors] == [["books", 1, "coAuthor"]]


class TestOrder:
    async def test_roots_of_a_query_run_side_by_side(self) -> None:
        answer = await run(engine(), '{ a: slow(name: "first") b: slow(name: "second") }')
        assert answer.data == {"a": "first", "b": "second"}

    async def test_mutations_run_one_after_another(self) -> None:
        answer = await run(engine(), 'mutation { a: append(word: "x") b: append(word: "y") c: append(word: "z") }')
        assert answer.data == {"a": ["x"], "b": ["x", "y"], "c": ["x", "y", "z"]}


class TestArguments:
    async def test_absent_ones_take_defaults(self) -> None:
        answer = await run(engine(), "{ given }")
        assert answer.data == {"given": "(None, None, (), None, 5)"}

    async def test_an_input_becomes_its_struct(self) -> None:
        text = "query($input: BookInput) { given(input: $input) }"
        answer = await run(engine(), text, {"input": {"title": "T", "tags": ["a"], "subTitle": None}})
        assert answer.data is not None
        assert answer.data["given"].startswith(
            "(BookInput(title='T', kind='NOVEL', sub_title=None, tags=('a',), due=None"
        )

    async def test_an_absent_field_is_not_a_null_one(self) -> None:
        answer = await run(engine(), '{ given(input: {title: "T"}) }')
        assert answer.data is not None
        assert "sub_title=UNSET" in answer.data["given"]

    async def test_scalars_enums_and_lists_arrive_as_python_has_them(self) -> None:
        text = '{ given(at: "2026-01-31T08:00:00.000Z", kinds: [ESSAY], any: {a: [1, "x", null, B]}) }'
        answer = await run(engine(), text)
        assert answer.data is not None
        assert answer.data["given"] == (
            "(None, datetime.datetime(2026, 1, 31, 8, 0, tzinfo=datetime.timezone.utc), ('ESSAY',), "
            "{'a': [1, 'x', None, 'B']}, 5)"
        )

    async def test_null_where_the_resolver_takes_none_is_bad_input(self) -> None:
        answer = await run(engine(), "{ given(limit: null) }")
        assert answer.data is None
        assert answer.errors[0]["extensions"] == {
            "code": "BAD_USER_INPUT",
            "reason": "BAD_USER_INPUT",
        }
        assert answer.errors[0]["message"] == "`limit` must not be null."

    async def test_a_default_that_null_replaces_is_bad_input(self) -> None:
        answer = await run(engine(), 'query($id: ID = "1") { book(id: $id) { id } }', {"id": None})
        assert answer.data == {"book": None}
        assert answer.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"

    @pytest.mark.parametrize(
        "variables",
        [
            {"input": {"title": 1}},
            {"input": {"title": "T", "nothing": 1}},
            {"input": {}},
            {"input": {"title": "T", "kind": "POEM"}},
            {"input": {"title": "T", "due": "yesterday"}},
            {"input": "T"},
        ],
    )
    async def test_wrong_variables_are_refused_before_anything_runs(self, variables: dict[str, object]) -> None:
        with pytest.raises(OperationRefused) as refused:
            await run(engine(), "query($input: BookInput!) { given(input: $input) }", variables)
        assert refused.value.status == 400
        assert refused.value.errors[0]["extensions"] == {"code": "BAD_USER_INPUT", "reason": "BAD_USER_INPUT"}


class TestAnswers:
    async def test_times_have_milliseconds_and_z(self) -> None:
        answer = await run(engine(), '{ book(id: "7") { createdAt kind __typename } }')
        assert answer.data == {"book": {"createdAt": "2026-01-31T08:00:00.123Z", "kind": "NOVEL", "__typename": "Book"}}

    async def test_null_in_place_of_what_must_be_reaches_the_root(self) -> None:
        answer = await run(engine(), "{ book(id: 1) { id } required }")
        assert answer.data is None
        assert [each["path"] for each in answer.errors] == [["required"]]
