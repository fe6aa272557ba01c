"""Mail as files, where no server sends it: `folder/20261105T080000.123Z-{id}.eml`, for any mail program to open.

A file is there whole or not at all, for its owner only: a mail may hold a link that opens an account. What a kill
leaves is a draft, swept at the next start. Nobody else removes a file.
"""

import asyncio
import logging
import os
import tempfile
from datetime import UTC
from pathlib import Path

from girok.fsync import sync_directory
from girok.mail.message import compose, sender_of
from girok.mail.port import Mail, MailUnavailable
from girok.refusal import Refusal

__all__ = ["FolderMailer", "MailFolderUnusable"]

_DRAFT = ".draft-"
_log = logging.getLogger(__name__)


class MailFolderUnusable(Refusal):
    """The folder of mail cannot be made, or no file in it can be removed."""


class FolderMailer:
    """See girok.mail.port.Mailer. One process uses a folder. Making one blocks, and raises MailFolderUnusable."""

    def __init__(self, folder: Path, *, sender: str) -> None:
        self._folder = folder
        self._sender = sender_of(sender)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            for draft in folder.glob(f"{_DRAFT}*"):
                draft.unlink()
        except OSError as error:
            raise MailFolderUnusable(f"the mail folder {folder} cannot be used: {error.strerror}") from error

    async def send(self, mail: Mail) -> None:
        """Keep it as a file. The same mail again takes the first one's place."""
        content = compose(mail, self._sender).as_bytes()
        time = mail.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        path = self._folder / f"{time}Z-{mail.id}.eml"
        try:
            await asyncio.to_thread(_write, path, content)
        except OSError as error:
            raise MailUnavailable from error
        _log.info("mail kept as %s", path)


def _write(path: Path, content: bytes) -> None:
    """Raises OSError."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=_DRAFT)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)
