"""What is stored of a person: each domain tells its part, in plugins/<domain>/export.py, and `girok user export` prints
all of them.

    async def export(kit: Kit, user_id: str) -> AsyncGenerator[Exported, None]:      # plugins/shelf/export.py
        shelf = repository(kit)
        after = ""
        while page := await shelf.books_of(user_id, after, limit=500):
            for book in page:
                yield Exported("book", book)
            after = page[-1].id

There is nothing to register: the file is found by its name, as graphql.py and http.py are. It runs where the role runs,
as the command `shelf.export`, under the rules of girok.command: page by page, no unit of work is open while it yields.
It tells all that is stored of the user and was theirs, but for secrets; of somebody unknown it tells nothing. Whatever
it tells goes when `auth.user.erased` comes, so a domain that has one of the two has the other (tests/architecture).
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from girok.command import Command, takes
from girok.manifest import has_part, part

if TYPE_CHECKING:
    from girok.kit import Kit

__all__ = ["Exported", "OfUser", "export_commands", "with_export"]

_FILE = "export"


class Exported(NamedTuple):
    """One thing that is stored. `kind` is what the domain calls it; `data` is what msgspec can write as JSON.

    Bytes become base64; a large file is told in pieces of some MB.
    """

    kind: str
    data: Any


class OfUser(msgspec.Struct, frozen=True):
    """Whose: the id of an account, there or not."""

    user_id: str


class Line(msgspec.Struct, frozen=True):
    """What is printed of an Exported: `{"domain": "shelf", "kind": "book", "data": {...}}`."""

    domain: str
    kind: str
    data: Any


def with_export(roles: Sequence[str]) -> list[str]:
    """Those of the roles that have a part, in order. Imports none of them."""
    return [name for name in roles if has_part(name, _FILE)]


def export_commands(kit: "Kit", roles: Sequence[str]) -> Mapping[str, Command]:
    """`shelf.export {user_id}` for each of the roles that has a part: a stream of Lines."""
    return {f"{name}.{_FILE}": _command(kit, name) for name in with_export(roles)}


def _command(kit: "Kit", name: str) -> Command:
    async def lines(of: OfUser) -> AsyncGenerator[Line, None]:
        module: Any = part(name, _FILE)
        async with aclosing(module.export(kit, of.user_id)) as found:
            async for each in found:
                yield Line(name, each.kind, each.data)

    return takes(OfUser, lines)
