"""grpcio's client, a process of its own since its health and reflection protos collide with grpclib's: JSON lines in
on standard input, one for each call, JSON lines out. `Core` is the other end of it.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

__all__ = ["Answer", "Core", "core"]


class Answer(NamedTuple):
    """What the C core made of a call. `info` is its ErrorInfo, `messages` what was answered."""

    code: str
    text: str
    info: ErrorInfo | None
    messages: list[bytes]


class Core:
    """Calls through it."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child

    async def call(
        self,
        address: str,
        path: str,
        *messages: bytes,
        metadata: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        compress: bool = False,
        tls: Sequence[str] = (),
        wait: float = 0.0,
    ) -> Answer:
        """Messages in hand, one for a plain call; `tls`: files of authority, key and certificate.

        `wait`: take answers for as many seconds only, then cancel.
        """
        asked = {
            "address": address, "path": path, "messages": [each.hex() for each in messages], "timeout": timeout,
            "metadata": list((metadata or {}).items()), "compress": compress, "tls": list(tls), "wait": wait,
        }  # fmt: skip
        line = await asyncio.to_thread(self._exchange, json.dumps(asked))
        code, text, details, found = json.loads(line)
        infos = [ErrorInfo.FromString(each.value) for each in Status.FromString(bytes.fromhex(details)).details[:1]]
        return Answer(code, text, infos[0] if infos else None, [bytes.fromhex(each) for each in found])

    def _exchange(self, line: str) -> str:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        return self._child.stdout.readline()


@contextmanager
def core() -> Generator[Core, None, None]:
    """The process; it ends with its standard input."""
    command = (sys.executable, "-m", "tests.kernel.rpc.core_client")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        yield Core(child)
        assert child.stdin is not None
        child.stdin.close()


def _main() -> None:
    import grpc

    channels: dict[str, Any] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        key = json.dumps([asked["address"], asked["tls"]])
        if key not in channels:
            channels[key] = _channel(grpc, asked["address"], asked["tls"])
        print(json.dumps(_call(grpc, channels[key], asked)), flush=True)
    for each in channels.values():
        each.close()


def _channel(grpc: Any, address: str, tls: Sequence[str]) -> Any:
    if not tls:
        return grpc.insecure_channel(address)
    authority, *own = [Path(each).read_bytes() for each in tls]
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(authority, *own))


def _call(grpc: Any, channel: Any, asked: Mapping[str, Any]) -> Any:
    call = channel.stream_stream(asked["path"])(
        (bytes.fromhex(each) for each in asked["messages"]),
        metadata=asked["metadata"],
        timeout=asked["timeout"],
        compression=grpc.Compression.Gzip if asked["compress"] else None,
    )
    found: list[str] = []
    try:
        if asked["wait"]:
            import threading

            threading.Timer(asked["wait"], call.cancel).start()
        found.extend(each.hex() for each in call)
    except grpc.RpcError:
        details = [each.value.hex() for each in call.trailing_metadata() if each.key == "grpc-status-details-bin"]
        return call.code().name, call.details(), details[0] if details else "", found
    return "OK", "", "", found


if __name__ == "__main__":
    _main()
