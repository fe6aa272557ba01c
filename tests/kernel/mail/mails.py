"""Mails for tests."""

from datetime import UTC, datetime
from typing import Any

from girok.mail.port import Mail

__all__ = ["mail"]

AT = datetime(2026, 11, 5, 8, 0, 0, 123_456, tzinfo=UTC)


def mail(**fields: Any) -> Mail:
    """A mail to Ada with these fields."""
    return Mail(
        **{"id": "0192-verify", "at": AT, "to": "ada@example.org", "subject": "Hello", "text": "Hi\n", **fields}
    )
