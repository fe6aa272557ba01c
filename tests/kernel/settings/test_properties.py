"""Whatever is in the file and the environment: settings come of it, or a SettingsError."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from girok.settings import Settings
from girok.settings_keys import values_of
from girok.settings_load import SettingsError, load, schema_of
from girok.settings_text import shown
from girok.settings_values import written
from tests.kernel.settings.plugins import MANIFESTS

SCHEMA = schema_of(MANIFESTS)
WORDS = sorted({part for key in SCHEMA.keys for part in key.path} | {"zzz"})
TEXT = st.text(st.characters(exclude_categories=("Cs",)))
SCALAR = st.one_of(TEXT, st.integers(), st.floats(), st.booleans(), st.dates(), st.sampled_from(["production", "big"]))
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
TABLES = st.recursive(
    st.dictionaries(st.sampled_from(WORDS), VALUE, max_size=4),
    lambda inner: st.dictionaries(st.sampled_from(WORDS), st.one_of(inner, VALUE), max_size=4),
    max_leaves=6,
)
VARIABLES = st.sampled_from([key.variable for key in SCHEMA.keys] + ["GIROK_", "GIROK__", "GIROK_SHOP_MODELS____URL"])
FREE = st.text(min_size=1).map(lambda text: f"GIROK_{text}")
VALID_VALUES = ["1", "true", "a,b", "big", "production", "https://a.example", "nats://h"]


def toml(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(name)} = {toml(each)}" for name, each in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else _scalar(value)


def _scalar(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else written(value)


def outcome(raw: bytes, env: dict[str, str]) -> Settings | SettingsError:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(raw)
        file.flush()
        try:
            return load(MANIFESTS, config=Path(file.name), env=env)
        except SettingsError as error:
            return error


class TestWhateverIsGiven:
    @given(
        tables=TABLES,
        env=st.dictionaries(
            st.one_of(VARIABLES, FREE), st.one_of(st.text(), st.sampled_from(VALID_VALUES)), max_size=5
        ),
    )
    @settings(max_examples=300, deadline=None)
    def test_tables_and_variables(self, tables: dict[str, Any], env: dict[str, str]) -> None:
        raw = "\n".join(f"{written(name)} = {toml(each)}" for name, each in tables.items()).encode()
        assert isinstance(outcome(raw, env), Settings | SettingsError)

    @given(raw=st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "replace"))))
    @settings(max_examples=200, deadline=None)
    def test_bytes(self, raw: bytes) -> None:
        assert isinstance(outcome(raw, {}), Settings | SettingsError)

    @given(
        lines=st.lists(
            st.sampled_from(
                [
                    "[http]",
                    "port = 1",
                    "port.x = 1",
                    '"""',
                    "a = [",
                    "]",
                    "x = '''",
                    "[[shop]]",
                    "mode = 'big' #",
                    "\r",
                    "\0",
                ]
            ),
            max_size=8,
        )
    )
    @settings(max_examples=300, deadline=None)
    def test_lines_that_are_nearly_toml(self, lines: list[str]) -> None:
        assert isinstance(outcome("\n".join(lines).encode(), {}), Settings | SettingsError)


class TestRoundTrip:
    @given(
        port=st.integers(0, 65535),
        data=TEXT.filter(lambda text: text and "\0" not in text),
        seconds=st.floats(0.1, 300),
    )
    @settings(max_examples=100, deadline=None)
    def test_what_is_shown_is_read_as_it_was(self, port: int, data: str, seconds: float) -> None:
        flags = {"http.port": port, "data": data, "drain.seconds": seconds}
        loaded = load(MANIFESTS, flags=flags)
        again = outcome(shown(SCHEMA, loaded).replace('"***"', '"default-token"').encode(), {})
        assert isinstance(again, Settings)
        assert [list(values_of(each)) for each in again.sections] == [list(values_of(each)) for each in loaded.sections]
