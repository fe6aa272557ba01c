"""Commands that a plugin brings, with the toy plugin `shelf`: beside a running girok, and where none runs."""

import asyncio
import json
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from girok.command import Command
from girok.control import ControlServer
from girok.process_status import status_command
from girok.sections import Metrics
from girok.telemetry.health import Health
from tests.kernel.cli.process import Result, environment, girok
from tests.kernel.cli.test_process import LEAN, LOADED
from tests.kernel.cli.with_shelf import TOYS
from tests.scenarios.launch import launched, until

WITH_SHELF = "tests.kernel.cli.with_shelf"
ME = pwd.getpwuid(os.getuid()).pw_name
PAGES = "".join(f'{{"number":{number},"text":"한글"}}\n' for number in range(3))
CUT = "girok: girok ended before it had given everything.\n"


@pytest.fixture(scope="module", params=["running", "at rest"])
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory that a girok runs on, and one that none does."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "data").mkdir()
    with launched(folder, module=WITH_SHELF) if request.param == "running" else nullcontext():
        yield folder / "data"


def shelf(data: Path, *args: str, sent: str | bytes = "") -> Result:
    """`girok shelf ARGS` on the directory."""
    return girok("shelf", *args, "--data", str(data), module=WITH_SHELF, sent=sent)


class TestCommand:
    def test_gives_an_answer_and_knows_who_asked(self, data: Path) -> None:
        assert shelf(data, "add", "Emma") == (0, f"added Emma by {ME}\n", "")

    def test_refused_is_2(self, data: Path) -> None:
        shelf(data, "add", "Persuasion")
        assert shelf(data, "add", "Persuasion") == (2, "", "girok: There is such a book.\n")

    def test_failed_is_1(self, data: Path) -> None:
        assert shelf(data, "add", "jam") == (1, "", "girok: The press is jammed.\n")

    def test_parameters_against_the_contract_are_refused(self, data: Path) -> None:
        result = shelf(data, "pages", "1", "--then", "dance")
        assert result == (2, "", "girok: Wrong parameters: Invalid enum value 'dance' - at `$.then`\n")

    def test_input_that_click_refuses(self, data: Path) -> None:
        result = shelf(data, "pages", "many")
        assert (result.code, result.out) == (2, "")
        assert result.err.endswith("'many' is not a valid integer (see `girok shelf pages --help`)\n")


class TestStream:
    def test_is_json_lines(self, data: Path) -> None:
        assert shelf(data, "pages", "3") == (0, PAGES, "")

    def test_of_nothing(self, data: Path) -> None:
        assert shelf(data, "pages", "0") == (0, "", "")

    def test_that_fails_in_the_middle(self, data: Path) -> None:
        assert shelf(data, "pages", "3", "--then", "fail") == (1, PAGES, "girok: The press is jammed.\n")

    def test_is_read_no_further_than_wanted(self, data: Path) -> None:
        assert shelf(data, "pages", "1000000000", "--first", "4") == (0, "0 1 2 3\n", "")

    def test_whose_reader_has_enough(self, data: Path) -> None:
        with pages(data, "1000000000") as child:
            assert child.stdout is not None
            assert json.loads(child.stdout.readline())["number"] == 0
            child.stdout.close()
            assert child.wait(60) == 1
            assert child.stderr is not None
            assert child.stderr.read() == b""

    def test_that_is_interrupted_is_closed(self, data: Path) -> None:
        closed = data / "closed"
        closed.unlink(missing_ok=True)
        with pages(data, "1000000000") as child:
            assert child.stdout is not None
            child.stdout.readline()
            child.send_signal(signal.SIGINT)
            child.stdout.read()
            assert child.wait(60) == 130
            assert child.stderr is not None
            assert child.stderr.read().strip() == b""
        until(closed.exists)
        assert shelf(data, "pages", "3") == (0, PAGES, "")

    def test_that_waits_for_more_shows_what_there_is(self, data: Path) -> None:
        with pages(data, "3", "--then", "wait") as child:
            assert child.stdout is not None
            assert [child.stdout.readline().decode() for _ in range(3)] == PAGES.splitlines(keepends=True)
            child.send_signal(signal.SIGINT)
            assert child.wait(60) == 130


