"""girok with one plugin more, which is there to bring commands: `python -m tests.kernel.cli.with_shelf ARGS`."""

from pathlib import Path

import plugins
from girok.cli import main

TOYS = Path(__file__).parent / "toys"

if __name__ == "__main__":
    plugins.__path__.append(str(TOYS))
    main()
