"""The bff's errors."""

from girok.errors import Forbidden, InvalidInput, Text

__all__ = ["CrossSiteRequest", "InsecureTransport", "RequestCut"]


class InsecureTransport(Forbidden):
    """Signing in over plain http, where others on the network could read the password."""

    reason = "INSECURE_TRANSPORT"
    text = Text("Signing in needs https.", "로그인은 https로만 할 수 있습니다.")


class CrossSiteRequest(Forbidden):
    """The request comes from a page of another site, or does not show that it does not."""

    reason = "CROSS_SITE_REQUEST"
    text = Text("Requests from other sites are refused.", "다른 사이트에서 보낸 요청은 처리하지 않습니다.")


class RequestCut(InvalidInput):
    """The client went away before the end of its request."""

    reason = "REQUEST_CUT"
    text = Text("The request ended too early.", "요청이 중간에 끊겼습니다.")
