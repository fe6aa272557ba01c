"""A real SMTP server for tests (aiosmtpd), which keeps what it is given and can be told to misbehave."""

# ruff: noqa: N802 - the server calls a handler's methods by the names of SMTP's commands

import asyncio
import socket
import ssl
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from girok.mail.settings import MailSettings

__all__ = ["Postbox", "opened", "server_context"]

USER = ("girok", "pass/wörd+1")


class Postbox:
    """`mails` are what came. `replies` are what the server says instead to `MAIL`, `RCPT` or `DATA`."""

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[Envelope] = []
        self.replies: dict[str, str] = {}
        self.helloes: list[str] = []
        self.encrypted: list[bool] = []
        self.logins = 0
        self.connections: list[asyncio.Transport] = []
        self.sockets: list[socket.socket] = []
        self.slow: dict[str, asyncio.Event] = {}
        """What is not answered before the event is set."""
        self.pause = 0.0
        """Seconds that every answer takes."""
        self.hangs_up: set[str] = set()
        """To what the server answers by closing the connection."""

    def message(self) -> EmailMessage:
        """The one message that came, as a mail program reads it."""
        [mail] = self.mails
        message = message_from_bytes(mail.original_content or b"", policy=default)
        assert isinstance(message, EmailMessage)
        return message

    async def empty(self) -> None:
        """Wait until no connection is open."""
        async with asyncio.timeout(10):
            while any(each.fileno() >= 0 for each in self.sockets):
                await asyncio.sleep(0.005)

    def section(self, **keys: Any) -> MailSettings:
        """Settings that lead here."""
        given = {"host": "127.0.0.1", "port": self.port, "tls": "none", "sender": "girok <no-reply@girok.example>"}
        return MailSettings(**{**given, **keys})

    async def handle_EHLO(
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.helloes.append(hostname)
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        envelope.mail_from = address
        return await self._answer("MAIL", server, "250 OK")

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._answer("RCPT", server, "250 OK")

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        if "DATA" not in self.replies:
            self.mails.append(envelope)
        return await self._answer("DATA", server, "250 OK")

    async def handle_QUIT(self, server: SMTP, _session: Session, _envelope: Envelope) -> str:
        return await self._answer("QUIT", server, "221 Bye")

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: Any
    ) -> AuthResult:
        right = isinstance(login, LoginPassword) and (login.login.decode(), login.password.decode()) == USER
        self.logins += right
        return AuthResult(success=right, handled=False)

    async def _answer(self, step: str, server: SMTP, good: str) -> str:
        await asyncio.sleep(self.pause)
        if step in self.slow:
            await self.slow[step].wait()
        if step in self.hangs_up:
            server.transport.abort()
        return self.replies.get(step, good)


class _Server(SMTP):
    def connection_made(self, transport: asyncio.Transport) -> None:
        """Called again after STARTTLS."""
        self.event_handler.connections.append(transport)
        self.event_handler.sockets.append(transport.get_extra_info("socket"))
        super().connection_made(transport)

    def eof_received(self) -> None:
        """A connection that the client has closed is closed here, too: aiosmtpd would keep its half."""
        super().eof_received()


@asynccontextmanager
async def opened(
    *,
    port: int = 0,
    implicit: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    login: bool = False,
) -> AsyncGenerator[Postbox, None]:
    """A server: TLS from the first byte, or by STARTTLS, or none; with `login` it takes nothing from any but USER."""
    postbox = Postbox()

    def serve() -> SMTP:
        # A login without TLS is warned of; here it never leaves the machine.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return made()

    def made() -> SMTP:
        return _Server(
            postbox,
            hostname="mail.example.org",
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=login,
            auth_require_tls=False,
            authenticator=postbox.authenticate,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", port, ssl=implicit)
    postbox.port = server.sockets[0].getsockname()[1]
    try:
        yield postbox
    finally:
        server.close()
        for each in postbox.connections:
            each.abort()
        await postbox.empty()
        await server.wait_closed()


def server_context(pem: Path) -> ssl.SSLContext:
    """What a server with this key and certificate needs."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context
