"""What a command asks of who gave it: a password, or whether it is meant.

A terminal is asked only where there is one; a script says everything with its options, so that it never hangs.
"""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from girok.refusal import Refusal

__all__ = ["NotMeant", "WrongPassword", "check_meant", "password_option", "read_password", "yes_option"]

F = TypeVar("F", bound=Callable[..., Any])
_LONGEST = 4096
"""Bytes of a password that are read; what a password may be is its domain's rule."""


class WrongPassword(Refusal):
    """No password came, or what came is none."""


class NotMeant(Refusal):
    """Whoever gave the command does not mean it, or was not there to be asked."""


def password_option(command: F) -> F:
    """Give a command the parameter `password_stdin`, for `read_password`."""
    return click.option("--password-stdin", is_flag=True, help="Read the password from standard input, up to its end.")(
        command
    )


def read_password(prompt: str, *, password_stdin: bool) -> str:
    """A new password: from standard input, without the line feed at its end, or typed twice where nobody sees it.

    Raises WrongPassword.
    """
    if password_stdin:
        return _from_stdin()
    if not sys.stdin.isatty():
        raise WrongPassword("there is no terminal to ask for the password: give it with --password-stdin")
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=f"{prompt}, again", err=True)
    return typed


def _from_stdin() -> str:
    sent = sys.stdin.buffer.read(_LONGEST + 1)
    line = sent.removesuffix(b"\n").removesuffix(b"\r")
    if not line:
        raise WrongPassword("--password-stdin: standard input is empty")
    if len(sent) > _LONGEST or b"\n" in line:
        raise WrongPassword("--password-stdin: standard input must be one line, the password")
    try:
        return line.decode()
    except UnicodeDecodeError:
        raise WrongPassword("--password-stdin: the password must be UTF-8 text") from None


def yes_option(command: F) -> F:
    """Give a command the parameter `yes`, for `check_meant`."""
    return click.option("--yes", is_flag=True, help="Do it without a question.")(command)


def check_meant(question: str, *, yes: bool) -> None:
    """Ask whether it is meant, unless `yes`. Raises NotMeant: nothing was done yet."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotMeant("there is no terminal to ask whether this is meant: say --yes")
    if not click.confirm(question, err=True):
        raise NotMeant("nothing was done")
