"""Errors as gRPC statuses and back.

A GirokError becomes the status of its category, with `google.rpc` details: an ErrorInfo whose `reason` is the stable
code and whose `metadata` has the category's code, a LocalizedMessage for each language, a BadRequest for the fields
that are wrong (as many as fit), a RetryInfo. The other side finds the class by its reason among those of the kernel
and of the plugin that it called, so that a caller catches the same class whether the callee runs here or elsewhere.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage, RetryInfo
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from girok import errors
from girok.errors import FieldError, GirokError, Internal, Text, Unavailable
from girok.port import DeadlineExceeded

__all__ = ["Draining", "ErrorClasses", "PeerUnavailable", "SecretRefused", "grpc_error", "known_errors", "local_error"]

DOMAIN = "girok"
_CODE = "code"
_MOST_FIELD_BYTES = 1800
_NANOSECONDS = 1_000_000_000
ErrorClasses = Mapping[str, type[GirokError]]
_log = logging.getLogger("girok.rpc")


class PeerUnavailable(Unavailable):
    """No process that has the role answers."""

    reason = "PEER_UNAVAILABLE"


class Draining(Unavailable):
    """The process is stopping and has not begun this call: another one may take it."""

    reason = "DRAINING"


class SecretRefused(errors.Unauthenticated):
    """A call came without the cluster's secret, or with another one."""

    reason = "CLUSTER_SECRET"
    text = Text("The cluster's secret is missing or wrong.", "클러스터 비밀 키가 없거나 올바르지 않습니다.")


def grpc_error(error: GirokError) -> GRPCError:
    """The status and its details."""
    return GRPCError(Status[error.category.grpc_status], _short(error.message.en, 200), list(_details(error)))


def _details(error: GirokError) -> Iterator[Any]:
    yield ErrorInfo(reason=error.reason, domain=DOMAIN, metadata={_CODE: error.category.code})
    yield LocalizedMessage(locale="en", message=_short(error.message.en))
    yield LocalizedMessage(locale="ko", message=_short(error.message.ko))
    if error.details:
        request = BadRequest()
        for each in error.details:
            request.field_violations.add(**_violation(each))
            if request.ByteSize() > _MOST_FIELD_BYTES:
                break
        yield request
    if error.retry_after is not None:
        nanos = round(error.retry_after * _NANOSECONDS)
        yield RetryInfo(retry_delay={"seconds": nanos // _NANOSECONDS, "nanos": nanos % _NANOSECONDS})


def _violation(each: FieldError) -> dict[str, Any]:
    korean = {"locale": "ko", "message": _short(each.text.ko)}
    return {"field": _short(each.path, 200), "description": _short(each.text.en), "localized_message": korean}


def _short(text: str, most: int = 700) -> str:
    """At most so many bytes of UTF-8: gRPC libraries take 8 KiB of header fields in all, and refuse the answer else."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def known_errors(*modules: ModuleType | None) -> dict[str, type[GirokError]]:
    """The error classes of modules by reason; the kernel's own come with every port."""
    found: dict[str, type[GirokError]] = {
        each.reason: each for each in (DeadlineExceeded, Draining, SecretRefused, PeerUnavailable)
    }
    for module in (errors, *modules):
        for each in vars(module).values() if module else ():
            if isinstance(each, type) and issubclass(each, GirokError) and each is not GirokError:
                found.setdefault(each.reason, each)
    return found


def local_error(error: GRPCError, known: ErrorClasses) -> GirokError:
    """What the callee raised; without an ErrorInfo of girok's, what the status comes to."""
    details: Sequence[Any] = error.details or ()
    info = next((each for each in details if isinstance(each, ErrorInfo) and each.domain == DOMAIN), None)
    if info is None:
        return _of_status(error)
    made = _class_of(info, known)
    result = made.__new__(made)
    texts = {each.locale: each.message for each in details if isinstance(each, LocalizedMessage)}
    text = Text(texts.get("en", error.message or ""), texts.get("ko", error.message or ""))
    GirokError.__init__(result, text, details=list(_fields(details)), retry_after=_retry_after(details))
    return result


def _class_of(info: ErrorInfo, known: ErrorClasses) -> type[GirokError]:
    """The class of the reason; for one that only the other version knows, the category with that reason."""
    if info.reason in known:
        return known[info.reason]
    category = known.get(info.metadata[_CODE], Internal)
    return type(category.__name__, (category,), {"reason": info.reason, "__doc__": category.__doc__})


def _fields(details: Sequence[Any]) -> Iterator[FieldError]:
    for each in details:
        if isinstance(each, BadRequest):
            for field in each.field_violations:
                yield FieldError(field.field, Text(field.description, field.localized_message.message))


def _retry_after(details: Sequence[Any]) -> float | None:
    for each in details:
        if isinstance(each, RetryInfo):
            return each.retry_delay.seconds + each.retry_delay.nanos / _NANOSECONDS
    return None


def _of_status(error: GRPCError) -> GirokError:
    if error.status is Status.DEADLINE_EXCEEDED:
        return DeadlineExceeded()
    if error.status in (Status.UNAVAILABLE, Status.CANCELLED, Status.RESOURCE_EXHAUSTED):
        return PeerUnavailable()
    _log.error("a peer answered %s: %s", error.status.name, error.message)
    return Internal()
