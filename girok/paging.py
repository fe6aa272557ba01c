"""Pages after Relay's cursor connections: `first`/`after` in, edges and a PageInfo out."""

import msgspec

from girok.errors import FieldError, InvalidInput, Text

__all__ = ["InvalidCursor", "PageInfo", "check_first"]


class InvalidCursor(InvalidInput):
    """A cursor that girok did not make."""

    reason = "INVALID_CURSOR"
    text = Text("`after` is not a cursor of this list.", "`after` 값이 이 목록의 커서가 아닙니다.")


class PageInfo(msgspec.Struct, frozen=True):
    """Where a page ends and whether there is more. Cursors are opaque."""

    has_next_page: bool
    end_cursor: str | None = None
    has_previous_page: bool = False
    start_cursor: str | None = None


def check_first(first: int, path: str = "first") -> int:
    """`first` when it is 1 to 100. Raises InvalidInput."""
    if not 1 <= first <= 100:
        text = Text(f"`{path}` must be 1 to 100.", f"`{path}` 값은 1에서 100 사이여야 합니다.")
        raise InvalidInput(text, details=(FieldError(path, text),))
    return first
