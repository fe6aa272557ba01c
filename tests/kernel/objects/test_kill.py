"""kill -9 at any moment: what was acknowledged is there whole, the rest whole or not at all, nothing is left over."""

import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from tests.kernel.objects.support import content, content_of, files_under, open_store


def _killed_after(acknowledgements: int, root: Path, name: str) -> list[str]:
    """Let a writer run until it has said so much, kill it, and give all it said."""
    command = [sys.executable, "-m", "tests.kernel.objects.writer", str(root), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = list(islice(writer.stdout, acknowledgements))
        writer.send_signal(signal.SIGKILL)
        # And what it said until its end; a line that was cut counts as not said.
        return said + [line for line in writer.stdout if line.endswith("\n")]


def _keys(said: list[str], mark: str) -> set[str]:
    return {line.split()[1] for line in said if line.startswith(mark)}


class TestKill:
    @pytest.mark.parametrize("acknowledgements", [1, 2, 10, 41, 150, 400])
    async def test_acknowledged_objects_are_whole_and_the_others_are_whole_or_absent(
        self, tmp_path: Path, acknowledgements: int
    ) -> None:
        said = [line for name in ("one", "two") for line in _killed_after(acknowledgements, tmp_path, name)]
        assert list((tmp_path / ".staging").iterdir())

        store = open_store(tmp_path)
        found = [info.key async for info in store.list("private")]
        assert _keys(said, "+") - _keys(said, "?") <= set(found)
        assert not _keys(said, "-") & set(found)
        for key in found:
            assert await content(store, "private", key) == content_of(key)
        assert len(files_under(tmp_path)) == len(found)
