"""Settings as people read them: the sample file, `show`, `explain`."""

import re
import tomllib
from pathlib import Path

import pytest
from msgspec.structs import asdict

from girok.manifest import discover
from girok.settings_load import load, schema_of
from girok.settings_text import explained, sample, shown
from tests.architecture.sources import ROOT
from tests.kernel.settings.plugins import MANIFESTS

SCHEMA = schema_of(MANIFESTS)


class TestSample:
    def test_girok_toml_names_every_key_with_its_true_default(self) -> None:
        expected = sample(schema_of(discover()))
        assert (ROOT / "girok.toml").read_text() == expected, "run: girok config sample > girok.toml"

    def test_it_sets_nothing_as_it_stands(self) -> None:
        tables = tomllib.loads(sample(SCHEMA))
        assert set(tables) == {name for name in SCHEMA.sections if name}
        assert [each for each in tables.values() if each] == []

    def test_with_every_comment_sign_taken_away_it_is_the_defaults(self, tmp_path: Path) -> None:
        schema = schema_of(discover())
        file = tmp_path / "girok.toml"
        without_names = re.sub(r"^# \[\S*\.NAME\]\n(?:#.*\n)*", "", sample(schema), flags=re.MULTILINE)
        file.write_text(re.sub(r"^# (?=\w+ = |\[)", "", without_names, flags=re.MULTILINE))
        settings, defaults = load(discover(), config=file), load(discover())
        assert list(map(asdict, settings.sections)) == list(map(asdict, defaults.sections))
        unset = [key.name for key in schema.keys if settings.source(key.name) is None]
        assert [each for each in unset if ".NAME." not in each] == []

    def test_tables_in_tables(self) -> None:
        text = sample(SCHEMA)
        assert "# [shop.mail]\n" in text
        assert '# host = "localhost"\n' in text
        assert "# [shop.models.NAME]\n" in text
        assert "# url = ...\n" in text


class TestShow:
    def test_values_with_their_origins_as_toml(self) -> None:
        env = {"GIROK_HTTP_PORT": "1", "GIROK_SHOP_MODELS__X__URL": "u", "GIROK_DATA": 'a"\\\x7f\n'}
        text = shown(SCHEMA, load(MANIFESTS, env=env))
        line = next(each for each in text.split("\n") if each.startswith("port = "))
        assert line.split() == ["port", "=", "1", "#", "GIROK_HTTP_PORT"]
        tables = tomllib.loads(text)
        assert tables["data"] == 'a"\\\x7f\n'
        assert tables["shop"]["models"]["x"] == {"url": "u", "key": "", "weight": 1.0}

    def test_secrets_are_masked(self) -> None:
        env = {
            "GIROK_SHOP_TOKEN": "hush-hush",
            "GIROK_SHOP_MODELS__X__URL": "https://ada:hush-hush@host/",
            "GIROK_SHOP_MODELS__X__KEY": "hush-hush",
            "GIROK_NATS_URL": "nats://hush-hush@host",
            "GIROK_CLUSTER_SECRET": "hush-hush-hush-hush",
        }
        text = shown(SCHEMA, load(MANIFESTS, env=env))
        assert "hush" not in text
        assert tomllib.loads(text)["shop"]["token"] == "***"
        assert tomllib.loads(text)["nats"]["url"] == "nats://***@host"


class TestExplain:
    @pytest.mark.parametrize(
        ("path", "lines"),
        [
            (
                ("http", "port"),
                [
                    "allowed   a whole number from 0 to 65535",
                    "default   8787",
                    "variable  GIROK_HTTP_PORT",
                    "now       8787, the default",
                ],
            ),
            (
                ("shop", "token"),
                [
                    "allowed   text of at least 8 characters",
                    'default   "***"',
                    'now       "***", from GIROK_SHOP_TOKEN',
                ],
            ),
            (
                ("shop", "models", "*", "url"),
                [
                    "default            none: it must be set",
                    'shop.models.x.url  "u", from GIROK_SHOP_MODELS__X__URL',
                ],
            ),
        ],
    )
    def test_a_key(self, path: tuple[str, ...], lines: list[str]) -> None:
        settings = load(MANIFESTS, env={"GIROK_SHOP_TOKEN": "hush-hush", "GIROK_SHOP_MODELS__X__URL": "u"})
        key = SCHEMA.find(path)
        assert key is not None
        text = explained(SCHEMA, key, settings)
        assert [line for line in lines if line not in text] == []

    def test_without_settings_that_are_right(self) -> None:
        key = SCHEMA.find(("http", "port"))
        assert key is not None
        assert "now" not in explained(SCHEMA, key, None)
