"""The two cookies of a social login. Both are out of reach of scripts and `SameSite=Lax`: they come back when the
provider sends the browser to the callback, which `Strict` would not allow.

`attempt` remembers a login until its callback, one for each provider; `browser` binds the code that the callback gives
to the browser that it gave it to. Over https their names begin with `__Host-`, so that no other host of the domain can
plant one: with somebody else's attempt a browser could be signed in to somebody else's account.
"""

from datetime import timedelta

from litestar.datastructures import Cookie

from plugins.auth.social.attempt import LASTING

__all__ = ["attempt_of", "browser_of", "with_attempt", "with_browser", "without_attempt", "without_browser"]

_BROWSER = "social_browser"
_CODE_LASTS = timedelta(seconds=60)


def attempt_of(header: str, path: str, *, secure: bool) -> str | None:
    """The sealed attempt with the provider at `path` in a Cookie header."""
    return _read(header, _name(_attempt(path), secure))


def browser_of(header: str, *, secure: bool) -> str | None:
    """The browser's secret in a Cookie header, for `completeSocialLogin`."""
    return _read(header, _name(_BROWSER, secure))


def with_attempt(value: str, path: str, *, secure: bool) -> Cookie:
    """Gives a browser its sealed attempt."""
    return _written(_attempt(path), value, LASTING, secure)


def without_attempt(path: str, *, secure: bool) -> Cookie:
    """Takes it away."""
    return _written(_attempt(path), "", timedelta(0), secure)


def with_browser(value: str, *, secure: bool) -> Cookie:
    """Gives a browser the secret of its code."""
    return _written(_BROWSER, value, _CODE_LASTS, secure)


def without_browser(*, secure: bool) -> bytes:
    """The Set-Cookie header that takes it away, once `completeSocialLogin` has used the code."""
    return _written(_BROWSER, "", timedelta(0), secure).to_header(header="").strip().encode()


def _attempt(path: str) -> str:
    return f"social_login_{path.replace('/', '.')}"


def _name(name: str, secure: bool) -> str:  # noqa: FBT001 - passed on
    return f"__Host-{name}" if secure else name


def _written(name: str, value: str, lasting: timedelta, secure: bool) -> Cookie:  # noqa: FBT001 - passed on
    return Cookie(
        key=_name(name, secure),
        value=value,
        max_age=int(lasting.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _read(header: str, name: str) -> str | None:
    """None also for two different values: which of them is ours cannot be told."""
    pairs = (each.strip().partition("=") for each in header.split(";"))
    values = {value for each, _, value in pairs if each == name}
    return values.pop() if len(values) == 1 else None
