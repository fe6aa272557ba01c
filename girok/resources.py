"""Data that ships with girok and is no Python: SQL files and the like.

In the repository it lies beside the packages (`migrations/`), in an installed wheel inside the package
(`girok/_data/migrations/`); pyproject's `force-include` puts it there.
"""

from pathlib import Path

from girok.refusal import Refusal

__all__ = ["MissingResource", "resource"]

_PACKAGE = Path(__file__).parent


class MissingResource(Refusal):
    """This copy of girok lacks data that it needs: it was not installed as a whole."""


def resource(name: str, package: Path = _PACKAGE) -> Path:
    """The folder or file `name`, installed or in the repository. Raises MissingResource."""
    installed = package / "_data"
    found = (installed if installed.is_dir() else package.parent) / name
    if not found.exists():
        raise MissingResource(f"this copy of girok is not whole: {found} is missing")
    return found
