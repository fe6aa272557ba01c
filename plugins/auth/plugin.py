"""Auth's manifest. The port is published; the service that answers it is not there yet."""

from girok.manifest import Manifest

__all__ = ["MANIFEST"]

MANIFEST = Manifest(name="auth", summary="accounts and sessions", http_port=3002, grpc_port=50051)
