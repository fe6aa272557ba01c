"""Guest tokens: somebody without an account looks at one domain, in the name of who invited them, until it expires."""

from datetime import timedelta

from girok.context import require_user
from girok.ratelimit import RateLimiter
from plugins.auth.messages import CreateDomainAccessRequest, CreateDomainAccessResponse
from plugins.auth.rules import check_invitation
from plugins.auth.service.sessions import Sessions
from plugins.auth.service.story import Story

__all__ = ["Guests"]


class Guests:
    """See AuthService in ports.py."""

    def __init__(self, sessions: Sessions, limiter: RateLimiter, story: Story) -> None:
        self._sessions = sessions
        self._limiter = limiter
        self._story = story

    async def create_domain_access(self, request: CreateDomainAccessRequest) -> CreateDomainAccessResponse:
        actor = require_user()
        check_invitation(request.domain, request.expires_in_hours, request.recipient_email)
        await self._limiter.spend("domain_access", f"account:{actor.user_id}")
        domain = request.domain.lower()
        opening = self._sessions.opening(
            actor.user_id, request.device, domain=domain, length=timedelta(hours=request.expires_in_hours)
        )
        entry = self._story.entry("guest.invited", actor.user_id, session_id=opening.session.id, detail=domain)
        await self._sessions.store(opening, entry)
        token = await self._sessions.guest_token(opening, (request.recipient_email or "").strip())
        return CreateDomainAccessResponse(token, opening.session.expires_at)
