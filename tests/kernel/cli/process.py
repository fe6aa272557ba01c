"""girok as a process of its own, for one command."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.architecture.sources import ROOT

__all__ = ["Result", "girok"]


class Result(NamedTuple):
    """How it ended."""

    code: int
    out: str
    err: str


def girok(*args: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Result:
    """Run `python -m girok ARGS` in `cwd`, with no other settings than `env`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIROK_")}
    done = subprocess.run(
        [sys.executable, "-m", "girok", *args],
        cwd=cwd or ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
