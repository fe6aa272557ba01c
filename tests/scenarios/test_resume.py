"""The web client's journey through a resume, in the shapes that girok runs in."""

from pathlib import Path
from typing import NamedTuple

import pytest

from girok.servers.process import ServerProcess
from girok.testing.box import CHEAP
from girok.testing.cluster import girok_up, processes, servers
from girok.testing.postgres import new_database
from girok.testing.process import running
from tests.kernel.objects.s3_support import open_s3
from tests.scenarios import resume_story, store_postgres, stores
from tests.scenarios.audit import settled
from tests.scenarios.resume_story import Client, Places

TOLD = ("Babbage & Co", "에이다", "Bernoulli", "이력서.pdf", "Dear Charles")
"""Words of the resume and of its files."""


class TestOneBox:
    async def test_the_journey(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data", env=CHEAP) as box:
            await resume_story.tell(Places(box.base_url, box.base_url))
            assert await box.stop() == 0
            assert "Traceback" not in box.log

    async def test_the_journey_on_postgresql(self, tmp_path: Path, postgres_server: ServerProcess) -> None:
        async with (
            new_database(postgres_server) as url,
            running(tmp_path / "data", env={**CHEAP, "GIROK_DATABASE_URL": url}) as box,
        ):
            await resume_story.tell(Places(box.base_url, box.base_url))
            assert await box.stop() == 0


class TestCluster:
    @pytest.mark.parametrize(
        ("roles", "auth"),
        [(("personal,auth", "bff,feed"), 0), (("personal,feed", "auth,bff"), 1), (("", ""), 1)],
        ids=["with auth", "without auth", "all and all"],
    )
    async def test_the_journey_over_two_processes(
        self,
        tmp_path: Path,
        postgres_server: ServerProcess,
        s3_server: ServerProcess,
        roles: tuple[str, ...],
        auth: int,
    ) -> None:
        async with (
            servers(postgres_server, s3_server, **CHEAP) as shared,
            processes(tmp_path, shared.env, *roles) as found,
        ):
            await resume_story.tell(Places(found[auth].base_url, found[0].base_url))
            assert [await each.stop() for each in found] == [0, 0]

    async def test_the_journey_over_girok_up(self, tmp_path: Path) -> None:
        async with girok_up(tmp_path / "data", **CHEAP) as (up, offset):
            await resume_story.tell(Places(f"http://127.0.0.1:{3002 + offset}", f"http://127.0.0.1:{3003 + offset}"))
            up.terminate()
            assert await up.wait() == 0


class Gone(NamedTuple):
    """Somebody who has deleted their account."""

    id: str
    keys: list[str]
    """Under which their files were."""

    @property
    def words(self) -> tuple[str, ...]:
        return (self.id, *TOLD, *self.keys)

    @property
    def kept(self) -> dict[str, set[str]]:
        """What tables hold of them for good."""
        return {"auth_audit": {self.id}, "auth_erasure": {self.id}}


async def life(at: Places) -> Gone:
    """From the registration to the deletion."""
    async with Client(at) as ada, Client(at) as nobody:
        await ada.register("ada")
        keys = await resume_story.live(ada, nobody)
        assert len(keys) == 4
        await ada.erase()
        return Gone(ada.user["id"], keys)


class TestErasure:
    async def test_leaves_nothing_in_one_box(self, tmp_path: Path) -> None:
        async with running(tmp_path / "data", env=CHEAP) as box:
            ada = await life(Places(box.base_url, box.base_url))
            await settled(box.base_url)
            assert await box.stop() == 0
        assert await stores.in_sqlite(tmp_path / "data" / "girok.db", ada.words) == ada.kept
        assert stores.in_files(tmp_path / "data", ada.words) == {}
        assert not [path for path in (tmp_path / "data" / "objects").rglob("*") if path.suffix in (".png", ".pdf")]

    async def test_leaves_nothing_in_a_cluster(
        self, tmp_path: Path, postgres_server: ServerProcess, s3_server: ServerProcess
    ) -> None:
        async with (
            servers(postgres_server, s3_server, **CHEAP) as shared,
            processes(tmp_path, shared.env, "personal", "auth,bff,feed") as (personal, rest),
            open_s3(s3_server) as objects,
        ):
            ada = await life(Places(rest.base_url, personal.base_url))
            await store_postgres.outbox_drained(shared.env["GIROK_DATABASE_URL"])
            for each in (personal, rest):
                await settled(each.base_url)
            assert await stores.in_postgres(shared.env["GIROK_DATABASE_URL"], ada.words) == ada.kept
            assert not {each.key async for each in objects.list("public")} & set(ada.keys)
