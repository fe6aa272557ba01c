"""Versions of a resume as entity tags (RFC 9110): `"{resume id}-{version}"`.

The id is in it as one address (`/default`, `/public/ada`) may show another resume tomorrow.
"""

import re

from plugins.personal.errors import ResumeChanged

__all__ = ["etag", "is_fresh", "wanted_version"]

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def etag(resume_id: str, version: int) -> str:
    """The tag, as it stands in a header."""
    return f'"{resume_id}-{version}"'


def is_fresh(if_none_match: str | None, tag: str) -> bool:
    """Whether a client's `If-None-Match` has what is there now: compared weakly, as RFC 9110 says."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in (each[2] for each in _TAG.finditer(if_none_match))


def wanted_version(if_match: str | None, resume_id: str) -> int | None:
    """The version that `If-Match` asks for: None for any, without it too. Raises ResumeChanged where none can match.

    Of several tags the newest counts: there is but one version at a time, and the older ones are gone for good.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    ours = re.compile(rf'"{re.escape(resume_id)}-([0-9]{{1,9}})"')
    tags = [each[2] for each in _TAG.finditer(if_match) if not each[1]]
    known = [int(found[1]) for found in map(ours.fullmatch, tags) if found]
    if not known:
        raise ResumeChanged
    return max(known)
