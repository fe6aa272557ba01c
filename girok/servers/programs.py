"""Where the wheels of the extra `cluster` keep their programs. None of these packages is imported."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from girok.refusal import Refusal

__all__ = ["ServerMissing", "script", "within"]


class ServerMissing(Refusal):
    """The extra `cluster` is not installed, or has no such server for this platform."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not installed: install girok with its extra `cluster` (pip install 'girok[cluster]')"
        )


def script(name: str) -> str:
    """A program that lies beside this Python, else one on the path. Raises ServerMissing."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        raise ServerMissing(name)
    return found


def within(package: str, pattern: str) -> str:
    """A program inside of an installed package. Raises ServerMissing."""
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for found in Path(folder).glob(pattern):
            return str(found)
    raise ServerMissing(Path(pattern).name)
