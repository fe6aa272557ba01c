"""`girok schema`: every contract, printed from nothing but the code."""

import json
from pathlib import Path

import pytest
from graphql import build_schema

from girok.manifest import discover
from tests.kernel.cli.test_commands import output


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of every test: empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestSchema:
    def test_openapi_is_a_document_and_leaves_nothing_behind(self, elsewhere: Path) -> None:
        document = json.loads(output("schema", "openapi"))
        assert document["openapi"] == "3.1.0"
        assert "/v1/auth/login" in document["paths"]
        assert list(elsewhere.iterdir()) == []

    def test_openapi_is_the_same_whatever_the_settings_are(self, elsewhere: Path) -> None:
        (elsewhere / "girok.toml").write_text("[http]\nport = 'nonsense'\n")
        assert output("schema", "openapi", GIROK_NATS_URL="nats://nowhere:1") == output("schema", "openapi")

    def test_graphql_is_a_schema(self) -> None:
        assert build_schema(output("schema", "graphql")).query_type is not None

    def test_proto_names_the_file_of_every_role_that_has_one(self) -> None:
        printed = output("schema", "proto")
        assert [line for line in printed.splitlines() if line.startswith("// plugins/")] == [
            f"// plugins/{name}/{name}.proto" for name, each in discover().items() if each.provides
        ]
        assert "rpc ValidateToken(" in printed

    def test_events_has_the_data_of_every_type(self) -> None:
        printed = json.loads(output("schema", "events"))
        assert {subject for each in discover().values() for subject in each.consumes} <= set(printed["events"])
        reference = printed["events"]["feed.post.created"]["$ref"]
        schema = printed["components"]["schemas"][reference.rpartition("/")[2]]
        assert list(schema["properties"]) == ["postId", "authorId"]
