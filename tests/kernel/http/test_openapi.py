"""The OpenAPI document: what it says of a handler, that nothing contradicts it, and the page that shows it."""

import asyncio
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import get
from litestar.params import FromQuery
from msgspec import Meta

from girok.errors import Forbidden
from girok.http.openapi.document import document
from girok.http.openapi.problem import responses
from girok.http.openapi.schemas import Schemas
from tests.budget import share
from tests.kernel.http.library import TOKEN, TitleTaken, library
from tests.kernel.http.stage import Stage

SEED = "20261124"
EXAMPLES = str(share(100))
BOOKS = "/v1/books"


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    return document(Stage(handlers=library()).http.litestar)


async def fetched(path: str, **stage: Any) -> httpx.Response:
    async with Stage(**stage).client() as http:
        return await http.get(path)


class TestOperation:
    def test_is_named_after_its_function_and_told_by_its_docstring(self, shown: dict[str, Any]) -> None:
        operation = shown["paths"][BOOKS]["post"]
        assert (operation["operationId"], operation["summary"]) == ("kernelAddBook", "Keep a book")
        assert operation["description"] == "Its title is taken from then on."

    def test_is_named_and_told_as_its_route_was_given(self, shown: dict[str, Any]) -> None:
        operation = shown["paths"]["/v1/newest"]["get"]
        assert (operation["operationId"], operation["summary"]) == ("newestBook", "The newest")
        assert operation["description"] == "The way to the newest book."

    def test_has_its_parameters_with_their_rules(self, shown: dict[str, Any]) -> None:
        first, title, kind = shown["paths"][BOOKS]["get"]["parameters"]
        assert first == {
            "name": "first",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 50, "default": 20},
        }
        assert (title["name"], title["schema"]["type"]) == ("title", ["string", "null"])
        assert kind["schema"] == {"enum": ["NOVEL", "POEMS"], "default": "NOVEL"}

    def test_has_parameters_of_the_path_and_of_headers(self, shown: dict[str, Any]) -> None:
        number, dry_run = shown["paths"]["/v1/shelves/{number}"]["put"]["parameters"]
        assert (number["in"], number["required"], number["schema"]) == ("path", True, {"type": "integer"})
        assert (dry_run["in"], dry_run["name"]) == ("header", "x-dry-run")

    def test_answers_what_it_returns_what_it_declares_and_what_follows(self, shown: dict[str, Any]) -> None:
        responses = shown["paths"]["/v1/books/{identity}"]["patch"]["responses"]
        assert list(responses) == ["200", "400", "401", "404", "408", "413", "415", "500", "503"]
        assert responses["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Book"}
        assert responses["404"] == {"$ref": "#/components/responses/NotFound.BookNotFound"}

    def test_without_parameters_or_body_has_no_bad_request(self, shown: dict[str, Any]) -> None:
        assert list(shown["paths"]["/v1/greeting"]["get"]["responses"]) == ["200", "401", "500", "503"]

    def test_that_returns_nothing_has_no_content(self, shown: dict[str, Any]) -> None:
        responses = shown["paths"]["/v1/books/{identity}"]["delete"]["responses"]
        assert responses["204"] == {"description": "No Content"}

    def test_that_redirects_says_where_to(self, shown: dict[str, Any]) -> None:
        found = shown["paths"]["/v1/newest"]["get"]["responses"]["302"]
        assert (list(found["headers"]), "content" in found) == (["Location"], False)

    def test_says_who_may_call_it(self, shown: dict[str, Any]) -> None:
        assert shown["paths"][BOOKS]["post"]["security"] == [{"bearer": []}]
        assert shown["paths"]["/v1/greeting"]["get"]["security"] == [{"bearer": []}, {}]
        assert "security" not in shown["paths"][BOOKS]["get"]

    def test_with_a_rule_that_nobody_looks_at_is_refused(self) -> None:
        @get("/v1/list")
        async def listed(first: FromQuery[Annotated[int, Meta(ge=1)]]) -> int:
            return first

        with pytest.raises(TypeError, match=r"first: say QueryParameter\(ge=1\)"):
            document(Stage(handlers=[listed]).http.litestar)


