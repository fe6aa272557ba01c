"""NATS with JetStream."""

from pathlib import Path

from girok.servers.process import ServerProcess, answers
from girok.servers.programs import script

__all__ = ["nats"]


def nats(folder: Path, port: int) -> ServerProcess:
    """A NATS server; `url` is `nats.url`. Raises ServerMissing.

    JetStream flushes to disk every two minutes unless told otherwise: a power cut would lose what it acknowledged.
    """
    config = folder / "nats.conf"

    async def prepare() -> None:
        config.write_text(f'jetstream {{ store_dir: "{folder}", sync_interval: "always" }}\n')

    return ServerProcess(
        "NATS",
        [script("nats-server"), "--addr", "127.0.0.1", "--port", str(port), "--config", str(config)],
        folder=folder,
        url=f"nats://127.0.0.1:{port}",
        prepare=prepare,
        ready=lambda: answers(port, b"PING\r\n", b"INFO "),
    )
