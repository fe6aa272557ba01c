"""Makes the streams that are not there, and brings those forward that an earlier girok made.

Each stream carries in its metadata how girok made it. One that is still so is girok's to change; one that somebody
changed by hand is left as it is, and reported.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from girok.events.jetstream import JetStream, JetStreamError
from girok.events.streams import NOTE, Stream, config_of, differences
from girok.nats import NatsConnection, NatsSession, NatsUnavailable

__all__ = ["StreamKeeper"]

_NAME_IN_USE = 10058
_PAUSE_SECONDS = 1.0
_log = logging.getLogger("girok.events")


class StreamKeeper:
    """Sees to it, on every connection to NATS, that the streams are there."""

    def __init__(self, connection: NatsConnection, jetstream: JetStream, streams: Sequence[Stream]) -> None:
        self._connection = connection
        self._jetstream = jetstream
        self._streams = streams
        self._kept: NatsSession | None = None
        self._news = asyncio.Event()
        self._wrong = asyncio.Event()
        self._said: set[str] = set()

    async def run(self) -> None:
        """Look at each new connection, and whenever something is `missing`. Does not end."""
        while True:
            session = await self._connection.session()
            try:
                if await self._look():
                    self._kept = session
                    self._news.set()
            except Exception:  # noqa: BLE001 - the boundary: without streams nothing goes on
                _log.exception("the streams cannot be looked at; trying again")
            await self._until_next(session)

    async def ready(self, session: NatsSession) -> None:
        """Return once the streams are there on this connection. Raises NatsUnavailable when it is lost before."""
        while self._kept is not session:
            self._news.clear()
            await session.until(self._news)

    def missing(self) -> None:
        """Something that should be there is not: look again."""
        self._wrong.set()

    async def _until_next(self, session: NatsSession) -> None:
        await asyncio.wait({session.lost}, timeout=_PAUSE_SECONDS)
        if self._kept is session:
            with suppress(NatsUnavailable):
                await session.until(self._wrong)
            self._wrong.clear()

    async def _look(self) -> bool:
        """Whether every stream is there."""
        there = True
        for stream in self._streams:
            try:
                await self._keep(stream)
            except NatsUnavailable:
                return False
            except JetStreamError as error:
                # Another stream has the subjects, say, or there is no room: the others are of use all the same.
                self._say(logging.ERROR, f"stream {stream.name} cannot be made as it should be: {error}")
                there = there and not error.missing
        return there

    async def _keep(self, stream: Stream) -> None:
        wanted = config_of(stream)
        found = await self._jetstream.find(f"STREAM.INFO.{stream.name}")
        if found is None:
            await self._make(stream, wanted)
            return
        config: dict[str, Any] = found["config"]
        if not differences(wanted, config):
            return
        if self._untouched(config):
            await self._jetstream.call(f"STREAM.UPDATE.{stream.name}", {**config, **wanted, **_note(wanted, config)})
            _log.info("stream %s is brought forward; it had %s", stream.name, "; ".join(differences(wanted, config)))
        else:
            changed = "; ".join(differences(wanted, config))
            self._say(logging.WARNING, f"stream {stream.name} was changed by hand and is left so: {changed}")

    async def _make(self, stream: Stream, wanted: dict[str, Any]) -> None:
        try:
            await self._jetstream.call(f"STREAM.CREATE.{stream.name}", {**wanted, **_note(wanted, {})})
        except JetStreamError as error:
            if error.code != _NAME_IN_USE:
                raise
            await self._keep(stream)  # another process was first

    def _untouched(self, config: dict[str, Any]) -> bool:
        """Whether a stream is still as girok made it."""
        try:
            noted: dict[str, Any] = json.loads(config.get("metadata", {}).get(NOTE, "{}"))
            return bool(noted) and not differences(noted, config)
        except (ValueError, AttributeError):
            return False

    def _say(self, level: int, line: str) -> None:
        """Once, however often it is found."""
        if line not in self._said:
            self._said.add(line)
            _log.log(level, "%s", line)


def _note(wanted: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in config.get("metadata", {}).items() if not key.startswith("_nats.")}
    return {"metadata": {**kept, NOTE: json.dumps(wanted, sort_keys=True)}}