class TestProblem:
    def test_of_a_status_names_every_type_and_code(self, shown: dict[str, Any]) -> None:
        taken = shown["components"]["responses"]["TitleTaken"]
        problem, narrow = taken["content"]["application/problem+json"]["schema"]["allOf"]
        assert taken["description"] == "`TITLE_TAKEN`: There is a book of this title."
        assert problem == {"$ref": "#/components/schemas/Problem"}
        assert narrow["properties"] == {
            "type": {"enum": ["urn:girok:problem:TITLE_TAKEN"]},
            "status": {"const": 409},
            "error": {"properties": {"code": {"enum": ["TITLE_TAKEN"]}}},
        }

    def test_of_errors_with_one_reason_has_the_code_of_each(self) -> None:
        sibling = type("TitleTaken", (TitleTaken,), {"names_rest_code": False})
        shared: dict[str, Any] = {}
        first = responses([TitleTaken], shared)
        assert responses([sibling], shared)["409"] == {"$ref": "#/components/responses/TitleTaken2"}
        assert responses([TitleTaken], shared) == first
        responses([TitleTaken, sibling], shared)
        (both,) = shared["TitleTaken.TitleTaken"]["content"].values()
        properties = both["schema"]["allOf"][1]["properties"]
        assert properties["type"]["enum"] == ["urn:girok:problem:TITLE_TAKEN"]
        assert properties["error"]["properties"]["code"]["enum"] == ["TITLE_TAKEN", "CONFLICT"]

    def test_says_when_to_try_again(self, shown: dict[str, Any]) -> None:
        assert "Retry-After" in shown["components"]["responses"]["RateLimited"]["headers"]


class Deep(msgspec.Struct):
    names: tuple[Annotated[str, Meta(min_length=1)], ...]
    at: datetime
    by_id: dict[UUID, float | None]
    pair: tuple[int, Literal["a", "b"]]
    inner: "Deep | None" = None
    note: str = ""


class TestSchemas:
    def test_of_what_goes_out_have_all_their_fields(self) -> None:
        schemas = Schemas()
        assert schemas.outgoing(Deep) == {"$ref": "#/components/schemas/Deep"}
        assert schemas.components["Deep"]["required"] == ["names", "at", "by_id", "pair", "inner", "note"]

    def test_of_what_comes_in_may_leave_out_what_has_a_default(self) -> None:
        schemas = Schemas()
        schemas.incoming(Deep)
        deep = schemas.components["Deep"]
        assert deep["required"] == ["names", "at", "by_id", "pair"]
        assert deep["properties"]["note"] == {"type": "string", "pattern": r"^[^\u0000]*$", "default": ""}
        assert "additionalProperties" not in deep

    def test_of_one_struct_both_ways_are_two(self) -> None:
        schemas = Schemas()
        schemas.outgoing(Deep)
        assert schemas.incoming(Deep) == {"$ref": "#/components/schemas/DeepInput"}
        assert schemas.components["DeepInput"]["properties"]["inner"]["anyOf"][0] == schemas.incoming(Deep)

    def test_say_what_each_type_is(self) -> None:
        schemas = Schemas()
        schemas.outgoing(Deep)
        properties = schemas.components["Deep"]["properties"]
        assert properties["names"] == {"type": "array", "items": {"type": "string", "minLength": 1}}
        assert properties["at"] == {"type": "string", "format": "date-time"}
        assert properties["by_id"]["propertyNames"] == {"type": "string", "format": "uuid"}
        assert properties["by_id"]["additionalProperties"] == {"type": ["number", "null"]}
        assert properties["pair"]["prefixItems"] == [{"type": "integer"}, {"enum": ["a", "b"]}]

    def test_of_what_json_has_not_are_refused(self) -> None:
        with pytest.raises(TypeError, match="has no schema here"):
            Schemas().outgoing(memoryview)


