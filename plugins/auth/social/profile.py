"""Who somebody is at a provider, out of what each provider answers. Pure."""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

__all__ = ["MalformedProfile", "SocialProfile", "from_claims", "from_kakao", "from_naver"]

Answer = Mapping[str, Any]
_SUBJECT = re.compile(r"[ -~]{1,255}")
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,255}")
_LONGEST_EMAIL = 254
_LONGEST_NAME = 100
_AVATAR = re.compile(r"https://[!-~]{1,2040}")


class MalformedProfile(Exception):
    """A provider's answer that does not say who somebody is."""


class SocialProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is at `provider`: `google`, `kakao`, `naver` or `oidc:NAME`.

    `subject` is their id there, which never becomes somebody else's; an email may. What is no email, name or https
    address is None. `email_verified` is only true where the provider says that it has checked.
    """

    provider: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    avatar: str | None = None

    def __repr__(self) -> str:
        """Without the person."""
        return f"SocialProfile({self.provider!r}, ...)"


def from_claims(provider: str, claims: Answer) -> SocialProfile:
    """From the claims of an ID token or of userinfo (OpenID Connect Core, section 5.1). Raises MalformedProfile."""
    return _profile(
        provider,
        claims.get("sub"),
        email=claims.get("email"),
        email_verified=claims.get("email_verified") is True,
        name=claims.get("name"),
        avatar=claims.get("picture"),
    )


def from_kakao(provider: str, answer: Answer) -> SocialProfile:
    """From Kakao's /v2/user/me: the parts that the user agreed to are in `kakao_account`. Raises MalformedProfile.

    An email that is not valid any more has passed to another Kakao account, so that a verified one must be both.
    """
    account = _table(answer, "kakao_account")
    shown = _table(account, "profile")
    number = answer.get("id")
    return _profile(
        provider,
        str(number) if type(number) is int else None,
        email=account.get("email"),
        email_verified=account.get("is_email_verified") is True and account.get("is_email_valid") is True,
        name=shown.get("nickname"),
        avatar=shown.get("profile_image_url"),
    )


def from_naver(provider: str, answer: Answer) -> SocialProfile:
    """From Naver's /v1/nid/me, which has it all in `response`. Raises MalformedProfile.

    Naver gives the address that its user wants mail at, and documents no word on who has checked it: never verified.
    """
    person = _table(answer, "response")
    return _profile(
        provider,
        person.get("id"),
        email=person.get("email"),
        email_verified=False,
        name=person.get("name") or person.get("nickname"),
        avatar=person.get("profile_image"),
    )


def _profile(
    provider: str, subject: object, *, email: object, email_verified: bool, name: object, avatar: object
) -> SocialProfile:
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise MalformedProfile(f"{provider} names no subject")
    address = _email(email)
    return SocialProfile(
        provider=provider,
        subject=subject,
        email=address,
        email_verified=email_verified and address is not None,
        name=_name(name),
        avatar=avatar if isinstance(avatar, str) and _AVATAR.fullmatch(avatar) else None,
    )


def _email(value: object) -> str | None:
    known = isinstance(value, str) and len(value) <= _LONGEST_EMAIL and _EMAIL.fullmatch(value)
    return value if isinstance(value, str) and known else None


def _name(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    printable = "".join(each if each.isprintable() else " " for each in value)
    return " ".join(printable.split())[:_LONGEST_NAME].strip() or None


def _table(answer: Answer, key: str) -> Answer:
    value = answer.get(key)
    return cast("Answer", value) if isinstance(value, dict) else {}
