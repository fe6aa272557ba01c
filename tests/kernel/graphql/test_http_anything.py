"""Whatever a body holds, it is answered, and never as a fault of ours."""

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from girok.graphql.http import GraphQLHttp, Request, Response
from girok.graphql.part import Context
from girok.port import Ports
from tests.kernel.graphql.library import engine

HTTP = GraphQLHttp(engine())
SOUND = """
query a ( $v : BookInput , $j : JSON = { x : [ 1 , "y" ] } ) {
  given ( input : $v , any : $j , kinds : [ NOVEL ] , limit : 3 )
  all : books ( first : 2 ) { ... f author { name books ( first : 1 ) { id } } }
  book ( id : "1" ) @include ( if : true ) { ... on Book { title createdAt } }
  __type ( name : "Book" ) { fields { name } }
}
fragment f on Book { id kind coAuthor { name } __typename }
"""
WORDS = SOUND.split()
STRANGE = (
    "null -1 1.5 1e400 99999999999 # \\ufeff \\ud7ff \0 \ud7ff \U0001f600 mutation append subscription fails bug how"
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def _posted(body: bytes) -> Response:
    request = Request("POST", b"", {b"content-type": b"application/json"}, body)
    return asyncio.run(HTTP.answer(request, Context(Ports())))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_bytes(body: bytes) -> None:
    assert _posted(body).status == 400


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_documents_of_any_characters(text: str) -> None:
    assert _posted(json.dumps({"query": text}).encode()).status == 400


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(WORDS)), st.sampled_from(["", *WORDS, *STRANGE.split(" ")])), max_size=4),
    st.dictionaries(st.sampled_from(["v", "j", "other"]), JSON_VALUES, max_size=3),
)
def test_a_sound_document_with_words_changed(changes: list[tuple[int, str]], variables: dict[str, Any]) -> None:
    words = [*WORDS, ""]
    for place, word in changes:
        words[place] = word
    response = _posted(json.dumps({"query": " ".join(words), "variables": variables}).encode())
    answer = json.loads(response.body)
    assert (response.status, "data" in answer) in [(200, True), (400, False)]
    assert "errors" in answer or answer["data"]
