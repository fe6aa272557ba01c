"""Shelf's commands, where it runs."""

from collections.abc import Mapping

from plugins.shelf.ports import NewBook, Pages
from plugins.shelf.service import Shelf

from girok.command import Command, takes
from girok.kit import Kit


def commands(kit: Kit) -> Mapping[str, Command]:
    shelf = kit.ports[Shelf]
    return {"add": takes(NewBook, shelf.add), "pages": takes(Pages, shelf.pages)}
