"""What auth tells the others. No event holds an email: who needs one asks the port."""

from typing import ClassVar

from girok.events.event import Event

__all__ = ["UserLoggedIn", "UserRegistered"]


class UserRegistered(Event, frozen=True):
    """An account is there."""

    subject: ClassVar[str] = "auth.user.registered"
    user_id: str
    username: str
    name: str


class UserLoggedIn(Event, frozen=True):
    """A session began, that of a registration too."""

    subject: ClassVar[str] = "auth.user.logged_in"
    user_id: str
    session_id: str
