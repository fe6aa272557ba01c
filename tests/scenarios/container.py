"""A Containerfile's image, built and run without a container engine: in chroots, in namespaces of their own.

    image = build(ROOT, base, folder)
    with running(image, volume, GIROK_WEB_ORIGINS="https://example.org") as girok: ...

Whatever is mounted is so in a mount namespace that ends with the process in it: nothing is left, whatever happens. The
network is this machine's. Takes root, and util-linux.
"""

import os
import posixpath
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from tests.scenarios.containerfile import Instruction, Stage, command, context_files, parse
from tests.scenarios.launch import Launched

__all__ = ["NAMESPACES", "Container", "Image", "build", "call", "run", "running"]

NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--")
PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf")
NETWORK_SETTINGS = re.compile(r"SSL_CERT_FILE|PIP_(CERT|INDEX_URL|PROXY)|(ALL|HTTPS?|NO)_PROXY", re.IGNORECASE)
"""How this machine reaches PyPI: given to the steps of a build, as engines give theirs, and to nothing that runs."""


@dataclass
class Image:
    """A root, and what its Containerfile says of processes in it."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    user: str = "0:0"
    folder: str = "/"
    volumes: list[str] = field(default_factory=list[str])
    entrypoint: list[str] = field(default_factory=list[str])
    healthcheck: list[str] = field(default_factory=list[str])
    stop_signal: str = ""


class Container(Launched):
    """A running ENTRYPOINT: the first process of its namespace, and `pid` as seen from here."""

    def __init__(
        self,
        image: Image,
        settings: Mapping[str, str],
        volume: Path,
        child: subprocess.Popen[str],
        said: str,
    ) -> None:
        super().__init__(child, said, volume, volume.with_suffix(".log"))
        self.image = image
        self.settings = settings
        (self.pid,) = _children(child.pid)

    def execute(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command beside it, as engines do with a HEALTHCHECK."""
        user, _, group = self.image.user.partition(":")
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--root", f"--setuid={user}"]
        return _run([*enter, f"--setgid={group}", "--", *_with_env(self.image, arguments, self.settings)])

    def kill(self, number: signal.Signals) -> int:
        """Send a signal; the exit code, as a shell tells it."""
        os.kill(self.pid, number)
        return self.ended()


def build(context: Path, base: Path, folder: Path) -> Image:
    """The image of the last stage of `context/Containerfile`, made of `base`, the root of what it names in FROM.

    Raises AssertionError with the output of a step that fails.
    """
    *stages, last = parse((context / "Containerfile").read_text())
    images: dict[str, Image] = {}
    for stage in stages:
        images[stage.name] = Image(folder / stage.name)
        call("cp", "--archive", str(base), str(images[stage.name].root))
        _take_all(images[stage.name], stage, context, images)
    image = Image(base.rename(folder / "image"))
    _take_all(image, last, context, images)
    return image


