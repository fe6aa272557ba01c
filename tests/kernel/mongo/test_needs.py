"""Which roles need MongoDB, and what is said where it is not to be had."""

from pathlib import Path

import pytest

from girok.db.database import Store
from girok.manifest import discover
from girok.mongo.address import MongoRefused
from girok.mongo.opening import open_documents
from girok.needs import ServerNeeded, needed_servers
from girok.roles import resolve
from girok.settings import Settings
from girok.settings_load import load
from girok.surroundings import Process
from girok.testing.box import box_on
from girok.testing.process import free_port
from tests.kernel.cli.process import girok
from tests.kernel.mongo.stage import CLOCK, IDS

MANIFESTS = discover()
CLUSTER = {
    "GIROK_NATS_URL": "nats://nats",
    "GIROK_DATABASE_URL": "postgresql://db/girok",
    "GIROK_VALKEY_URL": "valkey://valkey",
    "GIROK_CLUSTER_SECRET": "only-for-tests-of-girok",
}


def settings(**env: str) -> Settings:
    return load(MANIFESTS, env={"GIROK_FEED_STORE": "mongo", **env})


class TestNeed:
    def test_a_start_without_it_names_key_variable_and_role(self, tmp_path: Path) -> None:
        result = girok("run", "--port", "0", "--data", str(tmp_path / "data"), env={"GIROK_FEED_STORE": "mongo"})
        why = 'girok: mongo.url (GIROK_MONGO_URL) is needed by feed (feed.store = "mongo")\n'
        assert result == (2, "", why)
        assert not (tmp_path / "data").exists()

    def test_a_start_with_a_wrong_url_is_refused(self, tmp_path: Path) -> None:
        env = {"GIROK_FEED_STORE": "mongo", "GIROK_MONGO_URL": f"mongodb://a:b@c@127.0.0.1:{free_port()}"}
        result = girok("run", "--port", "0", "--data", str(tmp_path / "data"), env=env)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("girok: mongo.url (GIROK_MONGO_URL): that is no URL like mongodb://")
        assert result.err.count("\n") == 1

    def test_roles_of_a_cluster_that_do_not_store_there_need_none(self) -> None:
        clustered = settings(**CLUSTER)
        assert "mongo" not in needed_servers(clustered, MANIFESTS, resolve(MANIFESTS, ["auth"]))
        with pytest.raises(ServerNeeded, match=r"^mongo\.url \(GIROK_MONGO_URL\) is needed by feed"):
            needed_servers(clustered, MANIFESTS, resolve(MANIFESTS, ["feed"]))


class TestOwner:
    async def test_a_database_of_another_store_is_refused(self, tmp_path: Path, database_url: str) -> None:
        env = {"GIROK_FEED_STORE": "mongo", "GIROK_MONGO_URL": database_url}
        for _ in range(2):
            async with box_on(tmp_path / "data", **env):
                """Its own, when it is started again, too."""
        with pytest.raises(MongoRefused, match=r"^mongo\.url \(GIROK_MONGO_URL\): the database .* on another store"):
            async with box_on(tmp_path / "other", **env):
                """Never reached."""


class TestReadiness:
    async def test_without_it_one_box_is_degraded(self, tmp_path: Path, database_url: str) -> None:
        async with box_on(tmp_path / "data", GIROK_FEED_STORE="mongo", GIROK_MONGO_URL=database_url) as box:
            assert not box.box.around.probes["mongo"].vital

    async def test_without_it_a_process_of_feed_alone_can_serve_nothing(self, database_url: str, db: Store) -> None:
        plan = resolve(MANIFESTS, ["feed"])
        process = Process(settings(GIROK_MONGO_URL=database_url), MANIFESTS, plan, CLOCK, IDS)
        async with open_documents(process, ["feed"], db) as documents:
            assert documents.check.vital

    async def test_what_is_not_stored_there_does_not_load_it(self, tmp_path: Path) -> None:
        async with box_on(tmp_path / "data") as box:
            assert box.kit.mongo is None
            assert "mongo" not in box.box.around.probes
