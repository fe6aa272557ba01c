"""Personal's manifest."""

from typing import Annotated, ClassVar

from msgspec import Meta

from girok.manifest import Limit, Manifest
from girok.settings import Section

__all__ = ["MANIFEST", "PersonalSettings"]


class PersonalSettings(Section, frozen=True):
    """Resumes and their public pages."""

    section: ClassVar[str] = "personal"

    max_content: Annotated[
        int, Meta(ge=10_000, le=1_000_000, description="The largest resume, files aside, in bytes of JSON.")
    ] = 500_000
    max_resumes: Annotated[int, Meta(ge=1, le=10_000, description="Resumes that somebody may have.")] = 50
    max_attachments: Annotated[int, Meta(ge=1, le=1_000, description="Files that a resume may have.")] = 50
    public_cache_bytes: Annotated[
        int,
        Meta(ge=0, le=1_000_000_000, description="Memory for public pages that are kept ready, in bytes."),
    ] = 16_777_216


MANIFEST = Manifest(
    name="personal",
    summary="resumes, share links, preferences",
    requires=("auth",),
    provides=("PersonalService",),
    consumes=("auth.user.registered", "auth.user.erased"),
    needs=("s3",),
    settings=PersonalSettings,
    limits={"upload": Limit(60), "share_token": Limit(60)},
    http_port=3003,
    grpc_port=50052,
)
