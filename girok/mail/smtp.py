"""Mail over SMTP (RFC 5321), a connection for each: STARTTLS or TLS, then the login, then the mail.

What goes wrong before the recipient is named is about the server or its settings, and every mail would meet it. What
the server says of the recipient or the content is about this mail. Of those replies errors hold the codes only: their
words may quote the mail.
"""

import asyncio
import re
import ssl
from contextlib import suppress

from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused, SMTPResponseException

from girok.errors import GirokError, Text
from girok.mail.message import compose, sender_of
from girok.mail.port import Mail, MailDeferred, MailRefused, MailUnavailable
from girok.mail.settings import MailSettings

__all__ = ["SmtpMailer"]

_BYE_SECONDS = 1.0
_CLOSING = 421
"""The server ends the connection: whatever it was asked, it is the server that is not there."""
_LONGEST_REPLY = 300
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")


class SmtpMailer:
    """See girok.mail.port.Mailer."""

    def __init__(self, section: MailSettings) -> None:
        self._section = section
        self._sender = sender_of(section.sender)
        self._tls = None if section.tls == "none" else ssl.create_default_context()

    async def send(self, mail: Mail) -> None:
        """Hand it to the server."""
        content = compose(mail, self._sender).as_bytes()
        client = self._client()
        try:
            async with asyncio.timeout(self._section.seconds):
                await client.connect()
                await client.mail(self._sender.addr_spec)
                await client.rcpt(mail.to)
                await client.data(content)
        except (SMTPRecipientRefused, SMTPDataError) as reply:
            raise _of_this_mail(reply) from None
        except (SMTPException, OSError, UnicodeError) as error:
            raise self._unavailable(error) from error
        else:
            # It is taken, whatever comes now.
            with suppress(SMTPException, OSError):
                await client.quit(timeout=_BYE_SECONDS)
        finally:
            client.close()

    def _client(self) -> SMTP:
        section = self._section
        return SMTP(
            hostname=section.host,
            port=section.server_port,
            username=section.username or None,
            password=section.password or None,
            # Else the machine's name is looked up each time, which may take longer than the mail.
            local_hostname=self._sender.domain,
            timeout=section.seconds,
            use_tls=section.tls == "tls",
            start_tls=section.tls == "starttls",
            tls_context=self._tls,
        )

    def _unavailable(self, error: Exception) -> MailUnavailable:
        """With what it is about: a log of the event that waits has this sentence."""
        section = self._section
        why = str(error) if not isinstance(error, SMTPResponseException) else f"{error.code} {error.message}"
        why = " ".join(why.split())[:_LONGEST_REPLY] or f"no end after {section.seconds:g} s"
        where = f"{section.host} port {section.server_port}: {why}"
        return MailUnavailable(Text(f"Mail cannot be sent: {where}", f"메일을 보낼 수 없습니다: {where}"))


def _of_this_mail(reply: SMTPResponseException) -> GirokError:
    """The error for a reply to RCPT or DATA."""
    enhanced = _ENHANCED.match(reply.message)
    code = f"{reply.code} {enhanced[0]}" if enhanced else str(reply.code)
    step = "RCPT" if isinstance(reply, SMTPRecipientRefused) else "DATA"
    said = Text(f"The mail server answered {code} to {step}.", f"메일 서버가 {step}에 {code} 응답을 보냈습니다.")
    if reply.code // 100 == 5:
        return MailRefused(said)
    return MailUnavailable(said) if reply.code == _CLOSING else MailDeferred(said)
