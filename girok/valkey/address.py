"""Where Valkey is: `valkey.url` taken apart. No message shows its user or password."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from girok.refusal import Refusal

__all__ = ["KEY", "Address", "ValkeyRefused", "parse"]

KEY = "valkey.url (GIROK_VALKEY_URL)"
_TLS = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}
_FORM = "valkey://user:password@host:6379/0, with %23, %2F, %3A, %3F and %40 for # / : ? and @ in the password"


class ValkeyRefused(Refusal):
    """`valkey.url` is wrong, or there is no Valkey that takes it."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server, one of its databases, and who asks there."""

    host: str
    port: int
    database: int
    tls: bool
    username: str | None = field(repr=False)
    password: str | None = field(repr=False)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(url: str) -> Address:
    """`valkey://user:password@host:6379/0`; `valkeys` is with TLS, `redis` and `rediss` are the same two.

    User, password, port (6379) and database (0) may be left out. Raises ValkeyRefused.
    """
    try:
        parts = urlsplit(url)
        return _address(parts, _TLS[parts.scheme])
    except (KeyError, ValueError):
        # Not chained: urlsplit's own words may hold a piece of the password.
        raise ValkeyRefused(f"{KEY}: that is no URL like {_FORM}") from None


def _address(parts: SplitResult, tls: bool) -> Address:  # noqa: FBT001
    """Raises ValueError."""
    database = parts.path.removeprefix("/") or "0"
    if not parts.hostname or parts.query or parts.fragment or not database.isdecimal():
        raise ValueError
    return Address(
        host=parts.hostname,
        port=6379 if parts.port is None else parts.port,
        database=int(database),
        tls=tls,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
