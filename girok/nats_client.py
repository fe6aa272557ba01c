"""nats-py's client, but for what it does with what is unsent when a connection breaks."""

from nats.aio.client import Client

__all__ = ["NatsClient"]


class NatsClient(Client):
    """Leaves what is unsent where it is.

    nats-py sends it all the same before it closes. uvloop raises a RuntimeError for a socket that is gone, which nobody
    takes: it is logged with a traceback, and the tasks of the subscriptions are left. A server that is silent is waited
    for without an end.
    """

    async def _process_op_err(self, e: Exception) -> None:
        self._pending: list[bytes] = []
        self._pending_data_size = 0
        await super()._process_op_err(e)
