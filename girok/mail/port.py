"""The mailer port: one mail to one person.

    await kit.mail.send(Mail(id=envelope.id, at=envelope.occurred_at, to=email, subject="...", text="...", html="..."))

Consumers of events send mail, so a mail is sent at least once. One that is sent again after a crash has the same `id`:
it has the same Message-ID, by which mail programs know it, and as a file it takes the first one's place.

Two adapters: SMTP (smtp.py) and a folder of .eml files (folder.py). No log and no error shows what is in a mail or whom
it is for.
"""

import re
from datetime import datetime
from typing import Protocol

import msgspec

from girok.errors import GirokError, InvalidInput, Text, Unavailable

__all__ = ["Mail", "MailDeferred", "MailRefused", "MailUnavailable", "Mailer"]

_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_LONGEST_ID = 100
_DEFERRED_SECONDS = 120.0


class MailUnavailable(Unavailable):
    """The mail server is away, is too slow, or takes no mail from us at all; or the folder cannot be written.

    The mail is not to blame: an event waits until that is over. Whether this one was sent is not known.
    """

    reason = "MAIL_UNAVAILABLE"
    text = Text("Mail cannot be sent at the moment.", "현재 메일을 보낼 수 없습니다.")


class MailDeferred(GirokError):
    """The server does not take this mail now, but may later: greylisting, a full mailbox. It counts as an attempt."""

    category = Unavailable.category
    reason = "MAIL_DEFERRED"
    text = Text("The mail was not accepted yet.", "메일이 아직 접수되지 않았습니다.")

    def __init__(self, text: Text | None = None) -> None:
        super().__init__(text, retry_after=_DEFERRED_SECONDS)


class MailRefused(InvalidInput):
    """The server refuses this mail or its recipient for good, or `to` is no address: sending it again is of no use."""

    reason = "MAIL_REFUSED"
    text = Text("The mail was refused.", "메일이 거부되었습니다.")


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """`id` (of letters, digits, `_`, `-`, dots within) and `at`, with a zone, are the same whenever it is sent again.

    `to` is an ASCII address without a name. Of `subject` only the first line's worth is kept: line ends become spaces.
    Raises ValueError for an id or a time that is none.
    """

    id: str
    at: datetime
    to: str
    subject: str
    text: str
    html: str | None = None

    def __post_init__(self) -> None:
        if len(self.id) > _LONGEST_ID or not _ID.fullmatch(self.id):
            raise ValueError(f"not an id of a mail: {self.id!r}")
        if self.at.tzinfo is None:
            raise ValueError(f"{self.at!r} has no time zone")

    def __repr__(self) -> str:
        return f"Mail({self.id!r})"


class Mailer(Protocol):
    """Sends mail from the address `[mail] from`."""

    async def send(self, mail: Mail) -> None:
        """Return when the server has taken it, or the file is on the disk.

        Raises MailUnavailable, MailDeferred, MailRefused.
        """
        ...
