"""People for tests of personal, acted as through the call context."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from girok.context import Actor, CallContext, acting_as
from girok.testing.box import TestBox
from plugins.auth.ports import AuthService, RegisterRequest
from plugins.personal.inputs import ResumeInput
from plugins.personal.ports import CreateResumeRequest, PersonalService, Resume
from tests.scenarios.story import PASSWORD

__all__ = ["Person", "person"]


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    actor: Actor
    username: str
    personal: PersonalService

    def acts(self) -> AbstractContextManager[CallContext]:
        """The body runs as this person."""
        return acting_as(self.actor)

    async def writes(self, **fields: Any) -> Resume:
        """A new resume."""
        with self.acts():
            return await self.personal.create_resume(CreateResumeRequest(ResumeInput(**fields)))


async def person(box: TestBox, username: str) -> Person:
    """Register `username`."""
    registered = await box.kit.ports[AuthService].register(
        RegisterRequest(email=f"{username}@example.org", username=username, password=PASSWORD, name=username.title())
    )
    return Person(Actor(registered.user.id, "USER", registered.session_id), username, box.kit.ports[PersonalService])
