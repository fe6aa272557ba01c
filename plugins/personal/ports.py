"""Personal's published contract: resumes as their owner, and as others see them."""

from typing import Protocol

import msgspec

from girok.port import policy
from plugins.personal.inputs import ResumeBody, ResumeInput
from plugins.personal.messages import Resume

__all__ = [
    "CreateResumeRequest",
    "DeleteResumeRequest",
    "DeleteResumeResponse",
    "GetPublicResumeRequest",
    "GetResumeRequest",
    "GetResumesByUserIdRequest",
    "PersonalService",
    "Resume",
    "ResumeBody",
    "ResumeInput",
    "ResumesResponse",
    "UpdateResumeRequest",
]


class GetResumeRequest(msgspec.Struct, frozen=True):
    id: str


class GetResumesByUserIdRequest(msgspec.Struct, frozen=True):
    user_id: str


class GetPublicResumeRequest(msgspec.Struct, frozen=True):
    username: str


class CreateResumeRequest(msgspec.Struct, frozen=True):
    resume: ResumeInput


class UpdateResumeRequest(msgspec.Struct, frozen=True):
    """What `update_mask` names is set, or cleared where it is absent; without a mask, what is there is set.

    `if_version` refuses to change another version than that.
    """

    id: str
    resume: ResumeInput
    update_mask: tuple[str, ...] = ()
    if_version: int | None = None


class DeleteResumeRequest(msgspec.Struct, frozen=True):
    id: str


class DeleteResumeResponse(msgspec.Struct, frozen=True):
    pass


class ResumesResponse(msgspec.Struct, frozen=True):
    """The default first, then the newest."""

    resumes: tuple[Resume, ...]


class PersonalService(Protocol):
    """Resumes. Who acts comes with the call context."""

    @policy(deadline=2.0, idempotent=True)
    async def get_resume(self, request: GetResumeRequest) -> Resume:
        """One of one's own. Raises Unauthenticated, Forbidden; ResumeNotFound, also for somebody else's."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_resumes_by_user_id(self, request: GetResumesByUserIdRequest) -> ResumesResponse:
        """One's own, all. Raises Unauthenticated, Forbidden; ResumeNotFound for another user."""
        ...

    @policy(deadline=2.0, idempotent=True)
    async def get_public_resume(self, request: GetPublicResumeRequest) -> Resume:
        """What anybody may see of the user's default resume, else of their newest. Raises ResumeNotFound."""
        ...

    @policy(deadline=5.0)
    async def create_resume(self, request: CreateResumeRequest) -> Resume:
        """Raises Unauthenticated, Forbidden, InvalidInput, TooManyResumes."""
        ...

    @policy(deadline=5.0)
    async def update_resume(self, request: UpdateResumeRequest) -> Resume:
        """Raises Unauthenticated, Forbidden, ResumeNotFound, InvalidInput, ResumeChanged."""
        ...

    @policy(deadline=5.0, idempotent=True)
    async def delete_resume(self, request: DeleteResumeRequest) -> DeleteResumeResponse:
        """Raises Unauthenticated, Forbidden; ResumeNotFound, also when it was deleted before."""
        ...
