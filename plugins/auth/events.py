"""What auth tells the others. Of a person an event holds the id alone, for a cluster keeps it for days: who needs a
name or an email asks the port."""

from typing import ClassVar, Literal

from girok.context import Locale
from girok.events.event import Event

__all__ = ["MailWanted", "UserErased", "UserLoggedIn", "UserRegistered"]


class UserRegistered(Event, frozen=True):
    """An account is there."""

    subject: ClassVar[str] = "auth.user.registered"
    user_id: str


class UserLoggedIn(Event, frozen=True):
    """A session began, that of a registration too."""

    subject: ClassVar[str] = "auth.user.logged_in"
    user_id: str
    session_id: str


class UserErased(Event, frozen=True):
    """An account is gone for good: every domain removes what it holds of this user."""

    subject: ClassVar[str] = "auth.user.erased"
    user_id: str


class MailWanted(Event, frozen=True):
    """A mail is to be sent, auth's own business. No link is in it: it is made when the mail is.

    `user_id` is empty for an account that there is not: telling so takes the same time.
    """

    subject: ClassVar[str] = "auth.mail.wanted"
    user_id: str
    mail: Literal["VERIFY_EMAIL", "RESET_PASSWORD", "PASSWORD_CHANGED"]
    locale: Locale
