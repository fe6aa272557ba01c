"""Pages that girok itself shows: one document each, with nothing from anywhere and without scripts."""

import base64
import hashlib

__all__ = ["page_headers"]


def page_headers(style: str) -> dict[str, str]:
    """The headers of a page; its policy allows this style sheet, by hash, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
