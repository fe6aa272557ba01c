"""The section `[mail]`."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from girok.settings import Section, Settings, Wrong

__all__ = ["MailSettings"]

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class MailSettings(Section, frozen=True):
    """The SMTP server for mail to users. Without one, mail is not sent, but kept as files in DATA/mail."""

    section: ClassVar[str] = "mail"

    host: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_.:-]*\Z",
            extra={"form": "a host name or an address, or empty"},
            description="The server, as smtp.example.org. Empty: files.",
        ),
    ] = ""
    port: Annotated[
        int, Meta(ge=0, le=65535, description="Its port; 0: 587 with `starttls`, 465 with `tls`, 25 with `none`.")
    ] = 0
    tls: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(
            description="`starttls` encrypts before anything is said and fails where the server cannot, `tls` from the "
            "first byte. The certificate must be good (SSL_CERT_FILE names other authorities)."
        ),
    ] = "starttls"
    username: Annotated[str, Meta(description="The user to log in as; empty: no login.")] = ""
    password: Annotated[str, Meta(extra={"secret": True}, description="That user's password.")] = ""
    sender: Annotated[
        str,
        Meta(
            pattern=rf"^(?:[^<>@\"\x00-\x1f\x7f]+ <{_ADDRESS}>|{_ADDRESS})\Z",
            extra={"form": "an address like girok <no-reply@example.org>"},
            description="Whom mail is from. Must be set with a server.",
        ),
    ] = msgspec.field(name="from", default="girok <girok@localhost>")
    seconds: Annotated[
        float, Meta(gt=0, le=25, description="How long the server may take for a mail before it counts as away.")
    ] = 20.0

    @property
    def server_port(self) -> int:
        """The port, chosen by `tls` where none was given."""
        return self.port or _PORTS[self.tls]

    def check(self, settings: Settings) -> Iterator[Wrong]:
        """A server has a sender and a whole login, and nobody can read the password on its way."""
        if self.host and settings.source("mail.from") is None:
            yield Wrong("from", "must be set, as mail.host is: an address that the server takes mail from")
        if self.password and not self.username:
            yield Wrong("username", "must be set, as mail.password is")
        if self.username and not self.password:
            yield Wrong("password", "must be set, as mail.username is")
        if self.username and not self.host:
            yield Wrong("host", "must be set, as mail.username is")
        if self.username and self.tls == "none" and not _is_this_machine(self.host):
            yield Wrong("tls", "must be starttls or tls: the password would travel readable")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
