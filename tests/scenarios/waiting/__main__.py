"""`python -m tests.scenarios.waiting ARGS` is `girok ARGS`."""

from pathlib import Path

import plugins
from girok.cli import main

plugins.__path__.append(str(Path(__file__).parent))
main()
