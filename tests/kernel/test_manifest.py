"""How plugins are found."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import plugins
from girok.manifest import ManifestError, discover, part
from girok.refusal import Refusal

Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """The package `plugins`, empty for the test; the function writes a file into it."""
    known = {name for name in sys.modules if name.startswith("plugins.")}
    hidden = {name: sys.modules.pop(name) for name in known}
    monkeypatch.setattr(plugins, "__path__", [str(tmp_path)])

    def file(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)

    yield file
    for name in [each for each in sys.modules if each.startswith("plugins.")]:
        del sys.modules[name]
    sys.modules.update(hidden)


def manifest(name: str) -> str:
    return f"from girok.manifest import Manifest\nMANIFEST = Manifest(name={name!r}, summary='')\n"


class TestDiscovery:
    def test_every_folder_is_a_plugin_by_its_name(self, write: Write) -> None:
        write("shop/plugin.py", manifest("shop"))
        write("post/plugin.py", manifest("post"))
        assert list(discover()) == ["post", "shop"]

    def test_a_file_beside_them_is_none(self, write: Write) -> None:
        write("shop/plugin.py", manifest("shop"))
        write("notes.py", "")
        assert list(discover()) == ["shop"]

    def test_a_folder_without_a_plugin_file(self, write: Write) -> None:
        write("shop/service.py", "")
        with pytest.raises(ManifestError, match=r"plugins/shop/plugin\.py has no MANIFEST"):
            discover()

    @pytest.mark.parametrize("text", ["", "MANIFEST = None\n", "MANIFEST = {'name': 'shop'}\n"])
    def test_a_plugin_file_without_a_manifest(self, write: Write, text: str) -> None:
        write("shop/plugin.py", text)
        with pytest.raises(ManifestError, match=r"plugins/shop/plugin\.py has no MANIFEST"):
            discover()

    def test_a_manifest_with_another_name_than_its_folder(self, write: Write) -> None:
        write("shop/plugin.py", manifest("store"))
        with pytest.raises(ManifestError, match=r"plugins/shop/plugin\.py: MANIFEST\.name is 'store'"):
            discover()

    def test_each_is_a_refusal(self) -> None:
        assert issubclass(ManifestError, Refusal)


class TestPart:
    def test_a_file_that_is_there_and_one_that_is_not(self, write: Write) -> None:
        write("shop/service.py", "ANSWER = 42\n")
        found = part("shop", "service")
        assert found is not None
        assert found.ANSWER == 42
        assert part("shop", "graphql") is None

    def test_an_import_that_fails_inside_of_it_is_not_hidden(self, write: Write) -> None:
        write("shop/service.py", "import no_such_module\n")
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            part("shop", "service")


class TestGirokItself:
    def test_every_role_has_a_sentence(self) -> None:
        assert [each.name for each in discover().values() if not each.summary] == []