def run(image: Image, arguments: Sequence[str], **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the image to its end, with `-e` settings."""
    return _run([*NAMESPACES, *_in_root(image, [], arguments, settings)])


@contextmanager
def running(image: Image, volume: Path, *, read_only: bool = False, **settings: str) -> Generator[Container]:
    """The ENTRYPOINT, once it says where it is, with `volume` at the VOLUME; killed at the end if it still runs.

    A volume that is not there yet becomes a copy of what the image has in its place. `read_only`: the root is.
    """
    (inside,) = image.volumes
    root, place = shlex.quote(str(image.root)), shlex.quote(f"{image.root}{inside}")
    if not volume.exists():
        call("cp", "--archive", f"{image.root}{inside}", str(volume))
    mounts = [f"mount --bind {root} {root}", f"mount -o remount,bind,ro {root}"] if read_only else []
    line = _in_root(image, [*mounts, f"mount --bind {shlex.quote(str(volume))} {place}"], image.entrypoint, settings)
    log = volume.with_suffix(".log")
    with (
        log.open("a") as errors,
        subprocess.Popen([*NAMESPACES, *line], stdout=subprocess.PIPE, stderr=errors, text=True) as child,
    ):
        assert child.stdout is not None
        try:
            said = child.stdout.readline()
            assert said, f"girok ended with {child.wait(60)}:\n{log.read_text()}"
            yield Container(image, settings, volume, child, said)
        finally:
            if child.poll() is None:
                for pid in _children(child.pid):
                    os.kill(pid, signal.SIGKILL)


def call(*line: str) -> None:
    """Run a command of this machine. Raises AssertionError with its output when it fails."""
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(line)}\n{done.stdout}"


def _take_all(image: Image, stage: Stage, context: Path, images: Mapping[str, Image]) -> None:
    """Do the steps of a stage."""
    for step in stage.steps:
        match step.name:
            case "RUN":
                _build_step(image, command(step.text))
            case "COPY" if "from" in step.flags:
                source, target = step.text.split()
                whole = f"{images[step.flags['from']].root}{source}"
                call("cp", "--archive", "--no-target-directory", whole, f"{image.root}{target}")
            case "COPY":
                _copy(image, step.text.split(), context)
            case "WORKDIR":
                image.folder = step.text
                Path(f"{image.root}{step.text}").mkdir(parents=True, exist_ok=True)
            case _:
                _note(image, step)


def _note(image: Image, step: Instruction) -> None:
    """Keep what a step says of the processes to come."""
    match step.name:
        case "ENV":
            pairs = [each.partition("=") for each in shlex.split(step.text)]
            image.env |= {name: Template(value).substitute(image.env) for name, _, value in pairs}
        case "USER":
            image.user = step.text
        case "VOLUME":
            image.volumes.append(step.text)
        case "STOPSIGNAL":
            image.stop_signal = step.text
        case "HEALTHCHECK":
            image.healthcheck = command(step.text.removeprefix("CMD "))
        case "ENTRYPOINT":
            image.entrypoint = command(step.text)
        case _:
            assert step.name == "EXPOSE", step


def _build_step(image: Image, arguments: Sequence[str]) -> None:
    """Run a command that may use the network."""
    settings = {name: value for name, value in os.environ.items() if NETWORK_SETTINGS.fullmatch(name)}
    mounts: list[str] = []
    for each in {*NETWORK_FILES, *settings.values()}:
        if each.startswith("/") and Path(each).is_file():
            inside = Path(f"{image.root}{each}")
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.touch()
            mounts.append(f"mount --bind {shlex.quote(each)} {shlex.quote(str(inside))}")
    call(*NAMESPACES, *_in_root(image, mounts, arguments, settings))


def _copy(image: Image, arguments: Sequence[str], context: Path) -> None:
    """COPY of files and directories at the top of the context, as far as it is not ignored."""
    *sources, target = arguments
    place = Path(f"{image.root}{posixpath.join(image.folder, target)}")
    files = context_files(context, (context / ".containerignore").read_text())
    for source in sources:
        found = [path for path in files if path.parts[0] == source]
        assert found, f"the context has no {source}"
        for path in found:
            copied = place / (path.relative_to(source) if (context / source).is_dir() else path)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(context / path, copied)


def _in_root(
    image: Image, mounts: Sequence[str], arguments: Sequence[str], settings: Mapping[str, str]
) -> Sequence[str]:
    """The command as the first process of its namespaces, once the mounts are made."""
    root = shlex.quote(str(image.root))
    user = f"--userspec={image.user} --groups="
    line = shlex.join(_with_env(image, arguments, settings))
    script = ["umask 022", *mounts, f"mount -t proc proc {root}/proc", f"exec chroot {user} {root} {line}"]
    return ["/bin/sh", "-e", "-c", "\n".join(script)]


def _with_env(image: Image, arguments: Sequence[str], settings: Mapping[str, str]) -> Sequence[str]:
    home = "/root" if image.user == "0:0" else "/"
    env = {"HOME": home, **image.env, **settings}
    pairs = [f"{name}={value}" for name, value in env.items()]
    return ["/usr/bin/env", "-i", f"--chdir={image.folder}", *pairs, *arguments]


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _run(line: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
