"""What an account may hold, and how it is spelled. Pure functions.

Emails are ASCII: the local part is RFC 5321's dot-string, the domain is in its DNS form (browsers turn an
internationalised one into it). So no two emails look alike, and lower-casing has no surprises of Unicode. Names and
passwords are put into Unicode's NFC (RFC 8265), in which the same Korean typed on two systems is the same.
"""

import re
import unicodedata
from collections.abc import Container

from girok.errors import GirokError, Text
from plugins.auth.errors import (
    InvalidAvatar,
    InvalidBio,
    InvalidDomain,
    InvalidDuration,
    InvalidEmail,
    InvalidName,
    InvalidPassword,
    InvalidUsername,
    raise_first,
)
from plugins.auth.messages import Confidential, UpdateMeRequest

__all__ = [
    "BIO_PATTERN",
    "DOMAIN_PATTERN",
    "EMAIL_PATTERN",
    "NAME_PATTERN",
    "PASSWORD_PATTERN",
    "RESERVED",
    "USERNAME_PATTERN",
    "Registration",
    "check_email",
    "check_invitation",
    "check_password",
    "check_profile",
    "check_registration",
    "clean_label",
    "email_key",
    "is_id",
    "is_username",
    "password_bytes",
    "social_name",
]

_PATHS = """
about account admin api app assets auth bff callback chat docs edit explore favicon feed graphiql graphql health healthz
help home livez llm login logout matching me media metrics my new notifications null personal post posts preview privacy
private public readyz register resume resumes room rooms schema search session sessions settings share shared signin
signout signup socket static status support temp terms timeline undefined user username users v1 v2 well ws www
"""
"""Paths of the clients and of girok."""
_OFFICES = "administrator girok moderator root security staff system"
"""Who must not be posed as."""
RESERVED = frozenset((*_PATHS.split(), *_OFFICES.split()))

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_TOP = r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
EMAIL_PATTERN = rf"^(?=.{{1,254}}$)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_TOP}$"
_EMAIL = re.compile(EMAIL_PATTERN)
DOMAIN_PATTERN = rf"^(?:(?:{_LABEL}\.)+{_TOP}|localhost)(?::[0-9]{{1,5}})?$"
_DOMAIN = re.compile(DOMAIN_PATTERN)
_MAX_DOMAIN = 253
_MOST_HOURS = 720
_AVATAR = re.compile(r"https?://[!-~]+", re.ASCII)
_MAX_AVATAR = 2048
_MAX_BIO = 500
USERNAME_PATTERN = r"^[a-z0-9]{3,20}$"
_USERNAME = re.compile(USERNAME_PATTERN)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MIN_PASSWORD = 8
_MAX_PASSWORD = 1024
_PASSWORD_CLASSES = tuple(re.compile(each) for each in ("[a-z]", "[A-Z]", "[0-9]", "[@$!%*?&]"))
_ALL_CLASSES = "".join(rf"(?=[^\x00]*{each.pattern})" for each in _PASSWORD_CLASSES)
PASSWORD_PATTERN = rf"^{_ALL_CLASSES}[^\x00]{{{_MIN_PASSWORD},{_MAX_PASSWORD}}}$"
_MIN_NAME = 2
_MAX_NAME = 100
_LONGEST_SPELLING = _MAX_NAME * 4 + 1
"""Four characters at the most become one in NFC: what is longer is too long, and needs no work to tell."""
_BLANKS = r"\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols that show nothing: Hangul fillers, the empty Braille cell."""
_DIRECTIONS = r"\u202a-\u202e\u2066-\u2069"
"""They turn the text around them, beyond the name itself."""
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_IGNORABLE = (
    r"\xad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What is not shown by itself: Unicode's Default_Ignorable_Code_Point, but for what no name may hold."""
_SURROGATES = r"\ud800-\udfff"
_NO_NAME = _CONTROLS + _BLANKS + _DIRECTIONS
_NO_BIO = rf"\x00-\x08\x0b-\x1f\x7f-\x9f{_DIRECTIONS}"
_IS_SHOWN = re.compile(rf"[^\s{_IGNORABLE}]")
_IN_NO_NAME = re.compile(rf"[{_NO_NAME}{_SURROGATES}]")
_IN_NO_BIO = re.compile(rf"[{_NO_BIO}{_SURROGATES}]")
_ENDS = rf"[^\s{_NO_NAME}]"
NAME_PATTERN = rf"^\s*(?=[^{_NO_NAME}]*{_IS_SHOWN.pattern}){_ENDS}[^{_NO_NAME}]{{0,{_MAX_NAME - 2}}}{_ENDS}\s*$"
BIO_PATTERN = rf"^[^{_NO_BIO}]*$"

_BAD_EMAIL = Text("The email is not a valid address.", "이메일 주소가 올바르지 않습니다.")
_BAD_USERNAME = Text(
    "The username must have 3 to 20 characters of a-z and 0-9.",
    "사용자 이름은 영문 소문자와 숫자로 3~20자여야 합니다.",
)
_RESERVED_USERNAME = Text("This username is reserved.", "사용할 수 없는 사용자 이름입니다.")
_UNPRINTABLE_PASSWORD = Text(
    "The password holds characters that are no text.", "비밀번호에 쓸 수 없는 문자가 있습니다."
)
_WEAK_PASSWORD = Text(
    "The password must have at least 8 characters, with a lower-case letter (a-z), an upper-case letter (A-Z), "
    "a digit and one of @$!%*?&.",
    "비밀번호는 8자 이상이어야 하며 영문 소문자, 영문 대문자, 숫자와 특수문자(@$!%*?&)를 "
    "각각 하나 이상 포함해야 합니다.",
)
_LONG_PASSWORD = Text("The password must be no more than 1,024 characters.", "비밀번호는 1,024자를 넘을 수 없습니다.")
_COMMON_PASSWORD = Text(
    "The password is too easy to guess: it is a common word, name or keyboard pattern with only a few digits or "
    "symbols added. Use several words, or other characters in between.",
    "추측하기 쉬운 비밀번호입니다. 흔한 단어나 이름, 키보드 배열에 숫자나 기호 몇 개만 더한 비밀번호는 쓸 수 없습니다. "
    "여러 단어를 이어 쓰거나 중간에 다른 문자를 섞어 주세요.",
)
_BAD_NAME = Text("The name must have 2 to 100 characters.", "이름은 2~100자여야 합니다.")
_UNPRINTABLE_BIO = Text("The bio holds characters that are no text.", "소개에 쓸 수 없는 문자가 있습니다.")
_UNPRINTABLE_NAME = Text("The name holds characters that are no text.", "이름에 쓸 수 없는 문자가 있습니다.")


class Registration(Confidential, frozen=True):
    """A registration that keeps the rules. `email` is as typed, `email_key` what is unique of it."""

    email: str
    email_key: str
    username: str
    password: bytes
    name: str


def check_registration(email: str, username: str, password: str, name: str, common: Container[str]) -> Registration:
    """The four as they are stored. Raises InvalidEmail, InvalidUsername, InvalidPassword or InvalidName.

    It is raised for the first field that is wrong, in that order; its details name every one of them. `common` are the
    passwords that nobody may choose.
    """
    email, name = email.strip(), _composed(name.strip()[:_LONGEST_SPELLING])
    faults: dict[str, GirokError | None] = {
        "email": None if email_key(email) else InvalidEmail(_BAD_EMAIL),
        "username": _fault_of_username(username),
        "password": _fault_of_password(password, common),
        "name": _fault_of_name(name),
    }
    raise_first(faults)
    return Registration(email, email_key(email) or "", username, password_bytes(password) or b"", name)


def check_password(password: str, path: str, common: Container[str]) -> bytes:
    """What is hashed of a new password. Raises InvalidPassword, with a detail for the field `path`."""
    raise_first({path: _fault_of_password(password, common)})
    return password_bytes(password) or b""


def check_profile(request: UpdateMeRequest) -> dict[str, str | None]:
    """The fields of an account that change, as they are stored. Raises InvalidName, InvalidUsername, ... as above."""
    name = None if request.name is None else _composed(request.name.strip()[:_LONGEST_SPELLING])
    bio = None if request.bio is None else _composed(request.bio.strip()[: _MAX_BIO * 4 + 1])
    faults: dict[str, GirokError | None] = {
        "name": None if name is None else _fault_of_name(name),
        "username": None if request.username is None else _fault_of_username(request.username),
        "avatar": None if not request.avatar else _fault_of_avatar(request.avatar),
        "bio": None if not bio else _fault_of_bio(bio),
    }
    raise_first(faults)
    given = {"name": name, "username": request.username, "avatar": request.avatar, "bio": bio}
    return {field: value or None for field, value in given.items() if value is not None}


def check_email(email: str) -> str:
    """How this email is looked up. Raises InvalidEmail."""
    key = email_key(email)
    raise_first({"email": None if key else InvalidEmail(_BAD_EMAIL)})
    return key or ""


def social_name(name: str | None) -> str | None:
    """A name that a provider gives, if an account can have it."""
    cleaned = _composed((name or "").strip()[:_MAX_NAME])
    return cleaned if _fault_of_name(cleaned) is None else None


def check_invitation(domain: str, hours: int, email: str | None) -> None:
    """Raises InvalidDomain, InvalidDuration, InvalidEmail for a guest token that there cannot be."""
    faults: dict[str, GirokError | None] = {
        "domain": None if len(domain) <= _MAX_DOMAIN and _DOMAIN.fullmatch(domain) else InvalidDomain(),
        "expiresInHours": None if 1 <= hours <= _MOST_HOURS else InvalidDuration(),
        "recipientEmail": None if email is None or email_key(email) else InvalidEmail(_BAD_EMAIL),
    }
    raise_first(faults)


def email_key(email: str) -> str | None:
    """How an email is looked up: trimmed, in lower case. None for what is no email."""
    trimmed = email.strip()
    return trimmed.lower() if _EMAIL.fullmatch(trimmed) else None


def is_username(text: str) -> bool:
    """Whether an account can be called this."""
    return _USERNAME.fullmatch(text) is not None and text not in RESERVED


def is_id(text: str) -> bool:
    """Whether an account or a session can have this id."""
    return _ID.fullmatch(text) is not None


def password_bytes(password: str) -> bytes | None:
    """What is hashed of a password. None for what no account can have: too long, or halves of surrogate pairs."""
    if len(password) > _MAX_PASSWORD:
        return None
    try:
        return _composed(password).encode()
    except UnicodeEncodeError:
        return None


def clean_label(text: str | None, longest: int) -> str | None:
    """A device's or an address' name for people to read: what cannot be shown is left out, the end cut off."""
    shown = "".join(each for each in (text or "")[:longest] if unicodedata.category(each)[0] not in "CZ" or each == " ")
    return shown.strip() or None


def _fault_of_username(username: str) -> InvalidUsername | None:
    if not _USERNAME.fullmatch(username):
        return InvalidUsername(_BAD_USERNAME)
    return InvalidUsername(_RESERVED_USERNAME) if username in RESERVED else None


def _fault_of_password(password: str, common: Container[str]) -> InvalidPassword | None:
    if len(password) > _MAX_PASSWORD:
        return InvalidPassword(_LONG_PASSWORD)
    composed = _composed(password)
    if len(composed) < _MIN_PASSWORD or not all(each.search(composed) for each in _PASSWORD_CLASSES):
        return InvalidPassword(_WEAK_PASSWORD)
    if password_bytes(password) is None:
        return InvalidPassword(_UNPRINTABLE_PASSWORD)
    return InvalidPassword(_COMMON_PASSWORD) if composed in common else None


def _fault_of_name(name: str) -> InvalidName | None:
    if not _MIN_NAME <= len(name) <= _MAX_NAME:
        return InvalidName(_BAD_NAME)
    if _IN_NO_NAME.search(name):
        return InvalidName(_UNPRINTABLE_NAME)
    return None if _IS_SHOWN.search(name) else InvalidName(_BAD_NAME)


def _fault_of_avatar(avatar: str) -> InvalidAvatar | None:
    """A web address, so that no client runs anything when it shows it."""
    return None if len(avatar) <= _MAX_AVATAR and _AVATAR.fullmatch(avatar) else InvalidAvatar()


def _fault_of_bio(bio: str) -> InvalidBio | None:
    if len(bio) > _MAX_BIO:
        return InvalidBio()
    return InvalidBio(_UNPRINTABLE_BIO) if _IN_NO_BIO.search(bio) else None


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
