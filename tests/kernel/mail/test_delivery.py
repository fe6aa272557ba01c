"""Mail that an event asks for: it is sent when the server is back, and given up when nobody takes it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from girok.db.database import Database
from girok.events.consumer import Consumer, Delivery
from girok.mail.port import Mailer
from girok.mail.smtp import SmtpMailer
from tests.kernel.events.consumers import until
from tests.kernel.events.stage import Liked, stage
from tests.kernel.mail.mails import mail
from tests.kernel.mail.postbox import opened


def mailing(mailer: Mailer, tries: list[str]) -> Callable[[Database], Sequence[Consumer]]:
    """A consumer that sends a mail for each event, and notes each time that it tries."""

    async def send(event: Liked, delivery: Delivery) -> None:
        tries.append(event.post_id)
        await mailer.send(mail(id=delivery.envelope.id, subject=event.post_id))

    return lambda _: [Consumer("test.mail", Liked, send)]


class TestDelivery:
    async def test_what_a_server_missed_is_sent_when_it_is_back(self, tmp_path: Path) -> None:
        async with opened() as server:
            mailer = SmtpMailer(server.section())
        tries: list[str] = []
        async with stage(tmp_path, mailing(mailer, tries)) as on:
            await on.emit(*(Liked(f"p{number}") for number in range(5)))
            await until(lambda: len(tries) > 10)
            async with opened(port=server.port) as server:
                await on.settled()
            assert (await on.bus.dead(), len(server.mails)) == ([], 5)

    async def test_what_is_refused_ends_as_a_dead_letter_that_says_why(self, tmp_path: Path) -> None:
        async with opened() as server:
            server.replies["RCPT"] = "550 5.1.1 nobody here: ada@example.org"
            async with stage(tmp_path, mailing(SmtpMailer(server.section()), [])) as on:
                await on.emit(Liked("p1"))
                await on.settled()
                (letter,) = await on.bus.dead()
        assert (letter.attempts, letter.error) == (3, "MAIL_REFUSED: The mail server answered 550 5.1.1 to RCPT.")
