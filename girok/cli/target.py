"""What a plugin's commands are given: the girok that they act on, running or not.

@user.command()
@click.argument("who")
@on_target
def disable(girok: Target, who: str) -> None:
    account = girok.ask("auth.user.disable", AccountName(who), AccountInfo)
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

from girok.cli.box import Answer, act, items, items_anywhere
from girok.cli.options import Loaded, load_settings, place_options, warn
from girok.export import OfUser, with_export
from girok.roles import resolve

__all__ = ["Target", "on_target"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Target:
    """The girok of the settings. A command's parameters are a Struct, or None; `kind` is what it gives.

    All raise Refusal, CommandFailed or GirokError, which the command line tells.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded

    def ask(self, command: str, params: msgspec.Struct | None, kind: type[T]) -> T:
        """What a command gives."""
        answer: Answer = asyncio.run(act(*self._loaded, command, _plain(params)))
        return msgspec.convert(answer.data, kind)

    def first(self, count: int, command: str, params: msgspec.Struct | None, kind: type[T]) -> list[T]:
        """The first `count` items of a stream, or as many as there are."""

        async def take() -> list[T]:
            found: list[T] = []
            async with aclosing(self._items(command, params)) as stream:
                async for each in stream:
                    found.append(msgspec.json.decode(each, type=kind))
                    if len(found) == count:
                        break
            return found

        return asyncio.run(take())

    def print_lines(self, command: str, params: msgspec.Struct | None) -> None:
        """Print a stream as JSON lines, each as soon as it comes."""

        asyncio.run(_print(self._items(command, params)))

    def print_export(self, user_id: str) -> None:
        """Print what every domain stores of a user as JSON lines, domain after domain; see girok.export."""

        async def tell() -> None:
            for name in with_export(resolve(self._loaded.manifests).local):
                await _print(items_anywhere(*self._loaded, f"{name}.export", _plain(OfUser(user_id))))

        asyncio.run(tell())

    def _items(self, command: str, params: msgspec.Struct | None) -> AsyncGenerator[bytes, None]:
        return items(*self._loaded, command, _plain(params))


def on_target(command: Callable[Concatenate[Target, P], R]) -> Callable[P, R]:
    """Give a command --data and --config, which become its first parameter."""

    @wraps(command)
    def on(*args: P.args, **options: P.kwargs) -> R:
        data, config = options.pop("data"), options.pop("config")
        loaded = load_settings(data, config)  # pyright: ignore[reportArgumentType] - click's text or None
        warn(loaded.settings)
        return command(Target(loaded), *args, **options)

    return place_options(on)


async def _print(lines: AsyncGenerator[bytes, None]) -> None:
    async with aclosing(lines):
        async for each in lines:
            sys.stdout.buffer.write(each + b"\n")
            sys.stdout.buffer.flush()


def _plain(params: msgspec.Struct | None) -> dict[str, Any]:
    return {} if params is None else msgspec.to_builtins(params)
