"""What an account may hold, and how it is spelled. Pure functions.

Emails are ASCII: the local part is RFC 5321's dot-string, the domain is in its DNS form (browsers turn an
internationalised one into it). So no two emails look alike, and lower-casing has no surprises of Unicode. Names and
passwords are put into Unicode's NFC (RFC 8265), in which the same Korean typed on two systems is the same.
"""

import ipaddress
import re
import unicodedata

from girok.errors import GirokError, Text
from plugins.auth.errors import InvalidEmail, InvalidName, InvalidPassword, InvalidUsername, raise_first
from plugins.auth.ports import Confidential

__all__ = [
    "RESERVED",
    "Registration",
    "check_registration",
    "clean_label",
    "email_key",
    "is_id",
    "is_username",
    "network",
    "password_bytes",
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
_EMAIL = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+{_TOP}")
_MAX_EMAIL = 254
_MAX_LOCAL = 64
_USERNAME = re.compile(r"[a-z0-9]{3,20}")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MIN_PASSWORD = 8
_MAX_PASSWORD = 1024
_PASSWORD_CLASSES = tuple(re.compile(each) for each in ("[a-z]", "[A-Z]", "[0-9]", "[@$!%*?&]"))
_MIN_NAME = 2
_MAX_NAME = 100
_LONGEST_SPELLING = _MAX_NAME * 4 + 1
"""Four characters at the most become one in NFC: what is longer is too long, and needs no work to tell."""
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that show nothing: Hangul fillers, the empty Braille cell."""
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the text around them, beyond the name itself."""

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
_LONG_PASSWORD = Text("The password must be no more than 1,024 bytes.", "비밀번호는 1,024바이트를 넘을 수 없습니다.")
_BAD_NAME = Text("The name must have 2 to 100 characters.", "이름은 2~100자여야 합니다.")
_UNPRINTABLE_NAME = Text("The name holds characters that are no text.", "이름에 쓸 수 없는 문자가 있습니다.")


class Registration(Confidential, frozen=True):
    """A registration that keeps the rules. `email` is as typed, `email_key` what is unique of it."""

    email: str
    email_key: str
    username: str
    password: bytes
    name: str


def check_registration(email: str, username: str, password: str, name: str) -> Registration:
    """The four as they are stored. Raises InvalidEmail, InvalidUsername, InvalidPassword or InvalidName.

    It is raised for the first field that is wrong, in that order; its details name every one of them.
    """
    email, name = email.strip(), _composed(name.strip()[:_LONGEST_SPELLING])
    faults: dict[str, GirokError | None] = {
        "email": None if email_key(email) else InvalidEmail(_BAD_EMAIL),
        "username": _fault_of_username(username),
        "password": _fault_of_password(password),
        "name": _fault_of_name(name),
    }
    raise_first(faults)
    return Registration(email, email_key(email) or "", username, password_bytes(password) or b"", name)


def email_key(email: str) -> str | None:
    """How an email is looked up: trimmed, in lower case. None for what is no email."""
    trimmed = email.strip()
    if len(trimmed) > _MAX_EMAIL:
        return None
    match = _EMAIL.fullmatch(trimmed)
    return trimmed.lower() if match and len(match["local"]) <= _MAX_LOCAL else None


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
        encoded = _composed(password).encode()
    except UnicodeEncodeError:
        return None
    return encoded if len(encoded) <= _MAX_PASSWORD else None


def clean_label(text: str | None, longest: int) -> str | None:
    """A device's or an address' name for people to read: what cannot be shown is left out, the end cut off."""
    shown = "".join(each for each in (text or "")[:longest] if unicodedata.category(each)[0] not in "CZ" or each == " ")
    return shown.strip() or None


def network(address: str) -> str:
    """Whom a limit by address counts: an IPv4 address, or the /64 that an IPv6 host has for itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _fault_of_username(username: str) -> InvalidUsername | None:
    if not _USERNAME.fullmatch(username):
        return InvalidUsername(_BAD_USERNAME)
    return InvalidUsername(_RESERVED_USERNAME) if username in RESERVED else None


def _fault_of_password(password: str) -> InvalidPassword | None:
    if len(password) > _MAX_PASSWORD:
        return InvalidPassword(_LONG_PASSWORD)
    composed = _composed(password)
    if len(composed) < _MIN_PASSWORD or not all(each.search(composed) for each in _PASSWORD_CLASSES):
        return InvalidPassword(_WEAK_PASSWORD)
    if password_bytes(password) is None:
        return InvalidPassword(_UNPRINTABLE_PASSWORD if _has_surrogates(password) else _LONG_PASSWORD)
    return None


def _fault_of_name(name: str) -> InvalidName | None:
    if not _MIN_NAME <= len(name) <= _MAX_NAME:
        return InvalidName(_BAD_NAME)
    if any(each in _BLANKS | _DIRECTIONS or unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in name):
        return InvalidName(_UNPRINTABLE_NAME)
    return None if any(unicodedata.category(each)[0] in "LNPS" for each in name) else InvalidName(_BAD_NAME)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= each <= "\udfff" for each in text)
