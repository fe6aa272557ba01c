"""girok as a process of its own, for one command."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.architecture.sources import ROOT

__all__ = ["Result", "environment", "girok"]


class Result(NamedTuple):
    """How it ended."""

    code: int
    out: str
    err: str


def girok(
    *args: str,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    module: str = "girok",
    sent: str | bytes = "",
) -> Result:
    """Run `python -m girok ARGS` in `cwd`, with no other settings than `env`; `sent` is its standard input."""
    done = subprocess.run(
        [sys.executable, "-m", module, *args],
        cwd=cwd or ROOT,
        env=environment(**(env or {})),
        input=sent if isinstance(sent, bytes) else sent.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def environment(**settings: str) -> dict[str, str]:
    """The environment of a girok of this checkout, with no other settings than these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIROK_")}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}
