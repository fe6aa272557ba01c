"""Files and functions stay small, and names say what a thing is."""

import ast
import re

from tests.architecture.sources import ROOT, functions, sources

MAX_FILE = 400
MAX_TEST_FILE = 500
MAX_FUNCTION = 80
EMPTY_WORDS = re.compile(r"(Manager|Helper|Util|Utils|Base|Impl)$")


def _lines(folder: str, limit: int) -> list[str]:
    counted = [(path, path.read_text().count("\n")) for path in sources(folder)]
    return [f"{path.relative_to(ROOT)} {count}" for path, count in counted if count > limit]


class TestSizes:
    def test_files(self) -> None:
        assert _lines("girok", MAX_FILE) + _lines("plugins", MAX_FILE) + _lines("tests", MAX_TEST_FILE) == []

    def test_functions(self) -> None:
        counted = [each for path in sources("girok", "plugins", "tests") for each in functions(path)]
        assert [each for each in counted if each[1] > MAX_FUNCTION] == []


class TestNames:
    def test_no_class_is_called_after_nothing(self) -> None:
        found = [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
            for path in sources("girok", "plugins")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ClassDef) and EMPTY_WORDS.search(node.name)
        ]
        assert found == []

    def test_plugins_have_only_the_files_that_every_plugin_may_have(self) -> None:
        known = {
            "__init__", "cli", "commands", "consumers", "documents", "errors", "events", "export", "graphql", "http",
            "plugin", "ports", "realtime", "repository", "repository_mongo", "repository_sql", "repository_valkey",
            "rules", "service", "statements", "tables",
        }  # fmt: skip
        own = {
            "auth": {
                "accounts",
                "audit",
                "common_passwords",
                "mails",
                "messages",
                "passwords",
                "signing",
                "tokens",
                "wire",
            },
            "bff": {"cookies", "csrf", "sessions"},
            "feed": {"cursor"},
            "personal": {"files", "inputs", "links", "messages", "preferences", "privacy", "rows", "wire"},
        }
        found = [
            str(path.relative_to(ROOT))
            for path in sources("plugins")
            if path.parent.name != "plugins" and path.parent.parent.name == "plugins"
            if path.stem not in known | own.get(path.parent.name, set())
        ]
        assert found == []
