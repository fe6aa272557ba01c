"""Feed's errors."""

from girok.errors import Forbidden, InvalidInput, NotFound, Text

__all__ = ["CannotFollowOneself", "InvalidClientId", "InvalidText", "NotYourPost", "PostNotFound"]


class PostNotFound(NotFound):
    """There is no such post, or it was deleted."""

    reason = "POST_NOT_FOUND"
    text = Text("There is no such post.", "게시물을 찾을 수 없습니다.")


class NotYourPost(Forbidden):
    """Only the author deletes a post."""

    reason = "NOT_YOUR_POST"
    text = Text("Only its author may delete a post.", "작성자만 게시물을 삭제할 수 있습니다.")


class InvalidText(InvalidInput):
    """A post's text is blank, too long or holds characters that are no text."""

    reason = "INVALID_TEXT"


class InvalidClientId(InvalidInput):
    """A client's id for a post is empty, too long or holds control characters."""

    reason = "INVALID_CLIENT_ID"
    text = Text("`clientId` must be 1 to 100 printable characters.", "`clientId`는 1~100자여야 합니다.")


class CannotFollowOneself(InvalidInput):
    """One's own posts are in one's timeline anyway."""

    reason = "CANNOT_FOLLOW_ONESELF"
    text = Text("You cannot follow yourself.", "자기 자신을 팔로우할 수 없습니다.")
