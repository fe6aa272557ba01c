"""`girok new-plugin`: what it writes is clean, typed and passes its tests, and what it refuses to write."""

import os
import pkgutil
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from girok.scaffold import LONGEST_NAME, ScaffoldRefused, write_plugin
from tests.architecture.sources import ROOT
from tests.budget import share
from tests.kernel.cli.process import girok

NAMES = ["bookmarks", "job_board", "zines"]
"""They come before, between and after the other names in the files."""
ODD = ["item", "user", "post", "query", "string", "json", "types", "match", "testimonials", "kit", "x" * LONGEST_NAME]
"""Names of the templates' own, of GraphQL's and Python's, that pytest takes for tests, and the longest."""
WORDS = ["aa", "i", "item", "it", "em", "items", "get", "create", "c2", "list", "test", "zz"]
"""Pairs of them sort differently with and without regard to case."""

NO_NAMES = [
    *("", "x", "x" * (LONGEST_NAME + 1), "Shop", "9lives", "_shop", "shop_", "job__board", "web_2"),
    *("job-board", "가게", "../shop", "a/b", "shop\n", "class", "import"),
]

NOT_COPIED = [".*", "__pycache__", "node_modules", "data", "dist", "build"]


def python(checkout: Path, *args: str) -> str:
    """What a Python command prints in the checkout. Fails with it when the command does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIROK_", "PYTEST_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, *args], cwd=checkout, env=kept, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def expect_clean(checkout: Path, *paths: str) -> None:
    """Ruff, with the repository's own configuration, has nothing to say."""
    python(checkout, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", *paths)
    python(checkout, "-m", "ruff", "format", "--check", "--no-cache", *paths)


def bare(folder: Path) -> Path:
    """A checkout without plugins; what their files import is there for ruff to see that it is our own."""
    (folder / "migrations" / "girok").mkdir(parents=True)
    for package in ("plugins", "tests/plugins"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").touch()
    for each in ("pyproject.toml", "girok", "tests/scenarios"):
        (folder / each).symlink_to(ROOT / each)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below the folder; links are not followed."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of this checkout in which somebody added NAMES. Tests only read it."""
    copy = tmp_path_factory.mktemp("copied") / "checkout"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    for name in NAMES:
        assert girok("new-plugin", name, cwd=copy).code == 0
    yield copy
    shutil.rmtree(copy)


class TestWritten:
    def test_is_clean(self, checkout: Path) -> None:
        expect_clean(checkout, *(f"{folder}/{name}" for folder in ("plugins", "tests/plugins") for name in NAMES))

    def test_is_clean_whatever_the_name(self, tmp_path: Path) -> None:
        root = bare(tmp_path)
        for name in [*ODD, *("_".join(pair) for pair in product(WORDS, repeat=2))]:
            write_plugin(name, root)
        expect_clean(root, "plugins", "tests/plugins")

    @pytest.mark.timeout(600)
    def test_passes_its_tests_and_the_rules_of_the_house(self, checkout: Path) -> None:
        paths = ["tests/plugins/bookmarks", "tests/architecture"]
        assert " passed" in python(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    def test_is_typed(self, checkout: Path) -> None:
        command = ["-m", "pyright", "--pythonpath", sys.executable]
        assert "0 errors" in python(checkout, *command, *(f"plugins/{name}" for name in NAMES))

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    def test_leaves_the_contract_as_it_is(self, checkout: Path) -> None:
        paths = ["tests/contract/test_schema.py", "tests/contract/test_proto.py"]
        assert " passed" in python(checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)

    @pytest.mark.slow
    @pytest.mark.timeout(600)
    def test_passes_its_tests_whatever_the_name(self, checkout: Path, tmp_path: Path) -> None:
        copy = shutil.copytree(checkout, tmp_path / "copy")
        odd = random.sample(ODD, share(len(ODD)))
        for name in odd:
            assert girok("new-plugin", name, cwd=copy).code == 0
        paths = [f"tests/plugins/{name}" for name in [*NAMES, *odd]]
        assert " passed" in python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths, "tests/architecture")


class TestRefused:
    @pytest.mark.parametrize("name", NO_NAMES)
    def test_what_is_no_name(self, tmp_path: Path, name: str) -> None:
        root = bare(tmp_path)
        before = contents(root)
        with pytest.raises(ScaffoldRefused, match="is no plugin name: 2 to 24 of a-z"):
            write_plugin(name, root)
        assert contents(root) == before

    def test_the_name_of_the_kernel(self, tmp_path: Path) -> None:
        with pytest.raises(ScaffoldRefused, match="'girok' is no plugin name: it is the kernel's own"):
            write_plugin("girok", bare(tmp_path))

    @pytest.mark.parametrize("name", ["build", "dist", "node_modules", "venv"])
    def test_a_name_whose_tests_would_never_run(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ScaffoldRefused, match="pytest and ruff pass over"):
            write_plugin(name, bare(tmp_path))

    @pytest.mark.parametrize("name", ["auth", "feed"])
    def test_a_plugin_that_exists(self, name: str) -> None:
        with pytest.raises(ScaffoldRefused, match=f"the plugin '{name}' exists already"):
            write_plugin(name, ROOT)

    @pytest.mark.parametrize("absent", ["plugins", "migrations", "tests"])
    def test_a_folder_that_is_no_checkout(self, tmp_path: Path, absent: str) -> None:
        root = bare(tmp_path)
        shutil.rmtree(root / absent)
        before = contents(root)
        with pytest.raises(ScaffoldRefused, match=f"is not a checkout of girok, it has no {absent}/"):
            write_plugin("shop", root)
        assert contents(root) == before

    @pytest.mark.parametrize("file", ["plugins/shop/http.py", "migrations/shop/0001_shop.sql", "tests/plugins/shop/x"])
    def test_a_folder_in_which_somebody_keeps_something(self, tmp_path: Path, file: str) -> None:
        root = bare(tmp_path)
        (root / file).parent.mkdir()
        (root / file).touch()
        before = contents(root)
        with pytest.raises(ScaffoldRefused, match=f"{file} is in the way"):
            write_plugin("shop", root)
        assert contents(root) == before

    def test_a_place_that_cannot_be_written(self, tmp_path: Path) -> None:
        root = bare(tmp_path)
        (root / "plugins" / "shop").touch()
        with pytest.raises(ScaffoldRefused, match="plugins/shop cannot be written: "):
            write_plugin("shop", root)


class TestInterrupted:
    def test_killed_between_two_files_it_is_no_plugin_and_the_next_run_completes_it(self, tmp_path: Path) -> None:
        whole = bare(tmp_path)
        files = len(write_plugin("shop", whole))
        expected = contents(whole)
        for instant in range(files):
            (root := tmp_path / str(instant)).mkdir()
            bare(root)
            killed = [sys.executable, "-m", "tests.kernel.dying_scaffold", str(root), "shop", str(instant)]
            assert subprocess.run(killed, cwd=ROOT, timeout=60, check=False).returncode == -signal.SIGKILL
            assert list(pkgutil.iter_modules([str(root / "plugins")])) == []
            write_plugin("shop", root)
            assert contents(root) == expected

    def test_a_file_that_was_cut_short_is_completed(self, tmp_path: Path) -> None:
        root = bare(tmp_path)
        write_plugin("shop", root)
        expected = contents(root)
        (root / "plugins/shop/__init__.py").unlink()
        (root / "plugins/shop/errors.py").write_bytes(expected["plugins/shop/errors.py"][:300])
        write_plugin("shop", root)
        assert contents(root) == expected

    def test_a_file_that_somebody_changed_stays(self, tmp_path: Path) -> None:
        root = bare(tmp_path)
        write_plugin("shop", root)
        (root / "plugins/shop/__init__.py").unlink()
        with (root / "plugins/shop/errors.py").open("a") as errors:
            errors.write("# mine\n")
        before = contents(root)
        with pytest.raises(ScaffoldRefused, match=r"plugins/shop/errors\.py is in the way"):
            write_plugin("shop", root)
        assert contents(root) == before

    def test_what_python_compiled_is_not_in_the_way(self, tmp_path: Path) -> None:
        root = bare(tmp_path)
        compiled = root / "tests/plugins/shop/__pycache__/test_port.pyc"
        compiled.parent.mkdir(parents=True)
        compiled.touch()
        assert write_plugin("shop", root)
