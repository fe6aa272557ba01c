"""`girok new-plugin NAME`: writes a domain with its migration and passing tests, to be changed into what it is to be.

The files are templates in `templates/`: `plugin/` becomes `plugins/NAME/`, `migrations/` becomes `migrations/NAME/`,
`tests/` becomes `tests/plugins/NAME/`. In them `{{name}}` is the plugin's name, `{{Name}}` the same in CamelCase and
`{{field}}` in camelCase.
"""

import keyword
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from girok.refusal import Refusal

__all__ = ["ScaffoldRefused", "write_plugin"]

_NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
_TEMPLATES = Path(__file__).parent / "templates"


class ScaffoldRefused(Refusal):
    """No plugin can be written under this name or at this place."""


def write_plugin(name: str, root: Path) -> list[Path]:
    """Write plugin `name` below the repository `root`; the files. Raises ScaffoldRefused, and writes nothing."""
    targets = {
        "plugin": root / "plugins" / name,
        "migrations": root / "migrations" / name,
        "tests": root / "tests" / "plugins" / name,
    }
    _check(name, root, targets)
    names = {"{{name}}": name, "{{Name}}": _camel(name), "{{field}}": _camel(name)[0].lower() + _camel(name)[1:]}
    written: list[Path] = []
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-plugin-") as made:
        for kind, target in targets.items():
            staged = Path(made) / kind
            written += [target / path for path in _render(_TEMPLATES / kind, staged, names)]
        for kind, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(Path(made) / kind, target)
    return written


def _check(name: str, root: Path, targets: Mapping[str, Path]) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ScaffoldRefused(f"{name!r} is no plugin name: 2 to 30 of a-z, 0-9 and _, beginning with a letter")
    if not (root / "plugins" / "__init__.py").is_file() or not (root / "migrations").is_dir():
        raise ScaffoldRefused(f"{root} is not a checkout of girok: it has no plugins/ and migrations/")
    for target in targets.values():
        if target.exists():
            raise ScaffoldRefused(f"{target} exists already")


def _render(templates: Path, staged: Path, names: Mapping[str, str]) -> Iterator[Path]:
    """Write every template of a folder; the paths relative to it."""
    staged.mkdir()
    for template in sorted(templates.iterdir()):
        text = template.read_text()
        for placeholder, value in names.items():
            text = text.replace(placeholder, value)
        path = Path(template.name.removesuffix(".txt"))
        (staged / path).write_text(text)
        yield path


def _camel(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))
