"""What is stored of files in a box, and how a test sends some."""

from datetime import datetime
from typing import Any

from girok.testing.box import TestBox
from plugins.personal.service.upkeep import Upkeep
from tests.kernel.events.stage import Sql
from tests.plugins.personal import samples
from tests.plugins.personal.visitors import Visitor

__all__ = ["TEMP", "attach", "expire", "file", "files", "objects", "resume", "send_photo", "stored", "sweep"]

TEMP = "/v1/resume/temp-upload"
PNG: tuple[str, bytes, str] = ("me.png", samples.png(), "image/png")


def file(name: str, content: bytes, mime_type: str) -> dict[str, tuple[str, bytes, str]]:
    """A form's file."""
    return {"file": (name, content, mime_type)}


async def objects(box: TestBox) -> list[str]:
    """The keys of the objects, sorted."""
    return sorted([each.key async for each in box.kit.objects.list("public")])


async def files(box: TestBox) -> dict[str, datetime | None]:
    """When each file expires, by its key."""
    found = await box.kit.db.fetch(Sql("SELECT key, expires_at FROM personal_file ORDER BY key"))
    return {row["key"]: row["expires_at"] for row in found}


async def stored(box: TestBox) -> list[str]:
    """The keys that are stored, of which every object has a row and every row an object."""
    keys = await objects(box)
    assert keys == list(await files(box))
    return keys


async def expire(box: TestBox, *keys: str) -> None:
    """Their time has come."""
    for key in keys:
        await box.kit.db.execute_script(f"UPDATE personal_file SET expires_at = created_at WHERE key = '{key}'")


async def sweep(box: TestBox) -> None:
    """As the background does; all was made a while ago."""
    shift = "'2020-01-01 00:00:00+00:00'"
    for text in (
        f"UPDATE personal_file SET expires_at = {shift} WHERE expires_at <= created_at",
        f"UPDATE personal_file SET created_at = {shift}",
    ):
        await box.kit.db.execute_script(text)
    await box.kit.ports[Upkeep].sweep()


async def send_photo(who: Visitor, *photo: Any) -> dict[str, Any]:
    """A temporary upload."""
    return await who.ask("POST", TEMP, files=file(*photo) if photo else file(*PNG), status=201)


async def resume(who: Visitor, **fields: Any) -> dict[str, Any]:
    """A new resume."""
    return await who.ask("POST", "/v1/resume", {"title": "mine", "name": "Ada", "email": "a@b.c", **fields}, status=201)


async def attach(who: Visitor, resume_id: str, kind: str = "OTHER", *content: Any, **fields: str) -> dict[str, Any]:
    """A new attachment."""
    path = f"/v1/resume/{resume_id}/attachments"
    return await who.ask(
        "POST", path, {"type": kind, **fields}, files=file(*content) if content else file(*PNG), status=201
    )
