"""Auth's manifest."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from msgspec import Meta

from girok.manifest import Limit, Manifest
from girok.sections import in_production
from girok.settings import Settings, Wrong
from plugins.auth.social.settings import SocialSettings

__all__ = ["MANIFEST", "AuthSettings"]

_LEAST_KIB = 7_168
_LEAST_WORK = 5 * _LEAST_KIB
"""KiB times passes."""


class AuthSettings(SocialSettings, frozen=True):
    """Accounts and sessions. The defaults of argon2id are OWASP's first choice: 25 ms and 19 MiB a login."""

    section: ClassVar[str] = "auth"

    argon2_memory_kib: Annotated[
        int, Meta(ge=64, le=4_194_304, description="Memory that hashing one password takes, in KiB.")
    ] = 19_456
    argon2_passes: Annotated[int, Meta(ge=1, le=100, description="Passes over that memory.")] = 2
    argon2_lanes: Annotated[int, Meta(ge=1, le=8, description="Threads that hash one password together.")] = 1
    argon2_at_once: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="Passwords hashed at once, in memory of their own; 0: one a core but for one core, 1 to 4.",
        ),
    ] = 0
    common_passwords: Annotated[
        bool,
        Meta(
            description="Refuse passwords that are a common word, name or keyboard pattern with a few digits or "
            "symbols added."
        ),
    ] = True
    common_passwords_file: Annotated[
        str,
        Meta(description="A UTF-8 text file of passwords and words that are refused in the same way, one a line."),
    ] = ""
    access_token_minutes: Annotated[
        int, Meta(ge=1, le=1440, description="Minutes that an access token is good for.")
    ] = 15
    refresh_token_days: Annotated[int, Meta(ge=1, le=31, description="Days that a refresh token is good for.")] = 14
    signing_key_days: Annotated[
        int, Meta(ge=1, le=3650, description="Days after which another key signs the tokens.")
    ] = 90
    session_idle_days: Annotated[
        int, Meta(ge=1, le=3650, description="Days without use after which a session is over.")
    ] = 14
    session_days: Annotated[int, Meta(ge=1, le=3650, description="Days after which a session ends in any case.")] = 90

    def check(self, settings: Settings) -> Iterator[Wrong]:
        """Production hashes passwords no weaker than the least that OWASP advises (Password Storage Cheat Sheet)."""
        yield from super().check(settings)
        if in_production(settings):
            if self.argon2_memory_kib < _LEAST_KIB:
                yield Wrong("argon2_memory_kib", f"must be {_LEAST_KIB} at least in production")
            elif self.argon2_memory_kib * self.argon2_passes < _LEAST_WORK:
                least = -(-_LEAST_WORK // self.argon2_memory_kib)
                yield Wrong("argon2_passes", f"must be {least} at least in production, with this memory")


MANIFEST = Manifest(
    name="auth",
    summary="accounts and sessions",
    provides=("AuthService",),
    consumes=("auth.mail.wanted",),
    events_days=7,
    needs=("valkey",),
    settings=AuthSettings,
    limits={
        "login": Limit(30),
        "register": Limit(60),
        "refresh": Limit(600),
        "reset": Limit(10, 600),
        "verify": Limit(5, 600),
        "domain_access": Limit(20),
        "social": Limit(60),
    },
    http_port=3002,
    grpc_port=50051,
)
