"""The seam between the protocol and the accounts: what auth's service provides to `http.routes`."""

from typing import Protocol

from plugins.auth.social.profile import SocialProfile

__all__ = ["SocialAccounts"]


class SocialAccounts(Protocol):
    """Accounts, as the end of a social login needs them.

    The provider has proven the profile to this process a moment ago: `(provider, subject)` is who signed in. An account
    that is linked to it is signed in to. Where none is, the email decides: nobody's email makes a new account (verified
    as the profile says); somebody's email joins that account only when it is verified and the account's owner shows
    its password (`completeSocialLogin(code, password)`), and never when it is not verified.

    Both may raise any GirokError: the browser is sent to `{web_origin}/auth/callback?error={reason}`. They run in the
    call context of the callback: nobody acts, the address is the browser's.
    """

    async def sign_in(self, profile: SocialProfile, device: str | None) -> str:
        """For the clients of rest.md: a new session's access token, which goes into `?token=`.

        `device` is the User-Agent. Raises EmailTaken where a password would have to be shown first: these clients
        cannot.
        """
        ...

    async def hold(self, profile: SocialProfile, browser: str) -> str:
        """For the cookie session: a code of one use, good for 60 s, which goes into `?code=`.

        It is good together with `browser` only, a fresh secret (43 characters of base64url) that the callback gives to
        the browser as a cookie: whoever answers `completeSocialLogin` reads that with `cookies.browser_of` and compares
        in constant time. Store no more of either than a hash.
        """
        ...
