"""The command line as a process: exit codes, one message, no traceback, a quick start."""

import subprocess
import sys
from pathlib import Path

import pytest

from girok import __version__
from tests.architecture.sources import ROOT
from tests.kernel.cli.process import girok

NO_NUMBER = "must be a whole number from 0 to 65535, not 'x'"
NO_STORE = "database.url (GIROK_DATABASE_URL) is needed in a cluster (nats.url) by "
NATS = "GIROK_CLUSTER_SECRET=0123456789abcdef GIROK_NATS_URL=nats://h"
REFUSED = [
    ("nope", "No such command 'nope' (see `girok --help`)"),
    ("--nope", "No such option"),
    ("config", "Missing command (see `girok config --help`)"),
    ("config check extra", "Got unexpected extra argument (extra) (see `girok config check --help`)"),
    ("config explain http.prt", "there is no setting 'http.prt'; did you mean http.port?"),
    ("config check --config absent.toml", "absent.toml cannot be read: No such file or directory"),
    ("config check --data=", "data (--data): must be text that is not empty, not ''"),
    ("--port x", f"http.port (--port): {NO_NUMBER}"),
    ("GIROK_HTTP_PORT=x run", f"http.port (GIROK_HTTP_PORT): {NO_NUMBER}"),
    ("--roles nope", "unknown role 'nope'; known roles: "),
    ("--roles ,", "--roles names no role; there are "),
    ("--roles feed", "nats.url (GIROK_NATS_URL) is needed to run only some roles (feed): "),
    (
        "GIROK_NATS_URL=nats://h run",
        "cluster.secret (GIROK_CLUSTER_SECRET): must be set in a cluster (nats.url), to 16 ",
    ),
    (f"{NATS} --roles feed", f"{NO_STORE}feed"),
    (f"{NATS} run", f"{NO_STORE}auth, feed, personal, bff"),
    (
        f"{NATS} GIROK_DATABASE_URL=postgresql://h/d --roles auth",
        "valkey.url (GIROK_VALKEY_URL) is needed in a cluster ",
    ),
    ("migrate nope", "Invalid value for '[status]': 'nope' is not 'status' (see `girok migrate --help`)"),
    ("migrate status --data absent", "data (--data): there is no data directory 'absent'"),
    ("GIROK_DATA=absent events dead", "data (GIROK_DATA): there is no data directory 'absent'"),
    ("events retry 1 --data absent", "data (--data): there is no data directory 'absent'"),
    ("new-plugin 9", "'9' is no plugin name: "),
    ("new-plugin shop", ""),
]


class TestExitCodes:
    @pytest.mark.parametrize(("line", "message"), REFUSED)
    def test_what_is_refused_is_one_message_and_changes_nothing(self, tmp_path: Path, line: str, message: str) -> None:
        words = line.split()
        env = dict(each.split("=", 1) for each in words if each.startswith("GIROK_"))
        result = girok(*[each for each in words if not each.startswith("GIROK_")], cwd=tmp_path, env=env)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(f"girok: {message}")
        assert result.err.count("\n") == 1
        assert list(tmp_path.iterdir()) == []

    def test_every_wrong_setting_is_in_the_one_message(self, tmp_path: Path) -> None:
        (tmp_path / "girok.toml").write_text("[http]\nport = -1\n")
        result = girok("config", "check", cwd=tmp_path, env={"GIROK_LOG_LEVEL": "loud"})
        assert result.code == 2
        assert result.err.split("\n") == [
            "girok: 2 settings are wrong:",
            "  http.port (girok.toml:2): must be a whole number from 0 to 65535, not -1",
            "  log.level (GIROK_LOG_LEVEL): must be one of debug, info, warning, error, not 'loud'",
            "",
        ]

    def test_a_data_directory_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        result = girok("migrate", "--data", "file", cwd=tmp_path)
        assert (result.code, result.err) == (2, f"girok: the data directory {tmp_path / 'file'} is not a directory\n")

    def test_a_store_that_is_none_is_told_without_a_traceback(self, tmp_path: Path) -> None:
        (tmp_path / "girok.db").write_text("this is no database, however long one looks at it" * 100)
        result = girok("migrate", "--data", ".", cwd=tmp_path)
        assert result.code == 2
        assert result.err.startswith("girok: ")
        assert "Traceback" not in result.err

    def test_what_is_done_is_0(self, tmp_path: Path) -> None:
        assert girok("--version", cwd=tmp_path) == (0, f"girok {__version__}\n", "")
        assert girok("config", "check", cwd=tmp_path) == (0, "the settings are right\n", "")

    def test_a_reader_that_has_enough_is_no_error_of_ours(self) -> None:
        with subprocess.Popen(
            [sys.executable, "-m", "girok", "config", "sample"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
        ) as child:
            assert child.stdout is not None
            assert child.stderr is not None
            child.stdout.close()
            assert child.stderr.read() == b""


class TestWarnings:
    def test_an_unknown_variable_is_told_and_nothing_more(self, tmp_path: Path) -> None:
        result = girok("config", "check", cwd=tmp_path, env={"GIROK_HTTP_PRT": "hush"})
        assert (result.code, result.out) == (0, "the settings are right\n")
        assert result.err == "girok: warning: GIROK_HTTP_PRT is no setting of girok; did you mean http.port?\n"

    def test_a_variable_that_is_not_utf8(self, tmp_path: Path) -> None:
        result = girok("config", "check", cwd=tmp_path, env={"GIROK_DATA": "\udcff", "GIROK_\udcff": "1"})
        assert result.code == 2
        assert result.err == "girok: data (GIROK_DATA): must be UTF-8 text without NUL characters\n"


LOADED = """
import sys
from girok.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
loaded = {name.partition(".")[0] for name in sys.modules if name[0] != "_"}
print("loaded:", *sorted(loaded - set(sys.stdlib_module_names)))
"""
LEAN = {"click", "girok", "msgspec", "plugins", "typing_extensions"}


class TestStart:
    @pytest.mark.parametrize(
        "line", ["--help", "run --help", "config check", "config show", "config explain http.port", "roles"]
    )
    def test_nothing_heavy_is_imported_for_what_needs_none_of_it(self, line: str) -> None:
        child = [sys.executable, "-c", LOADED, *line.split()]
        out = subprocess.run(child, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
        loaded = set(out.rpartition("loaded: ")[2].split())
        assert loaded - LEAN == set()
