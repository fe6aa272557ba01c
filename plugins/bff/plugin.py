"""The bff's manifest: the edge that browsers and apps talk GraphQL to."""

from typing import Annotated, ClassVar

from msgspec import Meta

from girok.manifest import Manifest
from girok.settings import Section

__all__ = ["MANIFEST", "SessionSettings"]


class SessionSettings(Section, frozen=True):
    """Sessions of browsers."""

    section: ClassVar[str] = "session"

    insecure: Annotated[
        bool,
        Meta(description="Let browsers sign in over plain http from other machines; passwords then travel readable."),
    ] = False


MANIFEST = Manifest(
    name="bff",
    summary="GraphQL for clients, sessions of browsers",
    requires=("auth",),
    consumes=("auth.user.erased",),
    settings=SessionSettings,
    edge=True,
    http_port=4000,
)
