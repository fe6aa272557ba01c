"""The manifest."""

from girok.manifest import Manifest

__all__ = ["MANIFEST"]

MANIFEST = Manifest(name="waiter", summary="waits for a test", consumes=("auth.user.registered",))
