"""A Mail as the message that is sent (RFC 5322, MIME): ASCII throughout, so that every server takes it."""

import re
from datetime import UTC
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from girok.mail.port import Mail, MailRefused

__all__ = ["compose", "sender_of"]

_POLICY = SMTP.clone(cte_type="7bit")
_ADDRESS = re.compile(
    r"[^\s\x00-\x20\x7f<>()\[\]:;@,\\\"]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?", re.ASCII
)
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def sender_of(text: str) -> Address:
    """`[mail] from` taken apart: `Name <user@host>` or `user@host`. Raises ValueError."""
    name, _, address = text.rpartition(" <")
    return _address(address.removesuffix(">"), name.strip())


def compose(mail: Mail, sender: Address) -> EmailMessage:
    """The message, with `at` as its date, and marked so that no out-of-office reply comes back (RFC 3834).

    Raises MailRefused when `to` is no ASCII address.
    """
    message = EmailMessage(_POLICY)
    message["From"] = sender
    try:
        message["To"] = _address(mail.to)
    except ValueError:
        raise MailRefused from None
    message["Subject"] = " ".join(_NO_TEXT.sub("\ufffd", mail.subject).split())
    message["Date"] = mail.at.astimezone(UTC)
    message["Message-ID"] = f"<{mail.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_lines(mail.text))
    if mail.html is not None:
        message.add_alternative(_lines(mail.html), subtype="html")
    return message


def _address(text: str, name: str = "") -> Address:
    """Raises ValueError."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError("not an address")
    try:
        return Address(name, addr_spec=text)
    except MessageError:  # dots at the ends of the local part, and the like
        raise ValueError("not an address") from None


def _lines(text: str) -> str:
    """`text` without what no mail may hold."""
    return _NO_TEXT.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
