"""Runs one benchmark: `uv run python -m tests.bench NAME`, where NAME is a module here that has a `main`."""

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    """The benchmarks there are."""
    folder = Path(__file__).parent
    return sorted(each.stem for each in folder.glob("[!_]*.py") if "\ndef main(" in each.read_text(encoding="utf-8"))


def run(arguments: list[str]) -> int:
    """Run the one that is named; 2 when that is not one of them."""
    if len(arguments) != 1 or arguments[0] not in names():
        print(f"usage: python -m tests.bench NAME, one of: {', '.join(names())}", file=sys.stderr)
        return 2
    importlib.import_module(f"tests.bench.{arguments[0]}").main()
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
