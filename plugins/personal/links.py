"""What a share link is: its token, how long it is good for, and whose look at it is a view. Pure but for chance."""

import calendar
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from girok.errors import FieldError, Text
from plugins.personal.errors import InvalidExpiry, ShareExpired, ShareInactive

__all__ = ["Duration", "ShareLink", "check_open", "expiry", "is_token", "new_token", "seen_by_a_person"]

Duration = Literal["1_week", "1_month", "3_months", "permanent", "custom"]

_TOKEN_BYTES = 20
_TOKEN = re.compile(rf"[0-9a-f]{{{_TOKEN_BYTES * 2}}}", re.ASCII)
_MONTHS: Mapping[Duration, int] = {"1_month": 1, "3_months": 3}
_ROBOTS = re.compile(
    r"(?<!cu)bot\b|bot[/_-]|crawl|spider|slurp|scrap|facebookexternalhit|inspectiontool|lighthouse|mediapartners"
    r"|preview|whatsapp/|yeti/|daum",
    re.IGNORECASE,
)
"""Search engines, and what fetches a link to show a card for it. (CUBOT makes telephones.) KakaoTalk's own browser is
a person's, its scraper calls itself one."""

_MISSING = Text("customExpiresAt is needed with the duration custom.", "만료 시각(customExpiresAt)을 지정해 주세요.")
_PAST = Text("customExpiresAt must lie in the future.", "만료 시각은 현재 이후여야 합니다.")


class ShareLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link. It is good until `expires_at`, for good when that is None, while it is active."""

    id: str
    token: str
    resume_id: str
    user_id: str
    expires_at: datetime | None
    is_active: bool
    view_count: int = 0
    last_viewed_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    def __repr__(self) -> str:
        return f"ShareLink({self.id})"  # never the token, which lets anybody in


def new_token() -> str:
    """160 random bits, in characters that survive chats and mails."""
    return secrets.token_hex(_TOKEN_BYTES)


def is_token(text: str) -> bool:
    """Whether a link can have this token."""
    return _TOKEN.fullmatch(text) is not None


def expiry(duration: Duration, custom: datetime | None, now: datetime) -> datetime | None:
    """Until when a link is good; None for good. Months are those of the calendar, the day cut to the month's last.

    `custom` counts with the duration of that name alone; without a zone it is UTC. Raises InvalidExpiry.
    """
    if duration == "permanent":
        return None
    if duration == "1_week":
        return now + timedelta(weeks=1)
    if duration == "custom":
        return _custom(custom, now)
    return _months_later(now, _MONTHS[duration])


def check_open(link: ShareLink, now: datetime) -> None:
    """Raises ShareInactive or ShareExpired for a link that shows nothing now."""
    if not link.is_active:
        raise ShareInactive
    if link.expires_at is not None and link.expires_at <= now:
        raise ShareExpired


def seen_by_a_person(user_agent: str, purpose: str) -> bool:
    """Whether a request that says this of itself is a look by somebody: no robot, no browser that loads ahead.

    `purpose` is the header Sec-Purpose.
    """
    return not _ROBOTS.search(user_agent) and "prefetch" not in purpose.lower()


def _custom(custom: datetime | None, now: datetime) -> datetime:
    if custom is None:
        raise InvalidExpiry(_MISSING, details=[FieldError("customExpiresAt", _MISSING)])
    try:
        moment = custom.replace(tzinfo=UTC) if custom.tzinfo is None else custom.astimezone(UTC)
    except OverflowError:
        raise InvalidExpiry from None
    if moment <= now:
        raise InvalidExpiry(_PAST, details=[FieldError("customExpiresAt", _PAST)])
    return moment


def _months_later(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
