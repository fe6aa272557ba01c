"""Auth's use cases, a file each. Who acts comes with the call context; everything stored goes through the repository.

sign_in.py     register, log in: from what somebody shows to a session
sessions.py    what a session gives (tokens), whether one is valid, refreshing, ending
profiles.py    what others see of an account, and changing one's own
passwords.py   changing a password
links.py       links in mails: a verified email, a forgotten password
social.py      from an identity at a provider to an account
erasure.py     erasing an account
guests.py      guest tokens for one domain
tickets.py     proofs of one use
story.py       what the audit log is told
operators.py   what `girok user` and `girok audit` do
upkeep.py      what is done in the background: keys, sweeping
"""

from datetime import timedelta

from girok.kit import Kit
from plugins.auth.common_passwords import CommonPasswords, own_list
from plugins.auth.passwords import Argon2, Passwords
from plugins.auth.plugin import AuthSettings
from plugins.auth.repository import AuthRepository
from plugins.auth.repository_sql import SqlAuthRepository, SqlKeyRepository
from plugins.auth.service.erasure import Erasure
from plugins.auth.service.guests import Guests
from plugins.auth.service.links import Links
from plugins.auth.service.operators import Operators
from plugins.auth.service.passwords import PasswordChanges
from plugins.auth.service.profiles import Profiles
from plugins.auth.service.sessions import TOUCH_EVERY, Lengths, Sessions
from plugins.auth.service.sign_in import SignIn
from plugins.auth.service.social import SocialLogins
from plugins.auth.service.story import Story
from plugins.auth.service.tickets import Tickets
from plugins.auth.service.upkeep import Upkeep
from plugins.auth.signing import SigningKeys
from plugins.auth.social.accounts import SocialAccounts
from plugins.auth.tokens import Tokens

__all__ = ["Auth", "build", "repository"]


def build(kit: Kit) -> "Auth":
    """The service of this process."""
    auth = Auth(kit, kit.settings.get(AuthSettings), repository(kit))
    # For the routes and the commands of this process alone.
    kit.ports.add(SigningKeys, auth.keys)
    kit.ports.add(SocialAccounts, auth.social)
    kit.ports.add(Operators, auth.operators)
    return auth


def repository(kit: Kit) -> AuthRepository:
    """The storage that the kit has: SQL, in a cluster with Valkey in front of its sessions."""
    idle = timedelta(days=kit.settings.get(AuthSettings).session_idle_days)
    accounts = SqlAuthRepository(kit.db, idle=idle)
    if kit.valkey is None:
        return accounts
    from plugins.auth.repository_valkey import ValkeyAuthRepository

    return ValkeyAuthRepository(accounts, kit.valkey, touch_every=TOUCH_EVERY)


class Auth:
    """See AuthService in ports.py. What it is made of is there for the REST routes, the commands and the tests."""

    def __init__(self, kit: Kit, settings: AuthSettings, accounts: AuthRepository) -> None:
        cost = Argon2(settings.argon2_memory_kib, settings.argon2_passes, settings.argon2_lanes)
        lengths = Lengths(
            access=timedelta(minutes=settings.access_token_minutes),
            refresh=timedelta(days=settings.refresh_token_days),
            session=timedelta(days=settings.session_days),
        )
        story = Story(kit.clock, kit.ids)
        self.keys = SigningKeys(
            SqlKeyRepository(kit.db), kit.keys, kit.clock, lasting=timedelta(days=settings.signing_key_days)
        )
        common = CommonPasswords(listed=settings.common_passwords, own=own_list(settings.common_passwords_file))
        self.passwords = Passwords(cost, common, settings.argon2_at_once)
        self.sessions = sessions = Sessions(accounts, Tokens(self.keys), story, kit.limiter, lengths)
        self.upkeep = Upkeep(self.keys, accounts, kit.clock)
        sign_in = SignIn(accounts, self.passwords, sessions, kit.limiter, story)
        profiles = Profiles(accounts)
        changes = PasswordChanges(accounts, self.passwords, kit.limiter, story)
        tickets = Tickets(accounts, kit.keys)
        links = Links(accounts, self.passwords, tickets, kit.limiter, story)
        self.erasure = Erasure(accounts, changes, story)
        self.social = SocialLogins(accounts, sign_in, tickets, story)
        self.validate_token = sessions.validate_token
        self.refresh = sessions.refresh
        self.logout = sessions.logout
        self.list_sessions = sessions.list_sessions
        self.end_session = sessions.end_session
        self.end_other_sessions = sessions.end_other_sessions
        self.register = sign_in.register
        self.login = sign_in.login
        self.get_user = profiles.get_user
        self.get_user_by_username = profiles.get_user_by_username
        self.get_users_by_ids = profiles.get_users_by_ids
        self.update_me = profiles.update_me
        self.change_password = changes.change_password
        self.request_password_reset = links.request_password_reset
        self.reset_password = links.reset_password
        self.request_email_verification = links.request_email_verification
        self.verify_email = links.verify_email
        self.delete_me = self.erasure.delete_me
        self.complete_social_login = self.social.complete_social_login
        self.operators = Operators(accounts, self.passwords, self.erasure, story)
        self.create_domain_access = Guests(sessions, kit.limiter, story).create_domain_access

    async def start(self) -> None:
        """Have a key to sign with, and begin what is done in the background."""
        await self.upkeep.start()

    async def settle(self) -> None:
        """Return once every use of a session that was noticed is written."""
        await self.sessions.settle()

    async def aclose(self) -> None:
        """Finish what was begun in the background."""
        await self.upkeep.aclose()
        await self.settle()
        self.passwords.close()
