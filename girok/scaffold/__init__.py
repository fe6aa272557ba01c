"""`girok new-plugin NAME`: writes a domain with its migration and passing tests, to be changed into what it is to be.

The files are templates in `templates/`: `plugin/` becomes `plugins/NAME/`, `migrations/` becomes `migrations/NAME/`,
`tests/` becomes `tests/plugins/NAME/`. In them `{{name}}` is the plugin's name, `{{NAME}}` the same in capitals,
`{{Name}}` in CamelCase and `{{field}}` in camelCase; `{{http_port}}` and `{{grpc_port}}` are the first free ones.
"""

import keyword
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from girok.manifest import discover
from girok.refusal import Refusal
from girok.rpc.generate import generate

__all__ = ["LONGEST_NAME", "ScaffoldRefused", "write_plugin"]

LONGEST_NAME = 24
"""Longer ones would make lines of the templates too long."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)*")
_RESERVED = {"girok": "it is the kernel's own"} | dict.fromkeys(
    ("build", "dist", "node_modules", "venv"), "pytest and ruff pass over folders of that name"
)
_FIRST_HTTP_PORT, _FIRST_GRPC_PORT = 3100, 30_100
"""Apart from the platform's own, and below those that Linux gives to clients."""
_TEMPLATES = Path(__file__).parent / "templates"
_LISTED = re.compile(r'(?:^    "?\w+"?,\n)+', re.MULTILINE)
"""The names of an import or of `__all__`, one to a line."""


class ScaffoldRefused(Refusal):
    """No plugin can be written under this name or at this place."""


def write_plugin(name: str, root: Path) -> list[Path]:
    """Write plugin `name` into the checkout `root`; its files. Raises ScaffoldRefused.

    `plugins/NAME/__init__.py` comes last: before it is there, there is no such plugin. So what a killed run leaves does
    no harm, and the next one completes it.
    """
    _check_name(name)
    _check_checkout(root)
    marker = root / "plugins" / name / "__init__.py"
    if marker.exists():
        raise ScaffoldRefused(f"the plugin {name!r} exists already: {marker.parent}")
    folders = {
        "plugin": marker.parent,
        "migrations": root / "migrations" / name,
        "tests": root / "tests" / "plugins" / name,
    }
    files = {folder / file: text for kind, folder in folders.items() for file, text in _rendered(kind, name)}
    files[marker.with_name(f"{name}_pb2.py")] = _messages(name, files[marker.with_name(f"{name}.proto")])
    try:
        for folder in folders.values():
            _check_way(folder, files)
        for path in sorted(files, key=lambda each: each == marker):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
    except OSError as error:
        raise ScaffoldRefused(f"{error.filename} cannot be written: {error.strerror}") from error
    return list(files)


def _check_name(name: str) -> None:
    if len(name) not in range(2, LONGEST_NAME + 1) or not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ScaffoldRefused(
            f"{name!r} is no plugin name: 2 to {LONGEST_NAME} of a-z, 0-9 and _, each word beginning with a letter, "
            "and no keyword of Python"
        )
    if why := _RESERVED.get(name):
        raise ScaffoldRefused(f"{name!r} is no plugin name: {why}")


def _check_checkout(root: Path) -> None:
    needed = ("plugins/__init__.py", "migrations/girok", "tests/plugins/__init__.py")
    if absent := [each for each in needed if not (root / each).exists()]:
        raise ScaffoldRefused(f"{root} is not a checkout of girok, it has no {absent[0]}: run this in the top folder")


def _check_way(folder: Path, files: Mapping[Path, bytes]) -> None:
    """Raise ScaffoldRefused for anything in the folder but what a killed run leaves: our files, one cut short."""
    for path in sorted(folder.rglob("*")):
        ours = path in files and files[path].startswith(path.read_bytes())
        if path.is_file() and "__pycache__" not in path.parts and not ours:
            raise ScaffoldRefused(f"{path} is in the way: it is not what new-plugin writes; move it away")


def _rendered(kind: str, name: str) -> Iterator[tuple[str, bytes]]:
    """Every template of a kind: the file's name and its content."""
    camel = "".join(word.capitalize() for word in name.split("_"))
    values = {
        "{{name}}": name,
        "{{NAME}}": name.upper(),
        "{{Name}}": camel,
        "{{field}}": camel[0].lower() + camel[1:],
        "{{http_port}}": str(_free_port(_FIRST_HTTP_PORT, [each.http_port for each in discover().values()])),
        "{{grpc_port}}": str(_free_port(_FIRST_GRPC_PORT, [each.grpc_port for each in discover().values()])),
    }
    for template in sorted((_TEMPLATES / kind).iterdir()):
        file, text = template.name.removesuffix(".txt"), template.read_text(encoding="utf-8")
        for placeholder, value in values.items():
            file, text = file.replace(placeholder, value), text.replace(placeholder, value)
        yield file, _LISTED.sub(_in_order, text).encode()


def _messages(name: str, proto: bytes) -> bytes:
    """What protoc makes of the plugin's .proto. Raises ScaffoldRefused without grpcio-tools."""
    path = Path("plugins", name, f"{name}.proto")
    with TemporaryDirectory(prefix="girok-") as folder:
        source = Path(folder, path)
        source.parent.mkdir(parents=True)
        source.write_bytes(proto)
        try:
            generate(Path(folder), Path(folder))
        except ImportError as error:
            raise ScaffoldRefused(
                "grpcio-tools is not installed, which makes the plugin's messages: run this with `uv run`"
            ) from error
        return source.with_name(f"{name}_pb2.py").read_bytes()


def _free_port(first: int, taken: Sequence[int]) -> int:
    return next(port for port in count(first) if port not in taken)


def _in_order(listed: re.Match[str]) -> str:
    """The names as ruff wants them, wherever the plugin's own falls: those of `__all__` with regard to case."""
    lines = listed[0].splitlines(keepends=True)
    return "".join(sorted(lines, key=None if '"' in listed[0] else str.lower))
