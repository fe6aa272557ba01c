"""Where settings come from, and which one wins."""

from pathlib import Path
from typing import Any

import pytest

from girok.manifest import Manifest, ManifestError
from girok.ratelimit import Limits, limits_of
from girok.sections import Core, Drain, Http, Log, Metrics, Web
from girok.settings import Section
from girok.settings_load import SettingsError, config_file, load
from tests.kernel.settings.plugins import MANIFESTS, Mail, Model, Shop


def write(folder: Path, text: str) -> Path:
    path = folder / "girok.toml"
    path.write_text(text)
    return path


class TestDefaults:
    def test_nothing_given_is_every_default(self) -> None:
        settings = load(MANIFESTS)
        assert settings.get(Http) == Http()
        assert settings.get(Shop) == Shop()
        assert settings.source("http.port") is None
        assert settings.warnings == ()

    def test_a_section_that_nobody_declared(self) -> None:
        with pytest.raises(LookupError, match=r"\[shop\]"):
            load({}).get(Shop)


class TestOrder:
    def test_the_environment_goes_before_the_file_and_flags_before_both(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[http]\nhost = 'file'\nport = 1\nmax_body = 5000\n")
        env = {"GIROK_HTTP_HOST": "variable", "GIROK_HTTP_PORT": "2"}
        settings = load(MANIFESTS, config=file, env=env, flags={"http.port": "3", "data": None})
        assert settings.get(Http) == Http(host="variable", port=3, max_body=5000)
        assert settings.source("http.max_body") == f"{file}:4"
        assert settings.source("http.host") == "GIROK_HTTP_HOST"
        assert settings.source("http.port") == "--port"
        assert settings.source("data") is None

    def test_a_list_is_replaced_as_a_whole(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[metrics]\nallow = ['10.0.0.0/8', '127.0.0.1']\n")
        settings = load(MANIFESTS, config=file, env={"GIROK_METRICS_ALLOW": "fd00::/8"})
        assert settings.get(Metrics).allow == ("fd00::/8",)

    def test_an_overridden_value_must_be_right_all_the_same(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[http]\nport = 'x'\n")
        with pytest.raises(SettingsError, match=r"http\.port \(.*girok\.toml:2\)"):
            load(MANIFESTS, config=file, env={"GIROK_HTTP_PORT": "1"})


class TestEnvironment:
    @pytest.mark.parametrize(
        ("variable", "text", "kind", "expected"),
        [
            ("GIROK_MODE", " production ", Core, {"mode": "production"}),
            ("GIROK_DATA", " my data ", Core, {"data": " my data "}),
            ("GIROK_HTTP_PORT", " 80 ", Http, {"port": 80}),
            ("GIROK_HTTP_MAX_BODY", "1024", Http, {"max_body": 1024}),
            ("GIROK_DRAIN_SECONDS", "2.5", Drain, {"seconds": 2.5}),
            ("GIROK_LOG_ACCESS", "TRUE", Log, {"access": True}),
            ("GIROK_SHOP_OPEN", "0", Shop, {"open": False}),
            ("GIROK_SHOP_NAMES", "a, b,,c ", Shop, {"names": ("a", "b", "c")}),
            ("GIROK_SHOP_NAMES", "", Shop, {"names": ()}),
            ("GIROK_SHOP_MAIL__PORTS", "1,2", Shop, {"mail": Mail(ports=(1, 2))}),
            ("GIROK_SHOP_MODELS__BIG_ONE__URL", "u", Shop, {"models": {"big_one": Model("u")}}),
            ("GIROK_SHOP_SHARES__ME", "3", Shop, {"shares": {"me": 3}}),
        ],
    )
    def test_values(self, variable: str, text: str, kind: type[Section], expected: dict[str, Any]) -> None:
        env = {variable: text, "GIROK_WEB_ORIGINS": "https://a.example"}
        assert load(MANIFESTS, env=env).get(kind) == kind(**expected)

    def test_limits_have_the_names_that_manifests_give(self) -> None:
        settings = load(MANIFESTS, env={"GIROK_LIMITS_LOGIN": "3", "GIROK_LIMITS_ENABLED": "false"})
        counts = {name: limit.count for name, limit in limits_of(settings, MANIFESTS).items()}
        assert counts == {"order": 5, "login": 3}
        assert settings.get(Limits).enabled is False

    def test_an_unknown_variable_is_a_warning_that_keeps_its_value_to_itself(self) -> None:
        env = {
            "GIROK_HTTP_PRT": "hush",
            "GIROK_FEED_PORT": "tcp://10.0.0.1:80",
            "GIROKX": "1",
            "GIROK_TEST_BUDGET": "1",
        }
        settings = load(MANIFESTS, env=env)
        assert settings.warnings == (
            "GIROK_FEED_PORT is no setting of girok; did you mean http.port or mail.port or grpc.port?",
            "GIROK_HTTP_PRT is no setting of girok; did you mean http.port?",
        )

    def test_a_known_one_that_kubernetes_injected_is_an_error_which_says_so(self) -> None:
        with pytest.raises(SettingsError, match="enableServiceLinks"):
            load(MANIFESTS, env={"GIROK_HTTP_PORT": "tcp://10.0.0.1:80"})


class TestTables:
    def test_tables_in_tables_and_tables_by_name(self, tmp_path: Path) -> None:
        text = "[shop]\nmail.host = 'm'\nshares = {a = 1}\n[shop.models.'x.y']\nurl = 'u'\nweight = 2\n"
        shop = load(MANIFESTS, config=write(tmp_path, text)).get(Shop)
        assert shop == Shop(mail=Mail(host="m"), shares={"a": 1}, models={"x.y": Model("u", weight=2.0)})

    def test_a_variable_completes_a_table_by_name_of_the_file(self, tmp_path: Path) -> None:
        file = write(tmp_path, "[shop.models.x]\nurl = 'u'\n")
        settings = load(MANIFESTS, config=file, env={"GIROK_SHOP_MODELS__X__KEY": "hush"})
        assert settings.get(Shop).models == {"x": Model("u", "hush")}

    def test_a_table_by_name_that_lacks_what_it_must_have(self) -> None:
        with pytest.raises(SettingsError) as caught:
            load(MANIFESTS, env={"GIROK_SHOP_MODELS__X__KEY": "hush"})
        assert str(caught.value) == "shop.models.x.url (GIROK_SHOP_MODELS__X__URL): must be set"


class TestConfigFile:
    def test_the_named_one(self, tmp_path: Path) -> None:
        file = write(tmp_path, "")
        assert config_file(str(file)) == file

    def test_else_that_of_the_working_directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert config_file(None) is None
        write(tmp_path, "")
        assert config_file(None) == Path("girok.toml")

    @pytest.mark.parametrize("name", ["absent.toml", "", "absent/x.toml", "x" * 5000])
    def test_a_named_one_must_be_there(self, name: str) -> None:
        with pytest.raises(SettingsError, match=r" cannot be read: "):
            load(MANIFESTS, config=config_file(name))


class TestContradictions:
    def test_two_plugins_with_one_table(self) -> None:
        twice = {name: Manifest(name=name, summary="", settings=Shop) for name in ("a", "b")}
        with pytest.raises(ManifestError, match="one name"):
            load(twice)

    def test_production_must_name_its_origins(self) -> None:
        with pytest.raises(SettingsError) as caught:
            load(MANIFESTS, env={"GIROK_MODE": "production"})
        assert str(caught.value).startswith("web.origins (GIROK_WEB_ORIGINS): must be set in production")
        env = {"GIROK_MODE": "production", "GIROK_WEB_ORIGINS": "https://girok.example"}
        assert load(MANIFESTS, env=env).get(Web).origins == ("https://girok.example",)

    def test_a_plugin_has_rules_too(self) -> None:
        env = {"GIROK_MODE": "production", "GIROK_WEB_ORIGINS": "https://a.example", "GIROK_SHOP_KIND": "big"}
        with pytest.raises(SettingsError) as caught:
            load(MANIFESTS, env=env)
        assert str(caught.value) == "shop.names (GIROK_SHOP_NAMES): must be set for a big shop in production"
