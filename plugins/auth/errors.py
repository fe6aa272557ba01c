"""Auth's errors."""

from collections.abc import Mapping

from girok.errors import (
    Conflict,
    FieldError,
    Forbidden,
    GirokError,
    InvalidInput,
    NotFound,
    Text,
    Unauthenticated,
    Unavailable,
)

__all__ = [
    "WRONG_PASSWORD",
    "AccountDisabled",
    "EmailTaken",
    "HashingBusy",
    "IdentityTaken",
    "InvalidAvatar",
    "InvalidBio",
    "InvalidCredentials",
    "InvalidDomain",
    "InvalidDuration",
    "InvalidEmail",
    "InvalidName",
    "InvalidPassword",
    "InvalidRefreshToken",
    "InvalidTicket",
    "InvalidUsername",
    "SessionNotFound",
    "SocialEmailMissing",
    "UserNotFound",
    "UsernameTaken",
    "raise_first",
]


WRONG_PASSWORD = Text("The current password is wrong.", "현재 비밀번호가 올바르지 않습니다.")
"""Of an InvalidPassword that is not the present one."""


class EmailTaken(Conflict):
    """Another account has this email, in whatever case it is written."""

    reason = "EMAIL_TAKEN"
    text = Text("This email is already in use.", "이미 사용 중인 이메일입니다.")


class UsernameTaken(Conflict):
    """Another account has this username."""

    reason = "USERNAME_TAKEN"
    text = Text("This username is already in use.", "이미 사용 중인 사용자 이름입니다.")


class IdentityTaken(Conflict):
    """The identity at a provider has come to belong to an account meanwhile."""

    reason = "IDENTITY_TAKEN"
    text = Text(
        "This sign-in already belongs to an account. Please try again.",
        "이미 계정에 연결된 로그인입니다. 다시 시도해 주세요.",
    )


class InvalidCredentials(Unauthenticated):
    """No account has this email, or its password is another one: which of them is never told."""

    reason = "INVALID_CREDENTIALS"
    text = Text("Invalid credentials", "이메일 또는 비밀번호가 올바르지 않습니다.")


class InvalidRefreshToken(Unauthenticated):
    """A refresh token that is malformed, expired, used up, or of a session that ended."""

    reason = "INVALID_REFRESH_TOKEN"
    text = Text("The refresh token is not valid: sign in again.", "다시 로그인해 주세요.")


class AccountDisabled(Forbidden):
    """The password is right, but nobody may sign in to this account."""

    reason = "ACCOUNT_DISABLED"
    text = Text("This account is disabled.", "사용이 중지된 계정입니다.")


class UserNotFound(NotFound):
    """There is no such account."""

    reason = "USER_NOT_FOUND"
    text = Text("There is no such user.", "사용자를 찾을 수 없습니다.")


class SessionNotFound(NotFound):
    """There is no such session, or it is somebody else's."""

    reason = "SESSION_NOT_FOUND"
    text = Text("There is no such session.", "세션을 찾을 수 없습니다.")


class InvalidEmail(InvalidInput):
    """Not an email address that girok takes."""

    reason = "INVALID_EMAIL"


class InvalidUsername(InvalidInput):
    """A username against the rule, or a reserved one."""

    reason = "INVALID_USERNAME"


class InvalidPassword(InvalidInput):
    """A password against the rule, or not the present one of its account, or of one that has none.

    The latter is no 401 either: clients would refresh their token and send it again.
    """

    reason = "INVALID_PASSWORD"
    names_rest_code = True


class InvalidAvatar(InvalidInput):
    """Not the web address of an image."""

    reason = "INVALID_AVATAR"
    text = Text(
        "The avatar must be a web address (http or https) of at most 2,048 characters.",
        "프로필 이미지는 2,048자 이하의 웹 주소(http 또는 https)여야 합니다.",
    )


class InvalidBio(InvalidInput):
    """A bio against the rule."""

    reason = "INVALID_BIO"
    text = Text("The bio must have at most 500 characters.", "소개는 500자를 넘을 수 없습니다.")


class InvalidDomain(InvalidInput):
    """Not the name of a host."""

    reason = "INVALID_DOMAIN"
    text = Text(
        "The domain must be the name of a host, like my.example.com.", "도메인은 my.example.com 형식이어야 합니다."
    )


class InvalidDuration(InvalidInput):
    """A guest token for too short or too long a time."""

    reason = "INVALID_DURATION"
    text = Text("expiresInHours must be 1 to 720.", "expiresInHours는 1~720이어야 합니다.")


class SocialEmailMissing(InvalidInput):
    """The provider gives no email, without which there can be no account."""

    reason = "EMAIL_REQUIRED"
    text = Text(
        "The provider did not share an email address: allow it, or sign up with an email.",
        "이메일 제공에 동의하거나 이메일로 가입해 주세요.",
    )


class InvalidTicket(InvalidInput):
    """A link or a code that is malformed, was used, has expired, or belongs to another browser."""

    reason = "INVALID_TICKET"
    text = Text(
        "This link is no longer valid: ask for a new one.", "더 이상 유효하지 않은 링크입니다. 다시 요청해 주세요."
    )


class InvalidName(InvalidInput):
    """A name against the rule."""

    reason = "INVALID_NAME"


class HashingBusy(Unavailable):
    """More passwords wait to be hashed than can be within a call's deadline."""

    reason = "HASHING_BUSY"


def raise_first(faults: Mapping[str, GirokError | None]) -> None:
    """Raise the first of the fields' faults that is one, with every fault in its details; do nothing without any."""
    found = {path: fault for path, fault in faults.items() if fault is not None}
    details = [FieldError(path, fault.message) for path, fault in found.items()]
    for fault in found.values():
        raise type(fault)(fault.message, details=details)
