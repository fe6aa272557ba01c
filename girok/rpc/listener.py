"""The gRPC listener of a process as a part of it: its port is claimed before anything else starts."""

from collections.abc import Mapping, Sequence
from typing import Any

from girok.refusal import Refusal
from girok.rpc.contract import Contract
from girok.rpc.server import RpcServer
from girok.rpc.wire import server_tls
from girok.sections_cluster import Cluster

__all__ = ["GrpcPortInUse", "Listener"]


class GrpcPortInUse(Refusal):
    """Somebody listens there already, or there is no such address."""


class Listener:
    """Serves `ports` at `host:port`; a Part."""

    def __init__(self, ports: Sequence[tuple[Contract, Any]], host: str, port: int, cluster: Cluster) -> None:
        self.port = port
        self._host = host
        self._server = RpcServer(ports, secret=cluster.secret, tls=server_tls(cluster))

    async def start(self) -> None:
        """Listen. Raises GrpcPortInUse."""
        try:
            await self._server.start(self._host, self.port)
        except OSError as error:
            raise GrpcPortInUse(
                f"grpc.port (GIROK_GRPC_PORT): cannot listen on {self._host}:{self.port}: {error.strerror}"
            ) from error

    async def drain(self, seconds: float) -> None:
        """See RpcServer.drain."""
        await self._server.drain(seconds)

    def counts(self) -> Mapping[str, int]:
        """See Part."""
        return {"girok_grpc_connections": self._server.connections}
