"""Photos as everybody may read them who has their key."""

from girok.clock import Clock
from girok.objects.port import ObjectInfo
from plugins.personal.errors import PhotoNotFound
from plugins.personal.files import BUCKET, is_key
from plugins.personal.repository import FileRepository

__all__ = ["Photos"]


class Photos:
    """Profile photos and previews, and no other file. For the routes of this process."""

    def __init__(self, files: FileRepository, clock: Clock) -> None:
        self._files = files
        self._clock = clock

    async def info(self, key: str) -> ObjectInfo:
        """What is known of a photo. Raises PhotoNotFound, also for one that was dropped."""
        found = await self._files.photo(key, self._clock.now()) if is_key(key) else None
        if found is None:
            raise PhotoNotFound
        # A key has one content for ever: it is its own etag.
        return ObjectInfo(BUCKET, key, found.size, found.mime_type, key.partition("/")[2], found.created_at)
