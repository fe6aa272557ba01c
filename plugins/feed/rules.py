"""What a post may hold. Pure functions."""

import unicodedata

from girok.errors import FieldError, Text
from plugins.feed.errors import InvalidClientId, InvalidText

__all__ = ["check_client_id", "check_text"]

_MAX_CLIENT_ID = 100
_LAYOUT = "\n\t"


def check_text(text: str, longest: int) -> str:
    """The text with its line ends unified and the space around it removed. Raises InvalidText."""
    clean = text.replace("\r\n", "\n").strip()
    if not clean:
        raise _invalid(Text("`text` must not be blank.", "`text`를 입력해 주세요."))
    if len(clean) > longest:
        raise _invalid(
            Text(f"`text` may have {longest} characters at the most.", f"`text`는 최대 {longest}자까지 쓸 수 있습니다.")
        )
    if not _printable(clean):
        raise _invalid(Text("`text` holds characters that are no text.", "`text`에 쓸 수 없는 문자가 있습니다."))
    return clean


def check_client_id(client_id: str | None) -> str | None:
    """The client's id as it is. Raises InvalidClientId."""
    if client_id is not None and not (0 < len(client_id) <= _MAX_CLIENT_ID and _printable(client_id)):
        raise InvalidClientId(details=(FieldError("input.clientId", InvalidClientId.text),))
    return client_id


def _printable(text: str) -> bool:
    """No control characters but line feeds and tabs, and no halves of surrogate pairs: no store can keep those."""
    return all(each in _LAYOUT or unicodedata.category(each) not in ("Cc", "Cs") for each in text)


def _invalid(text: Text) -> InvalidText:
    return InvalidText(text, details=(FieldError("input.text", text),))
