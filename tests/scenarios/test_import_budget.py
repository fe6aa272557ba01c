"""What one box loads: after a whole story, and not one package more than it needs."""

import sys
from pathlib import Path

from girok.testing.process import running
from tests.scenarios import story

TELLING = """
import atexit, pathlib, sys
known = {*sys.stdlib_module_names, "girok", "plugins", "cython_runtime"}
loaded = lambda: {name.partition(".")[0] for name in sys.modules if name[0] != "_"} - known
atexit.register(lambda: pathlib.Path("loaded").write_text(" ".join(loaded())))
from girok.cli import main
main()
"""
BUDGET = (
    "annotated_types anyio argon2 asyncpg bcrypt click colorama cryptography granian graphql inflection joserfc "
    "litestar msgspec multidict multipart opentelemetry piccolo sniffio typing_extensions uvloop yaml"
)
"""yaml (40 ms) and the names of opentelemetry (1 ms) come with Litestar, whatever is switched off; asyncpg (50 ms),
colorama and inflection with Piccolo; bcrypt (3 ms) with cryptography, where it is installed."""


class TestOneBox:
    async def test_has_loaded_its_budget_and_no_more(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data", girok=[sys.executable, "-c", TELLING]) as box:
            await story.tell(box.base_url)
            await box.stop()
        assert set((tmp_path / "loaded").read_text().split()) - set(BUDGET.split()) == set()
