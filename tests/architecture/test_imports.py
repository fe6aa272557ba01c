"""Who may import whom: the kernel no plugin, a plugin another only through what it publishes and its manifest names."""

import importlib
import inspect
from pathlib import Path

import pytest

from girok.manifest import Manifest, discover, has_part
from tests.architecture.sources import ROOT, Import, imports, sources

PUBLISHED = {"ports", "events"}
MANIFESTS = discover()


def _foreign(plugin: str) -> list[Import]:
    """A plugin's imports of other plugins."""
    return [
        each
        for path in sources(f"plugins/{plugin}")
        for each in imports(path)
        if each.module.startswith("plugins.") and each.module.split(".")[1] != plugin
    ]


class TestKernel:
    def test_imports_no_plugin(self) -> None:
        found = [
            str(each)
            for path in sources("girok")
            for each in imports(path)
            if each.module == "plugins" or each.module.startswith("plugins.")
        ]
        assert [each.partition(":")[0] for each in found] == ["girok/manifest.py"], "discovery alone looks at plugins"

    def test_graphql_knows_nothing_but_ports_errors_and_the_call(self) -> None:
        allowed = {"girok.graphql", "girok.port", "girok.errors", "girok.context"}
        found = [
            str(each)
            for path in sources("girok/graphql")
            for each in imports(path)
            if each.module.startswith("girok.") and ".".join(each.module.split(".")[:2]) not in allowed
        ]
        assert found == []


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=lambda each: each.name)
class TestPlugin:
    def test_imports_only_what_others_publish(self, manifest: Manifest) -> None:
        inside = [str(each) for each in _foreign(manifest.name) if each.module.split(".")[2] not in PUBLISHED]
        assert inside == []

    def test_imports_only_roles_that_its_manifest_requires(self, manifest: Manifest) -> None:
        undeclared = [
            str(each)
            for each in _foreign(manifest.name)
            if each.module.split(".")[2] == "ports" and each.module.split(".")[1] not in manifest.requires
        ]
        assert undeclared == []

    def test_requires_only_roles_that_it_imports(self, manifest: Manifest) -> None:
        used = {each.module.split(".")[1] for each in _foreign(manifest.name)}
        assert set(manifest.requires) <= used

    def test_asks_for_no_role_and_no_mode(self, manifest: Manifest) -> None:
        modules = ("girok.roles", "girok.wiring", "girok.run", "girok.app", "girok.cli")
        forbidden = (*modules, "girok.sections.Core", "girok.sections.in_production")
        exceptions = {"cli.py": "girok.cli", "plugin.py": "girok.sections.in_production"}
        found = [
            str(each)
            for path in sources(f"plugins/{manifest.name}")
            for each in imports(path)
            if each.module.startswith(forbidden)
            if not each.module.startswith(exceptions.get(path.name, "nothing"))
        ]
        assert found == []


@pytest.mark.parametrize("manifest", [each for each in MANIFESTS.values() if not each.edge], ids=lambda each: each.name)
class TestPartOfADomain:
    def test_parts_that_edges_collect_import_only_contracts(self, manifest: Manifest) -> None:
        own = {"ports", "events", "errors"}
        inside = [
            str(each)
            for file in ("graphql.py", "realtime.py")
            for path in [ROOT / "plugins" / manifest.name / file]
            if path.exists()
            for each in imports(path)
            if each.module.startswith("plugins.") and each.module.split(".")[2] not in own
        ]
        assert inside == []

    def test_who_stores_something_of_a_person_exports_it_and_erases_it(self, manifest: Manifest) -> None:
        """`girok user export` and `girok user erase` mean every domain. Auth itself erases before it tells."""
        erases = manifest.name == "auth" or "auth.user.erased" in manifest.consumes
        assert has_part(manifest.name, "export") == erases


class TestContracts:
    @pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=lambda each: each.name)
    def test_every_port_has_a_suite(self, manifest: Manifest) -> None:
        suites = (ROOT / "tests" / "plugins" / manifest.name).glob("test_port*.py")
        text = "".join(path.read_text() for path in suites)
        assert [port for port in manifest.provides if port not in text] == []

    @pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=lambda each: each.name)
    def test_every_method_takes_one_struct_and_has_a_policy(self, manifest: Manifest) -> None:
        for name in manifest.provides:
            protocol = getattr(importlib.import_module(f"plugins.{manifest.name}.ports"), name)
            for method, function in vars(protocol).items():
                if not method.startswith("_"):
                    assert list(inspect.signature(function).parameters) == ["self", "request"], method
                    assert hasattr(function, "__girok_policy__"), method


def test_every_tests_folder_is_a_package() -> None:
    """piccolo ships a top-level `tests`; a folder without `__init__.py` would be looked up there."""
    folders = {path.parent for path in Path(ROOT / "tests").rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