class TestServed:
    async def test_is_the_document(self, shown: dict[str, Any]) -> None:
        response = await fetched("/schema/openapi.json", handlers=library())
        assert response.headers["content-type"] == "application/json"
        assert response.json() == shown

    async def test_leaves_out_the_kernels_own_routes(self, shown: dict[str, Any]) -> None:
        assert {path.split("/")[1] for path in shown["paths"]} == {"v1"}

    async def test_is_not_there_where_there_is_no_rest(self) -> None:
        assert (await fetched("/schema/openapi.json", handlers=[])).status_code == 404
        assert (await fetched("/schema", handlers=[])).status_code == 404

    async def test_options_names_every_method_of_a_path(self) -> None:
        async with Stage(handlers=library()).client() as http:
            response = await http.options(f"/v1/books/{UUID(int=1)}")
        assert response.headers["allow"] == "DELETE, GET, OPTIONS, PATCH"


class TestPage:
    async def test_shows_every_operation_and_schema(self, shown: dict[str, Any]) -> None:
        html = (await fetched("/schema", handlers=library())).text
        assert html.count("<summary>") == 8 + len(shown["components"]["schemas"])
        assert '<b class="post">POST</b> <code>/v1/books</code> <span>Keep a book</span><i>bearer</i>' in html
        links, ids = set(re.findall(r'href="#([^"]+)"', html)), set(re.findall(r'id="([^"]+)"', html))
        assert links <= ids

    async def test_needs_nothing_and_allows_nothing_from_elsewhere(self) -> None:
        response = await fetched("/schema", handlers=library())
        assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "<script" not in response.text
        assert re.findall(r'(?:src|url\()="?(?!data:)', response.text) == []

    async def test_takes_what_handlers_say_as_text(self) -> None:
        @get("/v1/odd")
        async def odd() -> None:
            """A <script> that `is` none."""

        html = (await fetched("/schema", handlers=[odd])).text
        assert "A &lt;script&gt; that <code>is</code> none" in html


class TestSchemathesis:
    """Every check that it has, with the seed above."""

    async def test_finds_nothing(self, tmp_path: Path) -> None:
        """Cases at the edges of each rule, and 5 examples an operation."""
        options = ("--max-examples", "5", "--phases", "coverage,fuzzing", "-H", f"Authorization: Bearer {TOKEN}")
        status, told = await _checked(tmp_path, library(), *options)
        assert status == 0, told

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    @pytest.mark.parametrize("headers", [(), ("-H", f"Authorization: Bearer {TOKEN}")], ids=["nobody", "a member"])
    async def test_finds_nothing_in_the_long_run(self, tmp_path: Path, headers: tuple[str, ...]) -> None:
        """100 examples an operation, and stories of several requests."""
        status, told = await _checked(tmp_path, library(), "--max-examples", EXAMPLES, *headers)
        assert status == 0, told

    async def test_finds_a_status_that_nobody_declared(self, tmp_path: Path) -> None:
        @get("/v1/secret")
        async def secret() -> int:
            raise Forbidden

        status, told = await _checked(tmp_path, [secret], "--phases", "coverage")
        assert (status, "Undocumented status code: 1" in told) == (1, True), told


async def _checked(folder: Path, handlers: list[Any], *options: str) -> tuple[int | None, str]:
    """schemathesis' exit code and what it said of these routes, which are served meanwhile."""
    async with Stage(handlers=handlers, max_body=1_048_576).served() as port:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/schema/openapi.json"),
            *("--checks", "all", "--seed", SEED, "--no-color", *options),
            cwd=folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await child.communicate()
    return child.returncode, said.decode()
