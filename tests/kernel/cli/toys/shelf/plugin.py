"""Shelf's manifest."""

from girok.manifest import Manifest

MANIFEST = Manifest(name="shelf", summary="books", provides=("ShelfService",))
