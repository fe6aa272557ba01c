"""gRPC's forms on HTTP/2: a message in its frame, a timeout and a status in header fields.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_from_bytes, unquote

from google.protobuf.message import DecodeError
from grpclib.const import Status
from grpclib.encoding.proto import ProtoStatusDetailsCodec
from grpclib.exceptions import GRPCError

from girok.rpc.http2 import Headers

__all__ = ["HEAD", "STATUS", "framed", "length_of", "seconds_of", "status_of", "timeout_of", "trailers"]

HEAD = 5
"""Bytes before each message: whether it is compressed, and its length."""
STATUS = b"grpc-status"
_MESSAGE = b"grpc-message"
_DETAILS = b"grpc-status-details-bin"
_DONE: Headers = ((STATUS, b"0"),)
_TIMEOUT = re.compile(rb"(\d{1,8})([HMSmun])\Z")
_UNITS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_MOST_MICROSECONDS = 99_999_999
_PLAIN = "".join(chr(each) for each in range(0x20, 0x7F) if chr(each) != "%")
_codec = ProtoStatusDetailsCodec()


def framed(message: bytes) -> bytes:
    """A message with its head."""
    return b"\x00" + len(message).to_bytes(4, "big") + message


def length_of(data: bytes | bytearray, most: int) -> int:
    """The length of the message whose head `data` begins with. Raises GRPCError when we do not take such a message."""
    if data[0]:
        raise GRPCError(Status.UNIMPLEMENTED, "messages are not compressed here")
    length = int.from_bytes(data[1:HEAD], "big")
    if length > most:
        raise GRPCError(Status.RESOURCE_EXHAUSTED, f"a message has {most} bytes at the most here, not {length}")
    return length


def timeout_of(seconds: float) -> bytes:
    """The value of `grpc-timeout`, at least a microsecond."""
    microseconds = max(int(seconds * 1e6), 1)
    return b"%du" % microseconds if microseconds <= _MOST_MICROSECONDS else b"%dm" % (microseconds // 1000)


def seconds_of(timeout: bytes) -> float:
    """The seconds of a `grpc-timeout`. Raises GRPCError."""
    found = _TIMEOUT.match(timeout)
    if found is None:
        raise GRPCError(Status.INVALID_ARGUMENT, "grpc-timeout is not valid")
    return int(found[1]) * _UNITS[found[2]]


def trailers(error: GRPCError | None = None) -> Headers:
    """What ends an answer: OK, or what went wrong."""
    if error is None:
        return _DONE
    message = error.message or ""
    fields = [(STATUS, b"%d" % error.status.value), (_MESSAGE, _quoted(message))]
    if error.details:
        details = _codec.encode(error.status, message, error.details)
        fields.append((_DETAILS, b64encode(details).rstrip(b"=")))
    return fields


def status_of(fields: Mapping[bytes, bytes]) -> GRPCError | None:
    """The status that header fields carry: None is OK."""
    try:
        status = Status(int(fields[STATUS]))
    except (KeyError, ValueError):
        return GRPCError(Status.UNKNOWN, "the answer has no status")
    if status is Status.OK:
        return None
    message = unquote(fields.get(_MESSAGE, b"").decode("ascii", "replace"), errors="replace")
    return GRPCError(status, message, _details(status, message, fields.get(_DETAILS, b"")))


def _details(status: Status, message: str, value: bytes) -> Any:
    try:
        return _codec.decode(status, message, b64decode(value + b"=" * (-len(value) % 4)))
    except (NoBase64, DecodeError):
        return []


def _quoted(message: str) -> bytes:
    return quote_from_bytes(message.encode("utf-8", "replace"), safe=_PLAIN).encode()
