"""Personal's use cases, a file each. Who acts comes with the call context; what is stored goes through a repository.

resumes.py       one's own resumes
publication.py   what others see of them
shares.py        links for who has no account; views.py counts who looks
preferences.py   how the client looks
uploads.py       files on their way in, temporary ones
attachments.py   the files of a resume; file_copies.py for the copy of one
photos.py        photos as everybody may read them
upkeep.py        what is done in the background: files that nothing keeps go
"""

from girok.kit import Kit
from plugins.auth.ports import AuthService
from plugins.personal.files import BUCKET
from plugins.personal.plugin import PersonalSettings
from plugins.personal.repository import FileRepository, ResumeRepository
from plugins.personal.repository_sql.files import SqlFileRepository
from plugins.personal.repository_sql.preferences import SqlPreferencesRepository
from plugins.personal.repository_sql.resumes import SqlResumeRepository
from plugins.personal.repository_sql.shares import SqlShareRepository
from plugins.personal.service.attachments import Attachments
from plugins.personal.service.file_copies import FileCopies
from plugins.personal.service.photos import Photos
from plugins.personal.service.preferences import UserPreferences
from plugins.personal.service.publication import Publication
from plugins.personal.service.resumes import Resumes
from plugins.personal.service.shares import Shares
from plugins.personal.service.upkeep import Upkeep
from plugins.personal.service.uploads import Uploads
from plugins.personal.wire import public_body

__all__ = ["Personal", "build", "file_repository", "resume_repository"]


def build(kit: Kit) -> "Personal":
    """The service of this process. Its parts are there for the routes of this process alone."""
    personal = Personal(kit, kit.settings.get(PersonalSettings))
    kit.ports.add(Resumes, personal.resumes)
    kit.ports.add(Publication, personal.publication)
    kit.ports.add(Shares, personal.shares)
    kit.ports.add(UserPreferences, personal.preferences)
    kit.ports.add(Uploads, personal.uploads)
    kit.ports.add(Attachments, personal.attachments)
    kit.ports.add(Photos, personal.photos)
    kit.ports.add(Upkeep, personal.upkeep)
    return personal


def resume_repository(kit: Kit) -> ResumeRepository:
    """The storage of resumes."""
    most = kit.settings.get(PersonalSettings).max_content
    return SqlResumeRepository(kit.db, lambda key: kit.objects.public_url(BUCKET, key), most)


def file_repository(kit: Kit) -> FileRepository:
    """The storage of files and attachments."""
    return SqlFileRepository(kit.db, lambda key: kit.objects.public_url(BUCKET, key))


class Personal:
    """See PersonalService in ports.py."""

    def __init__(self, kit: Kit, settings: PersonalSettings) -> None:
        resumes = resume_repository(kit)
        self.publication = Publication(resumes, kit.ports[AuthService], public_body, settings.public_cache_bytes)
        self.shares = Shares(SqlShareRepository(kit.db), resumes, kit.limiter, kit.clock, kit.ids)
        self.preferences = UserPreferences(SqlPreferencesRepository(kit.db), kit.clock, kit.ids)
        files = file_repository(kit)
        self.upkeep = Upkeep(files, kit.objects, kit.clock)
        self.uploads = Uploads(files, kit.objects, kit.limiter, kit.clock, self.upkeep)
        self.attachments = Attachments(files, kit.clock, kit.ids, self.upkeep, settings.max_attachments)
        self.photos = Photos(files, kit.clock)
        copies = FileCopies(files, kit.objects, kit.clock)
        self.resumes = Resumes(resumes, copies, self.upkeep, kit.clock, kit.ids, most=settings.max_resumes)
        self.get_resume = self.resumes.get_resume
        self.get_resumes_by_user_id = self.resumes.get_resumes_by_user_id
        self.get_public_resume = self.publication.get_public_resume
        self.create_resume = self.resumes.create_resume
        self.update_resume = self.resumes.update_resume
        self.delete_resume = self.resumes.delete_resume

    async def start(self) -> None:
        """Begin what is done in the background."""
        await self.upkeep.start()

    async def aclose(self) -> None:
        """Finish what was begun beside the answers."""
        await self.upkeep.aclose()
        await self.shares.views.aclose()