@contextmanager
def pages(data: Path, *args: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`girok shelf pages ARGS`, running; killed at the end if it still does."""
    command = [sys.executable, "-m", WITH_SHELF, "shelf", "pages", *args, "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as child:
        try:
            yield child
        finally:
            child.kill()


class TestRunningGirok:
    def test_that_dies_over_a_stream(self, tmp_path: Path) -> None:
        with launched(tmp_path, module=WITH_SHELF) as running:
            result = shelf(running.data, "pages", "100000", "--then", "die")
        assert (result.code, result.err) == (1, CUT)
        assert [json.loads(line)["number"] for line in result.out.splitlines()] == list(range(result.out.count("\n")))

    def test_that_stops_cuts_a_stream_off_in_time(self, tmp_path: Path) -> None:
        with launched(tmp_path, module=WITH_SHELF, GIROK_DRAIN_SECONDS="1") as running:
            with pages(running.data, "3", "--then", "wait") as child:
                assert child.stdout is not None
                child.stdout.readline()
                running.child.terminate()
                assert child.wait(60) == 1
                assert child.stderr is not None
                assert child.stderr.read().decode() == CUT
            assert running.ended() == 0
            assert (running.data / "closed").exists()


class TestNobodyRuns:
    def test_on_a_directory_that_is_not_there(self, tmp_path: Path) -> None:
        result = shelf(tmp_path / "absent", "add", "Emma")
        assert (result.code, result.out) == (2, "")
        assert "there is no data directory" in result.err
        assert list(tmp_path.iterdir()) == []

    def test_on_a_directory_of_girok_up_that_does_not_run(self, tmp_path: Path) -> None:
        (tmp_path / "auth").mkdir()
        (tmp_path / "auth/girok.lock").touch()
        result = shelf(tmp_path, "add", "Emma")
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            f"girok: {tmp_path} is a directory of `girok up`, each of whose processes has one of its own in it: "
            f"give the --data of one that runs: {tmp_path}/auth\n"
        )
        assert not (tmp_path / "girok.db").exists()


class TestCluster:
    """Processes that answer commands and run some roles."""

    async def test_a_process_without_the_role_is_told(self, tmp_path: Path) -> None:
        control = ControlServer(tmp_path, {"status": running_only("feed", "bff")})
        await control.start()
        results = [await asyncio.to_thread(shelf, tmp_path, *each.split()) for each in ("add Emma", "pages 3")]
        await control.stop()
        why = f"girok: the girok on {tmp_path} runs feed, bff, not shelf: give the --data of one that does\n"
        assert results == [(2, "", why)] * 2

    async def test_a_process_with_the_role_but_without_the_command(self, tmp_path: Path) -> None:
        control = ControlServer(tmp_path, {"status": running_only("shelf")})
        await control.start()
        result = await asyncio.to_thread(shelf, tmp_path, "add", "Emma")
        await control.stop()
        assert result == (2, "", "girok: This girok has no command 'shelf.add'.\n")

    async def test_of_girok_up_the_roles_own_process_is_asked(self, tmp_path: Path) -> None:
        async def add(params: dict[str, object]) -> object:
            return {"title": params["title"], "by": "shelf's own process"}

        (tmp_path / "shelf").mkdir()
        control = ControlServer(tmp_path / "shelf", {"shelf.add": add})
        await control.start()
        result = await asyncio.to_thread(shelf, tmp_path, "add", "Emma")
        await control.stop()
        assert result == (0, "added Emma by shelf's own process\n", "")


def running_only(*roles: str) -> Command:
    """The command `status` of a process that runs them."""
    return status_command(roles, Health(Metrics()))


class TestFinding:
    def test_help_lists_it_beside_our_own(self) -> None:
        out = girok("--help", module=WITH_SHELF).out
        assert "  shelf       Books on a shelf.\n" in out
        assert "  status " in out
        assert "  shelf " not in girok("--help").out

    @pytest.mark.parametrize("line", ["--help", "shelf --help", "config check"])
    def test_nothing_heavy_is_imported_to_find_it(self, line: str) -> None:
        code = f"import plugins; plugins.__path__.append({str(TOYS)!r})\n{LOADED}"
        child = [sys.executable, "-c", code, *line.split()]
        out = subprocess.run(child, capture_output=True, env=environment(), timeout=60, check=True).stdout.decode()
        assert set(out.rpartition("loaded: ")[2].split()) - LEAN == set()

    @pytest.mark.parametrize(
        ("commands", "why"),
        [
            ("(click.Group('status'),)", "the command `girok status` is one of girok itself already"),
            ("(click.Group('shelf'),)", "the command `girok shelf` is one of plugins/shelf/cli.py already"),
            ("(click.Group('a'), click.Group('a'))", "the command `girok a` is one of plugins/zebra/cli.py already"),
            ("[click.Group('a')]", "has no tuple COMMANDS"),
            ("('a',)", "'a' in COMMANDS is no command of click with a name"),
            ("(click.Group(),)", "in COMMANDS is no command of click with a name"),
        ],
    )
    def test_what_cannot_be_is_refused(self, tmp_path: Path, commands: str, why: str) -> None:
        (tmp_path / "zebra").mkdir()
        (tmp_path / "zebra/__init__.py").touch()
        (tmp_path / "zebra/plugin.py").write_text(
            "from girok.manifest import Manifest\nMANIFEST = Manifest(name='zebra', summary='')\n"
        )
        (tmp_path / "zebra/cli.py").write_text(f"import click\nCOMMANDS = {commands}\n")
        places = [str(TOYS), str(tmp_path)]
        code = f"import plugins; plugins.__path__ += {places}; from girok.cli import main; main()"
        child = [sys.executable, "-c", code, "--help"]
        done = subprocess.run(child, capture_output=True, env=environment(), timeout=60, check=False)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.decode().startswith("girok: plugins/zebra/cli.py")
        assert done.stderr.decode().endswith(f"{why}\n")

    def test_a_role_whose_command_looks_like_our_own_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "events").mkdir()
        (tmp_path / "events/__init__.py").touch()
        (tmp_path / "events/plugin.py").write_text(
            "from girok.manifest import Manifest\nMANIFEST = Manifest(name='events', summary='')\n"
        )
        (tmp_path / "events/commands.py").write_text("def commands(kit):\n    return {'dead': print}\n")
        code = f"import plugins; plugins.__path__.append({str(tmp_path)!r}); from girok.cli import main; main()"
        child = [sys.executable, "-c", code, "events", "dead", "--data", str(tmp_path)]
        done = subprocess.run(child, capture_output=True, env=environment(), timeout=60, check=False)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr == b"girok: plugins/events/commands.py: events.dead is a command of girok itself\n"
