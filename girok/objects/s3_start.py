"""What S3 must have before girok uses it: answers, keys that are right, three buckets, no parts of dead uploads.

Any number of processes may do this at once. A policy or CORS rule that somebody has set is left as it is.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable
from datetime import timedelta
from typing import NoReturn

from girok.clock import Clock
from girok.objects.port import BUCKETS, ObjectsUnavailable
from girok.objects.s3_client import S3Client, S3Refused, why
from girok.refusal import Refusal
from girok.sections_cluster import S3

__all__ = ["S3NotReady", "make_ready"]

_LOOK_EVERY = 0.2
_UPLOAD_DAYS = 1
"""An upload of parts that is older has no process any more."""
_READABLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::public/*"]}
    ],
}
_CORS = {
    # No origin is left out: there are no cookies here, and who may do what is in the signed URL.
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "HEAD", "PUT"],
    "AllowedHeaders": ["*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 3600,
}
_log = logging.getLogger(__name__)


class S3NotReady(Refusal):
    """S3 does not answer, or refuses what girok needs of it."""


async def make_ready(client: S3Client, section: S3, clock: Clock, *, within: float) -> None:
    """Wait for S3, `within` seconds, and make there what is missing. Raises S3NotReady."""
    failure = ""
    try:
        async with asyncio.timeout(within):
            while True:
                try:
                    return await _make(client, clock)
                except ObjectsUnavailable as error:
                    if isinstance(error, S3Refused) and error.code != "OperationAborted":  # by another process
                        _refuse(section, error.code)
                    if not failure:
                        _log.warning("waiting for S3", extra={"endpoint": section.endpoint, "why": why(error)})
                    failure = f" ({why(error)})"
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        raise S3NotReady(
            f"s3.endpoint (GIROK_S3_ENDPOINT): {section.endpoint} did not answer within {within:g} s{failure}; "
            "start the server, or correct the address"
        ) from None


def _refuse(section: S3, code: str) -> NoReturn:
    if code in {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "InvalidRegion"}:
        raise S3NotReady(f"s3.region (GIROK_S3_REGION): {section.endpoint} answers {code} to {section.region!r}")
    raise S3NotReady(
        f"s3.access_key (GIROK_S3_ACCESS_KEY) and s3.secret_key (GIROK_S3_SECRET_KEY): {section.endpoint} answers "
        f"{code}; they must be keys that may use the buckets {', '.join(BUCKETS)}"
    )


async def _make(client: S3Client, clock: Clock) -> None:
    for bucket in BUCKETS:
        if not await client.has_bucket(bucket):
            await client.make_bucket(bucket)
            await client.has_bucket(bucket)  # it may be somebody else's
    await _if_allowed("let everybody read the bucket public", _open_public(client))
    await _if_allowed("let pages of other origins use the buckets (CORS)", _open_to_pages(client))
    await _if_allowed("remove the parts of dead uploads", _sweep(client, clock))


async def _if_allowed(what: str, doing: Awaitable[None]) -> None:
    """Keys need not be an administrator's, and MinIO has CORS for all buckets at once."""
    try:
        await doing
    except S3Refused as refused:
        _log.warning("S3 does not let girok %s: do it by hand where it is needed", what, extra={"why": refused.code})


async def _open_public(client: S3Client) -> None:
    if not await client.has_policy("public"):
        await client.set_policy("public", json.dumps(_READABLE))


async def _open_to_pages(client: S3Client) -> None:
    for bucket in BUCKETS:
        if not await client.has_cors(bucket):
            await client.set_cors(bucket, _CORS)


async def _sweep(client: S3Client, clock: Clock) -> None:
    """What a kill leaves of an upload of parts is not an object, and no listing shows it, but takes room."""
    oldest = clock.now() - timedelta(days=_UPLOAD_DAYS)
    for bucket in BUCKETS:
        for upload in await client.uploads(bucket):
            if upload.begun_at is not None and upload.begun_at < oldest:
                await client.abort(upload)
