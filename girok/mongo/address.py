"""Where MongoDB is: `mongo.url` taken apart. No message shows its user or password."""

from typing import Any, NamedTuple

from pymongo import uri_parser
from pymongo.errors import PyMongoError

from girok.refusal import Refusal

__all__ = ["KEY", "Address", "MongoRefused", "parse"]

KEY = "mongo.url (GIROK_MONGO_URL)"
_FORM = "mongodb://user:password@host:27017/girok, with %23, %2F, %3A, %3F and %40 for # / : ? and @ in the password"
_DATABASE = "girok"


class MongoRefused(Refusal):
    """`mongo.url` is wrong, or there is no MongoDB that takes it."""


class Address(NamedTuple):
    """A server or several, and the database that girok uses there (`girok` where the URL names none)."""

    place: str
    database: str

    def __str__(self) -> str:
        return f"{self.place}/{self.database}"


def parse(url: str) -> Address:
    """The address in a URL as MongoDB's drivers take it, `mongodb://` or `mongodb+srv://`. Raises MongoRefused."""
    scheme, _, rest = url.partition("://")
    try:
        # A srv name is looked up when it is connected to, not here; the rest of the two forms is one.
        found: dict[str, Any] = uri_parser.parse_uri(f"mongodb://{rest}")
    except (PyMongoError, ValueError):
        # Not chained: the driver's own words may hold a piece of the password.
        raise MongoRefused(f"{KEY}: that is no URL like {_FORM}") from None
    hosts = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in found["nodelist"]]
    place = hosts[0].rpartition(":")[0] if scheme.endswith("+srv") else ",".join(hosts)
    return Address(place, found["database"] or _DATABASE)
