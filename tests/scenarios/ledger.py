"""What was acknowledged: the book that a load keeps, and that whatever girok says later is compared with."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Fact", "Ledger", "SentPost", "Visit"]


class Fact:
    """A yes or no as it was last acknowledged. `allowed` has both while a change is under way or was cut off."""

    def __init__(self, value: bool = False) -> None:
        self.allowed = {value}

    @contextmanager
    def changing(self, value: bool) -> Iterator[None]:
        """The body asks for `value`; when it comes to its end, that is acknowledged."""
        self.allowed = {*self.allowed, value}
        yield
        self.allowed = {value}

    def __repr__(self) -> str:
        return f"Fact({self.allowed})"


@dataclass
class SentPost:
    """A post that somebody sent. `id` is None until an answer came."""

    author: str
    text: str
    client_id: str | None
    id: str | None = None
    there: Fact = field(default_factory=Fact)


@dataclass
class Visit:
    """A browser that signed in: its cookies, and whether they are good."""

    username: str
    cookies: dict[str, str]
    signed_in: Fact


class Ledger:
    """Every post, like, follow and visit of all people."""

    def __init__(self) -> None:
        self.posts: list[SentPost] = []
        self.likes: defaultdict[tuple[str, str], Fact] = defaultdict(Fact)
        """By who likes and the post's id."""
        self.follows: defaultdict[tuple[str, str], Fact] = defaultdict(Fact)
        """By who follows and who is followed."""
        self.visits: list[Visit] = []

    @property
    def answered(self) -> list[SentPost]:
        """The posts whose id is known, oldest first."""
        return [each for each in self.posts if each.id is not None]

    def of(self, author: str) -> list[SentPost]:
        """The posts that one person sent."""
        return [each for each in self.posts if each.author == author]
