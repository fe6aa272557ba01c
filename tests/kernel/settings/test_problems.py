"""What is told about wrong settings: the key, where it is from, what is allowed; all of it at once."""

from pathlib import Path

import pytest

from girok.settings_load import SettingsError, load
from tests.kernel.settings.plugins import MANIFESTS


def told(folder: Path, text: str, **env: str) -> list[str]:
    """The problems, with the file's name alone."""
    file = folder / "girok.toml"
    file.write_bytes(text.encode())
    with pytest.raises(SettingsError) as caught:
        load(MANIFESTS, config=file, env=env)
    return [str(each).replace(f"{folder}/", "") for each in caught.value.problems]


class TestValues:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("[http]\nport = 'x'", "http.port (girok.toml:2): must be a whole number from 0 to 65535, not 'x'"),
            ("[http]\nport = 1.5", "http.port (girok.toml:2): must be a whole number from 0 to 65535, not 1.5"),
            ("[http]\nport = true", "http.port (girok.toml:2): must be a whole number from 0 to 65535, not true"),
            ("[http]\nport = []", "http.port (girok.toml:2): must be a whole number from 0 to 65535, not a list"),
            ("http.port.x = 1", "http.port (girok.toml:1): must be a whole number from 0 to 65535, not a table"),
            (
                "[http]\nport = 1979-05-27",
                "http.port (girok.toml:2): must be a whole number from 0 to 65535, not a date",
            ),
            (
                f"[http]\nport = {10**40}",
                "http.port (girok.toml:2): must be a whole number from 0 to 65535, not so large a number",
            ),
            ("[http]\nmax_body = 1", "http.max_body (girok.toml:2): must be a whole number of at least 1024, not 1"),
            (
                "[drain]\nseconds = 0",
                "drain.seconds (girok.toml:2): must be a number more than 0 and at most 300, not 0",
            ),
            (
                "[drain]\nseconds = nan",
                "drain.seconds (girok.toml:2): must be a number more than 0 and at most 300, not nan",
            ),
            ("mode = 'prod'", "mode (girok.toml:1): must be one of development, production, not 'prod'"),
            ("data = ''", "data (girok.toml:1): must be text that is not empty, not ''"),
            ('data = "a\\u0000"', "data (girok.toml:1): must be UTF-8 text without NUL characters"),
            ("[log]\naccess = 1", "log.access (girok.toml:2): must be true or false, not 1"),
            ("[metrics]\nallow = 'x'", "metrics.allow (girok.toml:2): must be a list of texts, not 'x'"),
            ("[metrics]\nallow = ['::1', 5]", "metrics.allow (girok.toml:2): item 2 must be text, not 5"),
            ("[metrics]\nallow = ['x']", "metrics.allow (girok.toml:2): 'x' is not a network like 10.0.0.0/8"),
            (
                "[http]\ntrusted_proxies = ['10.0.0.0/33']",
                "http.trusted_proxies (girok.toml:2): '10.0.0.0/33' is not a network like 10.0.0.0/8",
            ),
            (
                "[shop]\nnames = ['a', 'b', 'c', 'd']",
                "shop.names (girok.toml:2): must be a list of texts (at most 3), not 4 of them",
            ),
            (
                "[web]\norigins = ['https://a.example/']",
                (
                    "web.origins (girok.toml:2): item 1 must be an origin like https://example.com, in small letters "
                    "and without a path, not 'https://a.example/'"
                ),
            ),
            ("[nats]\nurl = 'h'", "nats.url (girok.toml:2): must be a URL like nats://host:4222, or empty, not 'h'"),
        ],
    )
    def test_what_is_allowed_and_what_was_there(self, tmp_path: Path, text: str, expected: str) -> None:
        assert told(tmp_path, text) == [expected]

    @pytest.mark.parametrize("text", ["", "8787x", "1,2", "80\udcff", "9" * 5000])
    def test_variables_that_are_no_number(self, tmp_path: Path, text: str) -> None:
        (problem,) = told(tmp_path, "", GIROK_HTTP_PORT=text)
        assert problem.startswith("http.port (GIROK_HTTP_PORT): must be ")
        assert len(problem) < 200


class TestSecrets:
    def test_a_wrong_secret_is_not_shown(self, tmp_path: Path) -> None:
        expected = "shop.token (GIROK_SHOP_TOKEN): must be text of at least 8 characters"
        assert told(tmp_path, "", GIROK_SHOP_TOKEN="hush") == [expected]

    def test_nor_what_stands_before_the_host_of_a_url(self, tmp_path: Path) -> None:
        (problem,) = told(tmp_path, "", GIROK_NATS_URL="nats//ada:hush@host")
        assert problem.endswith("not '***@host'")


class TestKeys:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("[http]\nprt = 1", "http.prt (girok.toml:2): there is no such setting; did you mean http.port?"),
            (
                "port = 1",
                "port (girok.toml:1): there is no such setting; did you mean http.port or mail.port or grpc.port?",
            ),
            ("[zzz]\na = 1", "zzz (girok.toml:1): there is no such setting"),
            ("[shop.mail]\nzzz = 1", "shop.mail.zzz (girok.toml:2): there is no such setting"),
            ("http = 1", "http (girok.toml:1): must be a table"),
            ("[[http]]\nport = 1", "http (girok.toml:1): must be a table"),
        ],
    )
    def test_unknown_ones(self, tmp_path: Path, text: str, expected: str) -> None:
        assert told(tmp_path, text) == [expected]

    def test_an_unknown_flag(self) -> None:
        with pytest.raises(SettingsError, match=r"^http\.prt \(--prt\): there is no such setting"):
            load(MANIFESTS, flags={"http.prt": "1"})


class TestFiles:
    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            (b"a = ", "is not TOML: Invalid value (at end of document)"),
            (b"\xff", "is not UTF-8 text"),
            (b"a = " + b"[" * 100_000, "is not TOML that can be read: a number or a nesting is too long"),
            (b"a = " + b"1" * 10_000, "is not TOML that can be read: a number or a nesting is too long"),
        ],
    )
    def test_that_cannot_be_read(self, tmp_path: Path, raw: bytes, expected: str) -> None:
        file = tmp_path / "x.toml"
        file.write_bytes(raw)
        with pytest.raises(SettingsError) as caught:
            load(MANIFESTS, config=file)
        assert str(caught.value) == f"{file} {expected}"

    def test_a_directory(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
            load(MANIFESTS, config=tmp_path)


class TestAllTogether:
    def test_every_problem_is_in_one_message(self, tmp_path: Path) -> None:
        problems = told(tmp_path, "mode = 'production'\n[http]\nport = -1\n[zzz]\n", GIROK_LOG_LEVEL="loud")
        assert [each.partition(" ")[0] for each in problems] == ["http.port", "zzz", "log.level", "web.origins"]

    def test_it_says_how_many(self) -> None:
        with pytest.raises(SettingsError) as caught:
            load(MANIFESTS, env={"GIROK_LOG_LEVEL": "loud", "GIROK_HTTP_PORT": "x"})
        assert str(caught.value).split("\n")[0] == "2 settings are wrong:"

    def test_a_rule_adds_nothing_to_a_key_that_is_wrong(self, tmp_path: Path) -> None:
        assert len(told(tmp_path, "mode = 'production'", GIROK_WEB_ORIGINS="*")) == 1
