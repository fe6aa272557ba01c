"""The mails of auth, in English and Korean: what they say and where their links lead. Pure functions.

A name is what somebody typed who need not own the address: it is put into a mail without anything that a mail program
would make a link of, and cut, so that nobody sends their own words with it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from unicodedata import category
from urllib.parse import quote

import msgspec

from girok.context import Locale
from girok.errors import Text
from girok.mail.port import Mail
from plugins.auth.messages import Confidential

__all__ = ["Addressee", "account_exists", "password_changed", "password_reset", "verification"]

_LONGEST_NAME = 40
_IN_NAMES = " .-'\u2019"
_DOT_WITHIN = re.compile(r"\.(?=\S)")
_IGNORE = Text(
    "If this was not you, you need not do anything.", "본인이 요청하지 않았다면 이 메일을 무시하셔도 됩니다."
)
_STYLE = "font-family:sans-serif;font-size:16px;line-height:1.5;color:#222;max-width:34em"


class Addressee(Confidential, frozen=True, kw_only=True):
    """Whom a mail is for, and in which language. `id` and `at` are those of the event that asks for the mail.

    `web_origin` is where links lead: the first of `[web] origins`.
    """

    id: str
    at: datetime
    email: str
    name: str
    locale: Locale
    web_origin: str


class _Link(msgspec.Struct, frozen=True):
    label: Text
    url: str


def verification(to: Addressee, token: str, *, good_for: timedelta) -> Mail:
    """Whether the address is really theirs."""
    return _mail(
        to,
        Text("Confirm your email address", "이메일 주소를 확인해 주세요"),
        [
            Text(
                "Please confirm that this email address belongs to your girok account.",
                "girok 계정에 등록한 이메일 주소가 맞는지 확인해 주세요.",
            ),
            _Link(Text("Confirm the address", "이메일 주소 확인"), _url(to, "verify", token)),
            _good_for(good_for),
            _IGNORE,
        ],
    )


def password_reset(to: Addressee, token: str, *, good_for: timedelta) -> Mail:
    """A new password in place of a forgotten one."""
    return _mail(
        to,
        Text("Choose a new password", "비밀번호를 다시 설정해 주세요"),
        [
            Text(
                "Somebody asked for a new password for your girok account.",
                "girok 계정의 비밀번호 재설정 요청을 받았습니다.",
            ),
            _Link(Text("Choose a new password", "비밀번호 재설정"), _url(to, "reset", token)),
            _good_for(good_for),
            Text(f"{_IGNORE.en} Your password stays as it is.", f"{_IGNORE.ko} 비밀번호는 바뀌지 않습니다."),
        ],
    )


def password_changed(to: Addressee) -> Mail:
    """A warning to the owner, who may not be the one that did it."""
    return _mail(
        to,
        Text("Your password was changed", "비밀번호가 변경되었습니다"),
        [
            Text("The password of your girok account was changed.", "girok 계정의 비밀번호가 변경되었습니다."),
            Text(
                "If this was not you, choose a new one at once: ask for it on the sign-in page.",
                "본인이 변경하지 않았다면 로그인 화면에서 바로 비밀번호를 재설정해 주세요.",
            ),
            _Link(Text("Go to girok", "girok으로 이동"), to.web_origin),
        ],
    )


def account_exists(to: Addressee) -> Mail:
    """Somebody registers with an address that has an account: its owner is told, whoever registers is not."""
    return _mail(
        to,
        Text("You have an account already", "이미 가입한 계정이 있습니다"),
        [
            Text(
                "Somebody tried to register at girok with this email address, which has an account already.",
                "이 이메일 주소로 girok 회원가입 시도가 있었지만 이미 가입한 계정이 있습니다.",
            ),
            Text(
                "If it was you, sign in. If the password is forgotten, ask for a new one on the sign-in page.",
                "본인이라면 로그인해 주세요. 비밀번호를 잊으셨다면 로그인 화면에서 재설정할 수 있습니다.",
            ),
            _Link(Text("Go to girok", "girok으로 이동"), to.web_origin),
            _IGNORE,
        ],
    )


def _mail(to: Addressee, subject: Text, content: Sequence[Text | _Link]) -> Mail:
    parts = [_greeting(to.name), *content, Text("girok", "girok 드림")]
    html = "\n".join(_html(parts, to.locale))
    return Mail(
        id=to.id,
        at=to.at,
        to=to.email,
        subject=subject.of(to.locale),
        text="\n\n".join(_text(each, to.locale) for each in parts) + "\n",
        html=f'<!doctype html>\n<html lang="{to.locale}">\n<body style="{_STYLE}">\n{html}\n</body>\n</html>\n',
    )


def _greeting(name: str) -> Text:
    kept = (each if category(each)[0] in "LMN" or each in _IN_NAMES else " " for each in name[: 4 * _LONGEST_NAME])
    words = " ".join(_DOT_WITHIN.sub(" ", "".join(kept)).split())
    shown = words.lstrip(_IN_NAMES)[:_LONGEST_NAME].rstrip(_IN_NAMES)
    return Text(f"Hello {shown},", f"{shown}님, 안녕하세요.") if shown else Text("Hello,", "안녕하세요.")


def _url(to: Addressee, page: str, token: str) -> str:
    return f"{to.web_origin}/auth/{page}?token={quote(token, safe='')}"


def _good_for(length: timedelta) -> Text:
    minutes = round(length.total_seconds() / 60)
    days, hours = minutes / 1440, minutes / 60
    count, unit, korean = (minutes, "minute", "분")
    if days >= 1 and days.is_integer():
        count, unit, korean = int(days), "day", "일"
    elif hours >= 1 and hours.is_integer():
        count, unit, korean = int(hours), "hour", "시간"
    plural = "" if count == 1 else "s"
    return Text(
        f"The link is good for {count} {unit}{plural}, and once.",
        f"이 링크는 {count}{korean} 동안 한 번만 사용할 수 있습니다.",
    )


def _text(part: Text | _Link, locale: Locale) -> str:
    return part.of(locale) if isinstance(part, Text) else f"{part.label.of(locale)}:\n{part.url}"


def _html(parts: Sequence[Text | _Link], locale: Locale) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Text):
            yield f"<p>{escape(part.of(locale))}</p>"
        else:
            url = escape(part.url)
            yield f'<p><a href="{url}">{escape(part.label.of(locale))}</a><br><small>{url}</small></p>'
