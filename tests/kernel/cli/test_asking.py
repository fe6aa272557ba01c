"""What a command asks for: a password and whether it is meant; at a terminal, and in a script."""

import pytest

from tests.kernel.cli.process import Result, girok
from tests.kernel.cli.terminal import at_terminal

WITH_SHELF = "tests.kernel.cli.with_shelf"
PASSWORD = "Str0ng!pass word 한글"


def shelf(*args: str, sent: str | bytes = "") -> Result:
    """A command of the toy plugin that asks, without a terminal."""
    return girok("shelf", *args, module=WITH_SHELF, sent=sent)


class TestPasswordFromStandardInput:
    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_is_its_line_without_the_end(self, end: str) -> None:
        assert shelf("lock", "--password-stdin", sent=PASSWORD + end) == (0, "locked with 19 characters\n", "")

    @pytest.mark.parametrize(
        ("sent", "why"),
        [
            (b"", "standard input is empty"),
            (b"\n", "standard input is empty"),
            (b"one\ntwo\n", "standard input must be one line, the password"),
            (b"x" * 5000, "standard input must be one line, the password"),
            (b"\xff\n", "the password must be UTF-8 text"),
        ],
    )
    def test_that_is_none(self, sent: bytes, why: str) -> None:
        assert shelf("lock", "--password-stdin", sent=sent) == (2, "", f"girok: --password-stdin: {why}\n")

    def test_must_be_said(self) -> None:
        why = "girok: there is no terminal to ask for the password: give it with --password-stdin\n"
        assert shelf("lock", sent=PASSWORD) == (2, "", why)


class TestPasswordAtATerminal:
    def test_is_typed_twice_and_never_shown(self) -> None:
        with at_terminal(WITH_SHELF, "shelf", "lock") as terminal:
            terminal.answer("Password: ", "Secret!1\n")
            terminal.answer("Password, again: ", "Secret!1\n")
            assert terminal.ended() == 0
        assert "locked with 8 characters" in terminal.shown
        assert "Secret" not in terminal.shown

    def test_that_differs_is_asked_for_again(self) -> None:
        with at_terminal(WITH_SHELF, "shelf", "lock") as terminal:
            terminal.answer("Password: ", "Secret!1\n")
            terminal.answer("Password, again: ", "Sceret!1\n")
            terminal.answer("Password: ", "Secret!12\n")
            terminal.answer("Password, again: ", "Secret!12\n")
            assert terminal.ended() == 0
        assert "locked with 9 characters" in terminal.shown

    def test_may_be_interrupted(self) -> None:
        with at_terminal(WITH_SHELF, "shelf", "lock") as terminal:
            terminal.answer("Password: ", "\x03")
            assert terminal.ended() == 130


class TestMeant:
    def test_yes(self) -> None:
        assert shelf("burn", "--yes") == (0, "burnt\n", "")

    def test_a_script_must_say_so(self) -> None:
        why = "girok: there is no terminal to ask whether this is meant: say --yes\n"
        assert shelf("burn", sent="y\n") == (2, "", why)

    @pytest.mark.parametrize(("typed", "code", "shown"), [("y\n", 0, "burnt"), ("n\n", 2, "girok: nothing was done")])
    def test_is_asked_at_a_terminal(self, typed: str, code: int, shown: str) -> None:
        with at_terminal(WITH_SHELF, "shelf", "burn") as terminal:
            terminal.answer("Burn it? [y/N]: ", typed)
            assert terminal.ended() == code
        assert terminal.shown.splitlines()[-1] == shown
