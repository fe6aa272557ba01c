"""The schema: migrations are whole on both engines, and the table classes say what they make."""

import pytest

from girok.db import identity, migrations
from girok.db.drift import differences, tables_of
from girok.db.migration_files import read_domain
from girok.db.migrations import migrate
from girok.events import tables
from girok.manifest import discover, part
from girok.resources import resource
from tests.kernel.db.engines import ENGINES, Opening

DOMAINS = ("girok", *discover())
MODULES = [tables, migrations, identity, *(module for name in discover() if (module := part(name, "tables")))]


@pytest.fixture(params=ENGINES)
def opening(request: pytest.FixtureRequest) -> Opening:
    """Each engine in turn."""
    return ENGINES[request.param](request)


class TestMigrations:
    @pytest.mark.parametrize("domain", DOMAINS)
    def test_both_engines_have_the_same_ones(self, domain: str) -> None:
        on_sqlite, on_postgres = (read_domain(resource("migrations"), domain, each) for each in ("sqlite", "postgres"))
        assert [each.name for each in on_sqlite] == [each.name for each in on_postgres]

    def test_every_folder_is_a_domain(self) -> None:
        assert {each.name for each in resource("migrations").iterdir()} <= set(DOMAINS)


class TestTables:
    async def test_say_what_the_migrations_make(self, opening: Opening) -> None:
        async with opening as db:
            await migrate(db, DOMAINS)
            found = await differences(db, [each for module in MODULES for each in tables_of(module)])
        assert found == []

    def test_are_named_after_their_domain(self) -> None:
        named = {
            name: [each._meta.tablename for each in tables_of(module)]
            for name in discover()
            if (module := part(name, "tables"))
        }
        assert {name: [each for each in names if not each.startswith(f"{name}_")] for name, names in named.items()} == {
            name: [] for name in named
        }
