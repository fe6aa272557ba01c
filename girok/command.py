"""Commands: what an operator may have done, in the process that runs or on a directory that none runs on.

    def commands(kit: Kit) -> Mapping[str, Command]:      # plugins/shelf/commands.py
        shelf = kit.ports[Shelf]
        return {"add": takes(NewBook, shelf.add), "list": takes(BookFilter, shelf.books)}

A command is a coroutine function, which gives one value, or an async generator function, which gives any number of
them: a stream. A stream is read at the pace of who asked, minutes between two items if that is their pace, or is given
up: it holds no unit of work and no lock while it yields.

It runs under a call context without an actor, whose `operator` is the local user. Its errors are GirokErrors.
"""

import os
import pwd
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from girok.context import CallContext
from girok.errors import InvalidInput, NotFound, Text

__all__ = ["Command", "Given", "InvalidParameters", "UnknownCommand", "command_of", "operator", "takes"]

P = TypeVar("P", bound=msgspec.Struct)

Given = Awaitable[Any] | AsyncGenerator[Any, None]
"""What msgspec can write as JSON, once or item by item."""
Command = Callable[[dict[str, Any]], Given]
"""Takes the parameters as plain JSON values."""


class UnknownCommand(NotFound):
    """No part of this process has the command."""

    reason = "UNKNOWN_COMMAND"


class InvalidParameters(InvalidInput):
    """The parameters are not those of the command."""

    reason = "INVALID_PARAMETERS"


def takes(kind: type[P], run: Callable[[P], Given]) -> Command:
    """The command that runs `run` with its parameters as a `kind`. Raises InvalidParameters for what is none."""

    def command(params: dict[str, Any]) -> Given:
        try:
            return run(msgspec.convert(params, kind))
        except msgspec.ValidationError as error:
            raise InvalidParameters(Text(f"Wrong parameters: {error}", f"잘못된 매개변수: {error}")) from None

    return command


def command_of(commands: Mapping[str, Command], name: str) -> Command:
    """The command of that name. Raises UnknownCommand."""
    found = commands.get(name)
    if found is None:
        raise UnknownCommand(Text(f"This girok has no command {name[:80]!r}.", f"없는 명령입니다: {name[:80]!r}."))
    return found


def operator(uid: int) -> CallContext:
    """The call context of a command that the local user `uid` gives."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run as a user that has no name
        name = f"uid {uid}"
    return CallContext(request_id=os.urandom(16).hex(), operator=name)
