"""What commands print, in process."""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from girok.cli import commands, main
from girok.cli.table import table
from girok.manifest import discover
from girok.refusal import Refusal
from girok.settings_load import schema_of


def output(*args: str, **env: str) -> str:
    """The standard output of a command that succeeds."""
    result = CliRunner(env=dict(env)).invoke(commands, list(args), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of every test: empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestConfig:
    def test_show_is_toml_with_the_origin_of_each_value(self, elsewhere: Path) -> None:
        (elsewhere / "girok.toml").write_text("\n[http]\nport = 1\n")
        shown = output("config", "show", "--data", "d", GIROK_LOG_LEVEL="debug")
        tables = tomllib.loads(shown)
        assert (tables["http"]["port"], tables["data"], tables["log"]["level"]) == (1, "d", "debug")
        origins = [line.split("#")[1].strip() for line in shown.split("\n") if "#" in line]
        assert {"girok.toml:3", "--data", "GIROK_LOG_LEVEL", "default"} == set(origins)

    def test_the_named_file_is_read_instead(self, elsewhere: Path) -> None:
        (elsewhere / "girok.toml").write_text("this is not read")
        (elsewhere / "other.toml").write_text("[http]\nport = 2\n")
        assert tomllib.loads(output("config", "show", "--config", "other.toml"))["http"]["port"] == 2

    @pytest.mark.parametrize("key", ["http.port", "GIROK_HTTP_PORT", "girok_http_port"])
    def test_explain_takes_a_key_or_its_variable(self, key: str) -> None:
        assert output("config", "explain", key).split("\n")[0] == "http.port"

    def test_explain_every_key_there_is(self) -> None:
        for key in schema_of(discover()).keys:
            assert output("config", "explain", key.name).startswith(key.name)

    def test_explain_a_table(self) -> None:
        assert output("config", "explain", "http").startswith("[http]\n")

    def test_explain_works_when_the_settings_are_wrong(self) -> None:
        assert "allowed" in output("config", "explain", "http.port", GIROK_HTTP_PORT="x")

    def test_sample_is_the_file_of_the_repository(self) -> None:
        assert tomllib.loads(output("config", "sample"))["http"] == {}


class TestRoles:
    def test_every_role_is_after_those_it_requires(self) -> None:
        text = output("roles")
        heads = [line.partition(":")[0] for line in text.split("\n") if line and line[0].isalpha()]
        manifests = discover()
        assert set(heads) == set(manifests)
        assert [n for n in heads for need in manifests[n].requires if heads.index(need) > heads.index(n)] == []

    def test_what_a_role_needs_provides_and_listens_to(self) -> None:
        text = output("roles")
        feed = text[text.index("feed: ") :].split("\n")
        assert feed[1].split() == ["├─", "requires", "auth"]
        assert feed[2].split() == ["├─", "provides", "FeedService"]
        assert feed[3].startswith("├─ consumes     feed.post.created, ")
        assert feed[4].split() == ["└─", "in", "a", "cluster", "http", "3004,", "grpc", "50053"]


class TestNewPlugin:
    @pytest.fixture
    def checkout(self, elsewhere: Path) -> Path:
        """What makes the working directory a checkout."""
        (elsewhere / "migrations" / "girok").mkdir(parents=True)
        for folder in ("plugins", "tests/plugins"):
            (elsewhere / folder).mkdir(parents=True)
            (elsewhere / folder / "__init__.py").touch()
        return elsewhere

    def test_it_prints_what_it_wrote_and_nothing_else(self, checkout: Path) -> None:
        before = set(checkout.rglob("*"))
        written = output("new-plugin", "shop").splitlines()
        assert {checkout / path for path in written} == {
            path for path in set(checkout.rglob("*")) - before if path.is_file()
        }

    def test_it_tells_what_to_do_next(self, checkout: Path) -> None:
        told = CliRunner().invoke(commands, ["new-plugin", "shop"]).stderr
        assert "pytest tests/plugins/shop tests/architecture" in told
        assert "plugins/shop/README.md" in told

    def test_not_twice(self, checkout: Path) -> None:
        output("new-plugin", "shop")
        with pytest.raises(Refusal, match="'shop' exists already"):
            output("new-plugin", "shop")


class TestMain:
    @pytest.mark.parametrize(
        ("args", "code"),
        [(["--help"], 0), (["--version"], 0), (["run", "--help"], 0), (["--port", "x"], 2), (["x"], 2)],
    )
    def test_it_exits_with_the_code(self, args: list[str], code: int) -> None:
        with pytest.raises(SystemExit) as end:
            main(args)
        assert end.value.code == code

    @pytest.mark.parametrize("name", sorted(commands.commands))
    def test_every_command_tells_of_itself(self, name: str) -> None:
        assert output(name, "--help").startswith("Usage: ")

    def test_data_and_config_are_taken_by_every_command_after_its_name(self) -> None:
        single = [["run"], ["roles"], ["migrate"], ["new-plugin"]]
        grouped = [["config", each] for each in ("check", "show", "explain", "sample")]
        for path in [*single, *grouped, ["events", "dead"], ["events", "retry"]]:
            text = output(*path, "--help")
            assert "--data DIR" in text
            assert "--config FILE" in text


class TestTable:
    def test_columns_are_as_wide_as_their_widest_cell(self) -> None:
        assert table(("a", "bc"), [("long", "1"), ("x", "2")]) == "a     bc\nlong  1\nx     2"

    def test_a_cell_is_one_line_that_no_terminal_obeys(self) -> None:
        (_, line) = table(("a",), [("x\n\x1b[31m\u202ey",)]).split("\n")
        assert line == "x  [31m y"

    def test_a_long_cell_is_cut(self) -> None:
        (_, line) = table(("a",), [("x" * 500,)]).split("\n")
        assert line == "x" * 97 + "..."
