"""The story in every shape that girok runs in."""

from pathlib import Path

from girok.testing.process import running
from tests.scenarios import story


class TestOneBox:
    async def test_the_story(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data") as box:
            await story.tell(box.base_url)
            assert await box.stop() == 0
