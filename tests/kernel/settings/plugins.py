"""Manifests for the tests of the settings: a plugin with every kind of key, and one with limits."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

from girok.manifest import Limit, Manifest
from girok.sections import Core
from girok.settings import Section, Settings, Wrong

__all__ = ["MANIFESTS", "Model", "Shop"]


class Model(Struct, frozen=True):
    """A table by name: it has no defaults of its own."""

    url: Annotated[str, Meta(min_length=1, description="Where it answers.")]
    key: Annotated[str, Meta(extra={"secret": True}, description="Opens it.")] = ""
    weight: float = 1.0


class Mail(Struct, frozen=True):
    """A table inside of a table."""

    host: str = "localhost"
    ports: tuple[int, ...] = (25,)


class Shop(Section, frozen=True):
    """A shop."""

    section: ClassVar[str] = "shop"

    kind: Annotated[Literal["small", "big"], Meta(description="Its size.")] = "small"
    open: Annotated[bool, Meta(description="Whether it is open.")] = True
    names: Annotated[tuple[str, ...], Meta(max_length=3, description="What it is called.")] = ()
    token: Annotated[str, Meta(min_length=8, extra={"secret": True}, description="Opens the till.")] = "default-token"
    mail: Mail = Mail()
    models: dict[str, Model] = field(default_factory=dict[str, Model])
    shares: dict[str, int] = field(default_factory=dict[str, int])

    def check(self, settings: Settings) -> Iterator[Wrong]:
        """A big shop has a name in production."""
        if settings.get(Core).mode == "production" and self.kind == "big" and not self.names:
            yield Wrong("names", "must be set for a big shop in production")


MANIFESTS = {
    "shop": Manifest(name="shop", summary="sells", settings=Shop, limits={"order": Limit(5)}),
    "auth": Manifest(name="auth", summary="knows", limits={"login": Limit(10, 60)}),
}
