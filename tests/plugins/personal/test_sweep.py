"""Nothing is orphaned: what a fault leaves behind goes with the sweep, and what is kept never does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from girok.context import Actor, acting_as
from girok.db.database import StoreUnavailable
from girok.http.body import BodyTooSlow
from girok.kit import Kit
from girok.objects.port import ObjectsUnavailable
from girok.objects.s3 import S3Objects
from girok.servers.process import ServerProcess
from girok.testing.box import TestBox
from plugins.personal.errors import FileMismatch
from plugins.personal.service import file_repository
from plugins.personal.service.file_copies import FileCopies
from plugins.personal.service.upkeep import Upkeep
from plugins.personal.service.uploads import Upload, Uploads
from tests.kernel.events.stage import FaultyDatabase, Sql
from tests.kernel.objects.s3_support import open_s3, wipe
from tests.plugins.personal import samples
from tests.plugins.personal.shelf import TEMP, attach, expire, file, files, objects, resume, send_photo, stored, sweep
from tests.plugins.personal.visitors import Visitor, somebody

ADA = Actor("019abcde-0000-7000-8000-00000000000a", "USER", "")
PHOTO = samples.png()


async def pieces(content: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(content), 16):
        yield content[start : start + 16]


class Desk:
    """The services of files on a kit."""

    def __init__(self, kit: Kit) -> None:
        self.files = file_repository(kit)
        self.upkeep = Upkeep(self.files, kit.objects, kit.clock)
        self.uploads = Uploads(self.files, kit.objects, kit.limiter, kit.clock, self.upkeep)
        self.copies = FileCopies(self.files, kit.objects, kit.clock)

    @asynccontextmanager
    async def uploading(self, content: bytes = PHOTO) -> AsyncGenerator[Upload, None]:
        """A photo of Ada's has come and is not kept yet."""
        with acting_as(ADA):
            async with self.uploads.receiving("PHOTO") as upload:
                await upload.receive("a.png", "image/png", pieces(content))
                yield upload

    async def photo(self, then: Exception | None = None) -> str:
        """The key of a temporary upload of Ada's. Raises `then` when it is kept."""
        async with self.uploading() as upload:
            file = await self.uploads.keep_temporary(upload)
            if then is not None:
                raise then
            return file.key

    async def unfinished(self, *, erased: bool = False) -> None:
        """A kill when the object is there: nothing is done after it."""
        with suppress(asyncio.CancelledError):
            async with self.uploading():
                if erased:
                    await self.upkeep.erase_files(ADA.user_id)
                raise asyncio.CancelledError


async def pass_time(box: TestBox, by: timedelta) -> None:
    """As if all had been made and begun so much earlier."""
    for key, expires_at in (await files(box)).items():
        if expires_at is not None:
            text = f"UPDATE personal_file SET expires_at = '{(expires_at - by).isoformat(' ')}' WHERE key = '{key}'"
            await box.kit.db.execute_script(text)


class TestSweep:
    async def test_takes_what_expired_and_nothing_else(self, box: TestBox, ada: Visitor) -> None:
        late, fresh, taken = [(await send_photo(ada))["tempKey"] for _ in range(3)]
        mine = await resume(ada, profileImageTempKey=taken)
        kept = await attach(ada, mine["id"])
        await expire(box, late)
        await sweep(box)
        assert await stored(box) == sorted([fresh, taken, kept["fileKey"]])

    async def test_takes_nothing_whose_time_has_hardly_come(self, box: TestBox) -> None:
        """The clock of another process may be behind, and the file be taken there."""
        desk = Desk(box.kit)
        key = await desk.photo()
        await pass_time(box, timedelta(hours=24, seconds=30))
        await desk.upkeep.sweep()
        assert await stored(box) == [key]
        await pass_time(box, timedelta(seconds=60))
        await desk.upkeep.sweep()
        assert await stored(box) == []

    async def test_of_two_processes_at_once_takes_each_once(self, box: TestBox) -> None:
        desk, other = Desk(box.kit), Desk(box.kit)
        keys = [await desk.photo() for _ in range(6)]
        await expire(box, *keys[:5])
        await pass_time(box, timedelta(minutes=2))
        await asyncio.gather(*(each.upkeep.sweep() for each in (desk, other, desk)))
        assert await stored(box) == keys[5:]

    async def test_goes_on_where_a_kill_left_it(self, box: TestBox) -> None:
        desk = Desk(box.kit)
        gone, there = [await desk.photo() for _ in range(2)]
        await expire(box, gone, there)
        await pass_time(box, timedelta(minutes=2))
        await box.kit.objects.delete("public", gone)
        await desk.upkeep.sweep()
        assert await stored(box) == []


