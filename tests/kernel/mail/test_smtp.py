"""Mail over SMTP, with real servers: good ones, encrypted ones, slow ones, and those that say no."""

import asyncio
import logging
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from girok.errors import Unavailable
from girok.mail.port import MailDeferred, MailRefused, MailUnavailable
from girok.mail.smtp import SmtpMailer
from tests.kernel.mail.mails import mail
from tests.kernel.mail.postbox import USER, Postbox, opened, server_context
from tests.kernel.test_valkey_tls import certificate

USERNAME, PASSWORD = USER


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    """A server without TLS or login."""
    async with opened() as server:
        yield server


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key and a certificate of 127.0.0.1 that this process trusts."""
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    return pem


class TestSend:
    async def test_the_server_has_the_mail_and_its_envelope(self, postbox: Postbox) -> None:
        await SmtpMailer(postbox.section()).send(mail(subject="확인", text="안녕하세요.\n"))
        [envelope] = postbox.mails
        assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@girok.example", ["ada@example.org"])
        assert str(postbox.message()["Subject"]) == "확인"
        assert postbox.message().get_content() == "안녕하세요.\r\n"
        assert postbox.helloes == ["girok.example"]

    async def test_long_lines_and_lines_of_a_dot_arrive_as_they_are(self, postbox: Postbox) -> None:
        text = f".\n..\n{'x' * 5_000}\n.\n{'가' * 2_000}\n"
        await SmtpMailer(postbox.section()).send(mail(text=text))
        assert postbox.message().get_content().replace("\r\n", "\n") == text

    async def test_again_it_is_the_same_message(self, postbox: Postbox) -> None:
        mailer = SmtpMailer(postbox.section())
        await mailer.send(mail())
        first = postbox.message()["Message-ID"]
        postbox.mails.clear()
        await mailer.send(mail())
        assert postbox.message()["Message-ID"] == first == "<0192-verify@girok.example>"

    async def test_twenty_at_once_all_arrive(self, postbox: Postbox) -> None:
        mailer = SmtpMailer(postbox.section())
        await asyncio.gather(*(mailer.send(mail(id=str(number), to=f"u{number}@x.org")) for number in range(20)))
        assert {each.rcpt_tos[0] for each in postbox.mails} == {f"u{number}@x.org" for number in range(20)}


class TestTls:
    async def test_starttls_comes_before_the_login_and_the_mail(self, trusted: Path) -> None:
        async with opened(starttls=server_context(trusted), login=True) as server:
            section = server.section(tls="starttls", username=USERNAME, password=PASSWORD)
            await SmtpMailer(section).send(mail())
        assert (len(server.mails), server.encrypted, server.logins) == (1, [True], 1)

    async def test_from_the_first_byte(self, trusted: Path) -> None:
        async with opened(implicit=server_context(trusted), login=True) as server:
            section = server.section(tls="tls", username=USERNAME, password=PASSWORD)
            await SmtpMailer(section).send(mail())
        assert (len(server.mails), server.encrypted, server.logins) == (1, [True], 1)

    async def test_a_server_without_starttls_gets_neither_password_nor_mail(self) -> None:
        async with opened(login=True) as server:
            section = server.section(tls="starttls", username=USERNAME, password=PASSWORD)
            with pytest.raises(MailUnavailable, match="STARTTLS"):
                await SmtpMailer(section).send(mail())
        assert (server.mails, server.logins) == ([], 0)

    @pytest.mark.parametrize("tls", ["starttls", "tls"])
    async def test_a_certificate_that_nobody_trusts_is_refused(self, tmp_path: Path, tls: str) -> None:
        context = server_context(certificate(tmp_path))
        async with opened(**{{"starttls": "starttls", "tls": "implicit"}[tls]: context}) as server:
            with pytest.raises(MailUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                await SmtpMailer(server.section(tls=tls)).send(mail())
        assert server.mails == []

    async def test_a_certificate_for_another_host_is_refused(self, trusted: Path) -> None:
        async with opened(implicit=server_context(trusted)) as server:
            with pytest.raises(MailUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                await SmtpMailer(server.section(tls="tls", host="localhost")).send(mail())
        assert server.mails == []


class TestLogin:
    async def test_a_wrong_password_is_unavailable_and_never_shown(self) -> None:
        async with opened(login=True) as server:
            section = server.section(username=USERNAME, password="wrong-password")
            with pytest.raises(MailUnavailable, match=rf"127\.0\.0\.1 port {server.port}: 535 5\.7\.8") as caught:
                await SmtpMailer(section).send(mail())
        assert "wrong-password" not in f"{caught.value!r}{caught.value.__cause__!r}"
        assert server.mails == []

    async def test_a_server_that_wants_a_login_and_gets_none_is_unavailable(self) -> None:
        async with opened(login=True) as server:
            with pytest.raises(MailUnavailable, match="530"):
                await SmtpMailer(server.section()).send(mail())


class TestAway:
    async def test_nobody_listening(self) -> None:
        async with opened() as server:
            mailer = SmtpMailer(server.section())
        with pytest.raises(MailUnavailable, match=rf"127\.0\.0\.1 port {server.port}: .*Connect"):
            await mailer.send(mail())

    @pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64, "..", ":"])
    async def test_a_host_that_nobody_knows(self, postbox: Postbox, host: str) -> None:
        with pytest.raises(MailUnavailable, match=re.escape(host)):
            await SmtpMailer(postbox.section(host=host)).send(mail())

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    async def test_a_server_that_does_not_answer_in_time(self, postbox: Postbox, step: str) -> None:
        postbox.slow[step] = asyncio.Event()
        with pytest.raises(MailUnavailable):
            await SmtpMailer(postbox.section(seconds=0.3)).send(mail())

    async def test_a_server_that_is_slow_at_every_step_has_no_more_time_in_all(self, postbox: Postbox) -> None:
        postbox.pause = 0.4
        with pytest.raises(MailUnavailable, match=r"no end after 0\.6 s"):
            await SmtpMailer(postbox.section(seconds=0.6)).send(mail())

    async def test_a_server_that_says_nothing_at_all(self, postbox: Postbox) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            section = postbox.section(port=silent.getsockname()[1], seconds=0.3)
            with pytest.raises(MailUnavailable):
                await SmtpMailer(section).send(mail())

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    async def test_a_server_that_hangs_up(self, postbox: Postbox, step: str) -> None:
        postbox.hangs_up.add(step)
        with pytest.raises(MailUnavailable):
            await SmtpMailer(postbox.section()).send(mail())

    @pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
    async def test_a_server_that_shuts_down(self, postbox: Postbox, step: str) -> None:
        postbox.replies[step] = "421 4.3.2 closing"
        with pytest.raises(MailUnavailable, match="421"):
            await SmtpMailer(postbox.section()).send(mail())

    @pytest.mark.parametrize("reply", ["451 4.3.0 later", "550 5.7.1 not from you"])
    async def test_a_server_that_takes_nothing_from_this_sender(self, postbox: Postbox, reply: str) -> None:
        postbox.replies["MAIL"] = reply
        with pytest.raises(MailUnavailable, match=reply):
            await SmtpMailer(postbox.section()).send(mail())

    async def test_what_was_cancelled_leaves_no_connection(self, postbox: Postbox) -> None:
        postbox.slow["DATA"] = asyncio.Event()
        sending = asyncio.create_task(SmtpMailer(postbox.section()).send(mail()))
        while not postbox.mails:
            await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await postbox.empty()


class TestTaken:
    async def test_a_mail_is_sent_when_the_server_hangs_up_on_the_goodbye(self, postbox: Postbox) -> None:
        postbox.hangs_up.add("QUIT")
        await SmtpMailer(postbox.section()).send(mail())
        assert len(postbox.mails) == 1

    async def test_a_mail_is_sent_when_the_goodbye_is_not_answered(self, postbox: Postbox) -> None:
        postbox.slow["QUIT"] = asyncio.Event()
        await SmtpMailer(postbox.section()).send(mail())
        assert len(postbox.mails) == 1

    async def test_no_connection_is_left(self, postbox: Postbox) -> None:
        await SmtpMailer(postbox.section()).send(mail())
        await postbox.empty()


class TestReplies:
    @pytest.mark.parametrize("step", ["RCPT", "DATA"])
    async def test_5xx_is_refused_for_good(self, postbox: Postbox, step: str) -> None:
        postbox.replies[step] = "550 5.1.1 <ada@example.org> has no mailbox here"
        with pytest.raises(MailRefused, match=rf"answered 550 5\.1\.1 to {step}"):
            await SmtpMailer(postbox.section()).send(mail())

    @pytest.mark.parametrize("step", ["RCPT", "DATA"])
    async def test_4xx_may_be_tried_later_and_is_no_outage(self, postbox: Postbox, step: str) -> None:
        postbox.replies[step] = "450 greylisted"
        with pytest.raises(MailDeferred, match=f"answered 450 to {step}") as caught:
            await SmtpMailer(postbox.section()).send(mail())
        assert not isinstance(caught.value, Unavailable)
        assert caught.value.retry_after == 120

    async def test_no_error_and_no_log_quotes_a_mail(self, postbox: Postbox, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, logger="girok")
        postbox.replies["DATA"] = "554 5.7.1 spam: https://girok.example/?token=abcdef for ada@example.org"
        with pytest.raises(MailRefused) as caught:
            await SmtpMailer(postbox.section()).send(mail(text="https://girok.example/?token=abcdef"))
        said = f"{caught.value!r} {caught.value.__cause__!r}" + "".join(
            each.getMessage() for each in caplog.records if each.name.startswith("girok")
        )
        assert not re.search("abcdef|ada@", said)

    async def test_a_reply_that_is_none(self, postbox: Postbox) -> None:
        postbox.replies["RCPT"] = "nonsense"
        with pytest.raises(MailUnavailable, match="Malformed"):
            await SmtpMailer(postbox.section()).send(mail())
