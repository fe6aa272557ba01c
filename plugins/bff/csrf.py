"""The rule against requests that a page of another site sends with this browser's cookie (CSRF).

A page elsewhere can make a browser send a GET, or a POST of a form's media types, with cookies. It cannot send
`application/json` or a header of its own without being asked back (CORS preflight), it cannot hide its `Origin` on a
POST, and it cannot write `Sec-Fetch-*`. The cookie is SameSite=Strict besides; this rule does not count on it.

That a POST is `application/json` is checked where its body is read, for everybody.
"""

from typing import Literal, NamedTuple

__all__ = ["Origin", "Sender", "is_cross_site"]

Origin = Literal["none", "allowed", "foreign"]


class Sender(NamedTuple):
    """What a request says of where it comes from. `marked`: it has `X-Girok-Csrf: 1`."""

    method: str
    origin: Origin = "none"
    fetch_site: str = ""
    marked: bool = False
    has_cookie: bool = False
    has_bearer: bool = False


def is_cross_site(sender: Sender) -> bool:
    """Whether to refuse the request.

    A foreign page is refused without a cookie, too, so that it cannot sign a browser in to an account of its own;
    a bearer alone is nothing that a browser sends by itself.
    """
    if sender.origin == "foreign":
        return sender.has_cookie or not sender.has_bearer
    if not sender.has_cookie or sender.method == "POST":
        return False
    return not (sender.origin == "allowed" or sender.fetch_site in ("same-origin", "none") or sender.marked)