class TestFaults:
    async def test_the_row_is_there_before_the_first_byte(self, box: TestBox) -> None:
        desk, seen = Desk(box.kit), list[int]()

        async def watched() -> AsyncGenerator[bytes, None]:
            seen.append(len(await files(box)))
            yield PHOTO

        with acting_as(ADA):
            async with desk.uploads.receiving("PHOTO") as upload:
                await upload.receive("a.png", "image/png", watched())
        assert seen == [1]

    async def test_an_upload_that_nobody_finished_goes_in_an_hour(self, box: TestBox) -> None:
        desk = Desk(box.kit)
        await desk.unfinished()
        assert len(await stored(box)) == 1
        await pass_time(box, timedelta(minutes=59))
        await desk.upkeep.sweep()
        assert len(await stored(box)) == 1
        await pass_time(box, timedelta(minutes=3))
        await desk.upkeep.sweep()
        assert await stored(box) == []

    async def test_nobody_takes_an_upload_that_is_on_its_way(self, box: TestBox, ada: Visitor) -> None:
        desk = Desk(box.kit)
        with acting_as(Actor(ada.user_id, "USER", "")):
            async with desk.uploads.receiving("PHOTO") as upload:
                await upload.receive("a.png", "image/png", pieces(PHOTO))
                body = {"title": "x", "name": "x", "email": "a@b.c", "profileImageTempKey": upload.file.key}
                await ada.ask("POST", "/v1/resume", body, status=400)

    async def test_one_that_takes_for_ever_is_given_up_and_goes_in_an_hour(
        self, box: TestBox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("plugins.personal.service.uploads.UPLOAD_SECONDS", 0.05)
        desk = Desk(box.kit)

        async def endless() -> AsyncGenerator[bytes, None]:
            yield PHOTO[:40]
            await asyncio.Event().wait()

        with acting_as(ADA), pytest.raises(BodyTooSlow):
            async with desk.uploads.receiving("PHOTO") as upload:
                await upload.receive("a.png", "image/png", endless())
        assert await objects(box) == []
        await pass_time(box, timedelta(hours=2))
        await desk.upkeep.sweep()
        assert await stored(box) == []

    async def test_what_is_refused_goes_at_once(self, box: TestBox) -> None:
        desk = Desk(box.kit)
        with pytest.raises(FileMismatch):
            async with desk.uploading(PHOTO + b"x"):
                pytest.fail("it was taken")
        assert await stored(box) == []

    async def test_where_nobody_knows_whether_it_is_kept_its_row_decides(self, box: TestBox) -> None:
        cable = FaultyDatabase(box.kit.db)  # pyright: ignore[reportArgumentType] - the box's is a Store
        desk = Desk(replace(box.kit, db=cable))
        with pytest.raises(StoreUnavailable):
            await desk.photo(then=StoreUnavailable())  # the answer of the commit is lost
        assert len(await stored(box)) == 1
        async with desk.uploading() as upload:
            cable.writable = False
            with pytest.raises(StoreUnavailable):
                await desk.uploads.keep_temporary(upload)
        cable.writable = True
        assert len(await stored(box)) == 2
        await pass_time(box, timedelta(hours=2))
        await desk.upkeep.sweep()
        assert len(await stored(box)) == 1

    async def test_a_copy_that_nobody_finished_goes_in_an_hour(self, box: TestBox, ada: Visitor) -> None:
        desk = Desk(box.kit)
        mine = await resume(ada)
        kept = (await attach(ada, mine["id"]))["fileKey"]
        found = await desk.files.attachments(mine["id"], ada.user_id)
        assert len(await desk.copies.copy_files(ada.user_id, found)) == 1
        assert len(await stored(box)) == 2
        await pass_time(box, timedelta(hours=2))
        await desk.upkeep.sweep()
        assert await stored(box) == [kept]


class TestStoreAway:
    async def test_is_503_and_nothing_is_half(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada)
        kept = await attach(ada, mine["id"])
        drafts = box.box.data / "objects" / ".staging"
        drafts.rmdir()
        sent = file("a.png", PHOTO, "image/png")
        for path, body in ((TEMP, None), (f"/v1/resume/{mine['id']}/attachments", {"type": "OTHER"})):
            answer = await ada.ask("POST", path, body, files=sent, status=503)
            assert answer["type"] == "urn:girok:problem:OBJECTS_UNAVAILABLE"
        await ada.ask("POST", f"/v1/resume/{mine['id']}/copy", status=503)
        assert await objects(box) == [kept["fileKey"]]
        assert len(await files(box)) == 4  # two uploads and a copy: had their objects come, they would have rows
        assert len(await ada.ask("GET", "/v1/resume")) == 1
        drafts.mkdir()
        await send_photo(ada)
        await pass_time(box, timedelta(hours=2))
        await box.kit.ports[Upkeep].sweep()
        assert len(await stored(box)) == 2


class TestErase:
    async def test_takes_everything_of_a_user_piece_by_piece(
        self, box: TestBox, ada: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("plugins.personal.service.upkeep._AT_ONCE", 2)
        mine = await resume(ada, profileImageTempKey=(await send_photo(ada))["tempKey"])
        for _ in range(3):
            await attach(ada, mine["id"])
        await send_photo(ada)
        async with somebody(box, "ben") as ben:
            theirs = (await send_photo(ben))["tempKey"]
        await box.kit.ports[Upkeep].erase_files(ada.user_id)
        assert await stored(box) == [theirs]
        assert list(await box.kit.db.fetch(Sql("SELECT id FROM personal_attachment"))) == []
        await box.kit.ports[Upkeep].erase_files(ada.user_id)

    async def test_goes_on_where_it_was_left(self, box: TestBox, ada: Visitor) -> None:
        mine = await resume(ada)
        for _ in range(3):
            await attach(ada, mine["id"])
        keys = await file_repository(box.kit).drop_some(ada.user_id, 2)
        await box.kit.objects.delete("public", keys[0])
        await box.kit.ports[Upkeep].erase_files(ada.user_id)
        assert await stored(box) == []

    async def test_leaves_what_is_on_its_way_to_expire(self, box: TestBox) -> None:
        """Its object may still come: without the row it would be there for ever."""
        desk = Desk(box.kit)
        await desk.unfinished(erased=True)
        (expires_at,) = (await files(box)).values()
        assert expires_at is not None
        assert expires_at < datetime.now(UTC) + timedelta(hours=1)


class TestOnS3:
    @pytest.fixture
    async def store(self, s3_server: ServerProcess) -> AsyncIterator[S3Objects]:
        async with open_s3(s3_server) as opened:
            await wipe(opened)
            yield opened

    async def test_it_is_the_same(self, box: TestBox, ada: Visitor, store: S3Objects) -> None:
        desk = Desk(replace(box.kit, objects=store))
        keys = [await desk.photo() for _ in range(2)]
        assert b"".join([each async for each in store.read("public", keys[0])]) == PHOTO
        assert (await store.stat("public", keys[0])).mime_type == "image/png"
        with pytest.raises(FileMismatch):
            async with desk.uploading(samples.png(padding=9_000_000) + b"x"):
                pytest.fail("it was taken")
        assert sorted([each.key async for each in store.list("public")]) == sorted(keys)
        await expire(box, keys[0])
        await pass_time(box, timedelta(minutes=2))
        await desk.upkeep.sweep()
        assert [each.key async for each in store.list("public")] == keys[1:]
        await desk.upkeep.erase_files(ADA.user_id)
        assert [each.key async for each in store.list("public")] == []
        assert await files(box) == {}

    async def test_while_it_stands_still_nothing_is_lost(
        self, box: TestBox, store: S3Objects, s3_server: ServerProcess
    ) -> None:
        desk = Desk(replace(box.kit, objects=store))
        key = await desk.photo()
        await expire(box, key)
        await pass_time(box, timedelta(minutes=2))
        await s3_server.kill()
        try:
            with pytest.raises(ObjectsUnavailable):
                await desk.upkeep.sweep()
            with pytest.raises(ObjectsUnavailable):
                async with desk.uploading():
                    pytest.fail("it was taken")
            await desk.upkeep.tidy(ADA.user_id)
        finally:
            await s3_server.start()
        assert key in await files(box)
        async with asyncio.timeout(30):
            while True:
                try:
                    await desk.upkeep.sweep()
                    break
                except ObjectsUnavailable:
                    await asyncio.sleep(0.1)
        assert [each.key async for each in store.list("public")] == []
        assert len(await files(box)) == 1
