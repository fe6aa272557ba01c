"""What auth does when something happened: mail is sent here, after the request that caused it is answered."""

import logging
from collections.abc import Sequence

from girok.events.consumer import Consumer, Delivery
from girok.kit import Kit
from girok.mail.port import Mail, MailRefused
from girok.sections import Web
from plugins.auth import mails
from plugins.auth.events import MailWanted
from plugins.auth.service import repository
from plugins.auth.service.links import RESET_LENGTH, VERIFY_LENGTH
from plugins.auth.service.tickets import Tickets

__all__ = ["consumers"]

_log = logging.getLogger(__name__)


def consumers(kit: Kit) -> Sequence[Consumer]:
    """The sender of mail. A link is made when its mail is sent: sent twice, there are two links, and both are good."""
    accounts = repository(kit)
    tickets = Tickets(accounts, kit.keys)
    web_origin = kit.settings.get(Web).origins[0]

    async def compose(event: MailWanted, to: mails.Addressee) -> Mail:
        now = kit.clock.now()
        match event.mail:
            case "VERIFY_EMAIL":
                token = await tickets.issue("VERIFY_EMAIL", event.user_id, b"", now, VERIFY_LENGTH)
                return mails.verification(to, token, good_for=VERIFY_LENGTH)
            case "RESET_PASSWORD":
                token = await tickets.issue("RESET_PASSWORD", event.user_id, b"", now, RESET_LENGTH)
                return mails.password_reset(to, token, good_for=RESET_LENGTH)
            case "PASSWORD_CHANGED":
                return mails.password_changed(to)

    async def send(event: MailWanted, delivery: Delivery) -> None:
        account = await accounts.account(event.user_id)
        if account is None:
            return
        to = mails.Addressee(
            id=delivery.envelope.id,
            at=delivery.envelope.occurred_at,
            email=account.email,
            name=account.name,
            locale=event.locale,
            web_origin=web_origin,
        )
        try:
            await kit.mail.send(await compose(event, to))
        except MailRefused:
            _log.warning("a mail to user %s was refused for good", event.user_id)

    return [Consumer("auth.mail", MailWanted, send)]
