"""How a social login fails. Most reach people as `{web_origin}/auth/callback?error={reason}`."""

from girok.errors import Forbidden, InvalidInput, NotFound, Text, Unauthenticated, Unavailable

__all__ = [
    "ProviderNotConfigured",
    "ProviderUnavailable",
    "SocialLoginDenied",
    "SocialLoginExpired",
    "SocialLoginFailed",
]


class ProviderNotConfigured(NotFound):
    """girok knows how to sign in there, and was given no client id for it."""

    reason = "PROVIDER_NOT_CONFIGURED"
    text = Text("Signing in there is not set up here.", "이 로그인은 설정되어 있지 않습니다.")

    def __init__(self, label: str, setting: str) -> None:
        """`setting` is the key that is missing, as `auth.google.client_id`."""
        super().__init__(
            Text(
                f"Signing in with {label} is not set up here: {setting} is not set.",
                f"{label} 로그인이 설정되어 있지 않습니다({setting}).",
            )
        )


class SocialLoginExpired(InvalidInput):
    """Not the end of a login that this browser began in the last ten minutes: stale, used, or somebody else's."""

    reason = "SOCIAL_LOGIN_EXPIRED"
    text = Text("This sign-in has expired. Please try again.", "로그인 시간이 만료되었습니다. 다시 시도해 주세요.")


class SocialLoginDenied(Forbidden):
    """The user, or the provider for them, said no."""

    reason = "SOCIAL_LOGIN_DENIED"
    text = Text("The sign-in was cancelled.", "로그인이 취소되었습니다.")


class SocialLoginFailed(Unauthenticated):
    """The provider does not know the code, or what it says is not meant for this login."""

    reason = "SOCIAL_LOGIN_FAILED"
    text = Text(
        "The sign-in could not be verified. Please try again.", "로그인을 확인할 수 없습니다. 다시 시도해 주세요."
    )


class ProviderUnavailable(Unavailable):
    """The provider does not answer in time, or not in a form that can be read."""

    reason = "SOCIAL_PROVIDER_UNAVAILABLE"
    text = Text(
        "The sign-in service does not answer. Please try again later.",
        "로그인 서비스가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.",
    )
