"""The story told by an installed wheel: outside of the repository, with what the wheel says it needs and no more."""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from girok.testing.process import running
from tests.architecture.sources import ROOT
from tests.scenarios import story


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    target = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def girok(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `girok` in an environment that holds the wheel and the closure of its requirements."""
    home = tmp_path_factory.mktemp("env")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "-q", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, cwd=home, check=True, capture_output=True, timeout=60)
    (packages,) = home.glob("lib/python*/site-packages")
    (installed,) = packages.glob("girok-*.dist-info")
    for each in closure(Distribution.at(installed), set(), set()):
        link(each, packages)
    return home / "bin" / "girok"


def closure(needing: Distribution, extras: set[str], seen: set[str]) -> Iterator[Distribution]:
    """What a distribution requires when asked for with `extras`, and what that requires."""
    for requirement in map(Requirement, needing.requires or ()):
        if requirement.marker and not any(requirement.marker.evaluate({"extra": each}) for each in extras | {""}):
            continue
        if str(requirement) not in seen:
            seen.add(str(requirement))
            found = distribution(requirement.name)
            yield found
            yield from closure(found, requirement.extras, seen)


def link(found: Distribution, packages: Path) -> None:
    """Put what a distribution installed beside the wheel's own packages."""
    for top in {path.parts[0] for path in found.files or ()} - {"..", "__pycache__"}:
        if not (packages / top).exists():
            (packages / top).symlink_to(found.locate_file(top))


class TestWheel:
    async def test_tells_the_story_outside_of_the_repository(self, girok: Path, tmp_path: Path) -> None:
        env = {"PATH": os.defpath, "PYTHONPATH": "", "PYTHONWARNINGS": "error"}
        async with running(tmp_path / "data", girok=[str(girok)], env=env) as box:
            await story.tell(box.base_url)
            assert await box.stop() == 0

    def test_runs_its_own_code_and_not_the_checkout(self, girok: Path, tmp_path: Path) -> None:
        script = "import girok, plugins; print(girok.__file__, *plugins.__path__)"
        python = girok.with_name("python")
        out = subprocess.run([python, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        assert [str(girok.parents[1]) in each for each in out.split()] == [True, True]

    def test_holds_no_tests_and_every_migration(self, girok: Path) -> None:
        (packages,) = girok.parents[1].glob("lib/python*/site-packages")
        shipped = {each.relative_to(packages / "girok/_data") for each in packages.glob("girok/_data/**/*.sql")}
        assert shipped == {each.relative_to(ROOT) for each in ROOT.glob("migrations/**/*.sql")}
