"""Personal's use cases, a file each. Who acts comes with the call context; what is stored goes through a repository.

resumes.py       one's own resumes
publication.py   what others see of them
shares.py        links for who has no account; views.py counts who looks
preferences.py   how the client looks
"""

from girok.kit import Kit
from plugins.auth.ports import AuthService
from plugins.personal.plugin import PersonalSettings
from plugins.personal.repository import ResumeRepository
from plugins.personal.repository_sql.preferences import SqlPreferencesRepository
from plugins.personal.repository_sql.resumes import SqlResumeRepository
from plugins.personal.repository_sql.shares import SqlShareRepository
from plugins.personal.service.preferences import UserPreferences
from plugins.personal.service.publication import Publication
from plugins.personal.service.resumes import Resumes
from plugins.personal.service.shares import Shares
from plugins.personal.wire import public_body

__all__ = ["Personal", "build", "resume_repository"]


def build(kit: Kit) -> "Personal":
    """The service of this process. Its parts are there for the routes of this process alone."""
    personal = Personal(kit, kit.settings.get(PersonalSettings))
    kit.ports.add(Resumes, personal.resumes)
    kit.ports.add(Publication, personal.publication)
    kit.ports.add(Shares, personal.shares)
    kit.ports.add(UserPreferences, personal.preferences)
    return personal


def resume_repository(kit: Kit) -> ResumeRepository:
    """The storage of resumes."""
    return SqlResumeRepository(kit.db)


class Personal:
    """See PersonalService in ports.py."""

    def __init__(self, kit: Kit, settings: PersonalSettings) -> None:
        resumes = resume_repository(kit)
        self.resumes = Resumes(resumes, kit.clock, kit.ids, settings)
        self.publication = Publication(resumes, kit.ports[AuthService], public_body, settings.public_cache_bytes)
        self.shares = Shares(SqlShareRepository(kit.db), resumes, kit.limiter, kit.clock, kit.ids)
        self.preferences = UserPreferences(SqlPreferencesRepository(kit.db), kit.clock, kit.ids)
        self.get_resume = self.resumes.get_resume
        self.get_resumes_by_user_id = self.resumes.get_resumes_by_user_id
        self.get_public_resume = self.publication.get_public_resume
        self.create_resume = self.resumes.create_resume
        self.update_resume = self.resumes.update_resume
        self.delete_resume = self.resumes.delete_resume

    async def aclose(self) -> None:
        """Finish what was begun beside the answers."""
        await self.shares.views.aclose()
