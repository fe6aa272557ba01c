"""Auth's errors."""

from girok.errors import NotFound, Text

__all__ = ["UserNotFound"]


class UserNotFound(NotFound):
    """There is no such account."""

    reason = "USER_NOT_FOUND"
    text = Text("There is no such user.", "사용자를 찾을 수 없습니다.")
