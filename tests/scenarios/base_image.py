"""A root that stands for the image `python:3.13-slim-bookworm`, made on this machine.

The image is Debian bookworm with the libraries named here, and a CPython 3.13 that was built from source into
/usr/local, without compiled modules. So is this: debootstrap unpacks the same packages, and the CPython 3.13 of this
machine (pyenv's, for example) was built from source, too, for the same libraries, or it does not start in there. Both
are without documents and package caches.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.scenarios.container import NAMESPACES, Image, call, run

__all__ = ["NoBaseImage", "base_image"]

LIBRARIES = (
    "ca-certificates,netbase,tzdata,"
    "libbz2-1.0,libffi8,liblzma5,libncursesw6,libreadline8,libsqlite3-0,libssl3,libuuid1,zlib1g"
)
SLIMMED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists")
NEEDED = "import bz2, ctypes, lzma, readline, sqlite3, ssl, uuid, zlib"


class NoBaseImage(Exception):
    """What it takes is not on this machine: a reason to skip a test."""


def base_image(root: Path) -> None:
    """Make it at `root`. Raises NoBaseImage."""
    if os.geteuid() != 0 or subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode != 0:
        raise NoBaseImage("a root for an image can be made only as root, with the right to mount")
    if shutil.which("debootstrap") is None:
        raise NoBaseImage("debootstrap is not installed")
    python = _python()
    call(*NAMESPACES, "debootstrap", "--variant=minbase", f"--include={LIBRARIES}", "bookworm", str(root))
    for each in SLIMMED:
        shutil.rmtree(root / each)
    _copy_python(python, root / "usr/local")
    image = Image(root)
    run(image, ["ldconfig"]).check_returncode()
    if (started := run(image, ["python3", "-B", "-c", NEEDED])).returncode != 0:
        raise NoBaseImage(f"the Python 3.13 of this machine does not start on bookworm: {started.stderr}")
    run(image, ["python3", "-B", "-m", "ensurepip", "--default-pip"]).check_returncode()


def _python() -> Path:
    """Where a Python 3.13 is installed here. Raises NoBaseImage."""
    for each in _candidates():
        found = subprocess.run(
            [each, "-c", "import sys; print(sys.version_info[:2] == (3, 13), sys.base_prefix)"],
            capture_output=True,
            text=True,
            check=False,
        )
        right, _, prefix = found.stdout.strip().partition(" ")
        if right == "True":
            return Path(prefix)
    raise NoBaseImage("there is no Python 3.13 to stand for that of the base image")


def _candidates() -> Iterator[str]:
    yield sys.executable
    if found := shutil.which("python3.13"):
        yield found
    yield from map(str, Path.home().glob(".pyenv/versions/3.13.*/bin/python3.13"))


def _copy_python(source: Path, target: Path) -> None:
    shutil.copy2(source / "bin/python3.13", target / "bin/python3.13")
    for name in ("python", "python3"):
        (target / "bin" / name).symlink_to("python3.13")
    for each in source.glob("lib/libpython3.13.so*"):
        shutil.copy2(each, target / "lib" / each.name)
    without = shutil.ignore_patterns("__pycache__", "site-packages", "test")
    shutil.copytree(source / "lib/python3.13", target / "lib/python3.13", symlinks=True, ignore=without)
    (target / "lib/python3.13/site-packages").mkdir()
