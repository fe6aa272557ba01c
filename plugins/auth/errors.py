"""Auth's errors."""

from collections.abc import Mapping

from girok.errors import (
    Conflict,
    FieldError,
    GirokError,
    InvalidInput,
    NotFound,
    Text,
    Unauthenticated,
    Unavailable,
)

__all__ = [
    "EmailTaken",
    "HashingBusy",
    "InvalidCredentials",
    "InvalidEmail",
    "InvalidName",
    "InvalidPassword",
    "InvalidUsername",
    "SessionNotFound",
    "UserNotFound",
    "UsernameTaken",
    "raise_first",
]


class EmailTaken(Conflict):
    """Another account has this email, in whatever case it is written."""

    reason = "EMAIL_TAKEN"
    text = Text("This email is already in use.", "이미 사용 중인 이메일입니다.")


class UsernameTaken(Conflict):
    """Another account has this username."""

    reason = "USERNAME_TAKEN"
    text = Text("This username is already in use.", "이미 사용 중인 사용자 이름입니다.")


class InvalidCredentials(Unauthenticated):
    """No account has this email, or its password is another one: which of them is never told."""

    reason = "INVALID_CREDENTIALS"
    text = Text("Invalid credentials", "이메일 또는 비밀번호가 올바르지 않습니다.")


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
    """A password against the rule."""

    reason = "INVALID_PASSWORD"


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
