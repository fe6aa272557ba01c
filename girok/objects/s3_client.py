"""The requests that girok makes to S3, with types: the one place that touches aioboto3, which has none.

It knows no state and no policy: one method is one operation of S3 (with at most one retry of botocore's), within
`CALL_SECONDS`, and raises the port's errors. Importing it costs 0.7 s and 30 MB: only where S3 is configured.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, BinaryIO

import aioboto3
import aiohttp
import msgspec
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from girok.objects.port import Bucket, ListedObject, ObjectExists, ObjectNotFound, ObjectsUnavailable, StorageFull
from girok.sections_cluster import S3

__all__ = ["Page", "S3Client", "S3Refused", "Stored", "Upload", "open_client", "why"]

CALL_SECONDS = 8.0
"""What one call may take, its retry included."""
PAGE = 1000
"""Objects of one request when listing: what S3 gives at most."""
_CONNECTIONS = 50
_PIECE = 256 * 1024
_LEAST_PART = 5 * 1024 * 1024
_TOKEN = "girok-write"  # noqa: S105 - the name of a field
_MISSING = frozenset({"NoSuchKey", "NotFound", "404"})


class S3Refused(ObjectsUnavailable):
    """S3 answers and refuses: wrong keys, no permission, no bucket. `code` is its own word for it."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code


class Stored(msgspec.Struct, frozen=True):
    """What S3 knows of an object; `token` is that of the write that made it, empty for one by a signed URL."""

    size: int
    mime_type: str
    etag: str
    modified_at: datetime
    token: str


class Page(msgspec.Struct, frozen=True):
    """A page of a listing; `after` leads to the next one."""

    objects: tuple[ListedObject, ...]
    after: str | None


class Upload(msgspec.Struct, frozen=True):
    """A multipart upload that was begun."""

    bucket: Bucket
    key: str
    id: str
    begun_at: datetime | None = None


def why(error: ObjectsUnavailable) -> str:
    """Why S3 is not available, in a word for the operator."""
    cause = error.__cause__
    if isinstance(cause, ClientError):
        return _code(cause)
    return type(cause or error).__name__


@asynccontextmanager
async def open_client(
    section: S3, *, attempts: int = 2, seconds: float = CALL_SECONDS
) -> AsyncGenerator["S3Client", None]:
    """A client on 50 connections at most; each call is tried `attempts` times within `seconds`.

    Raises ValueError on an endpoint that is no URL.
    """
    for name in ("aioboto3", "aiobotocore", "boto3", "botocore"):
        logging.getLogger(name).setLevel(logging.INFO)  # they show signatures at DEBUG
    config = AioConfig(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=seconds / 4,
        read_timeout=seconds / 2,
        max_pool_connections=_CONNECTIONS,
        # Requests are signed over the SHA-256 of their body; not every server knows the checksums beside it.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    opening = _session().client(
        "s3",
        endpoint_url=section.endpoint,
        region_name=section.region,
        aws_access_key_id=section.access_key,
        aws_secret_access_key=section.secret_key,
        verify=None if section.endpoint.startswith("https:") else False,  # certificates that nobody looks at: 50 ms
        config=config,
    )
    async with opening as api:
        yield S3Client(api, section.region, seconds)


class S3Client:
    """One open client. Every method raises ObjectsUnavailable (S3Refused) beside what it names."""

    def __init__(self, api: Any, region: str, seconds: float) -> None:
        self._api = api
        self._region = region
        self._seconds = seconds

    async def stat(self, bucket: Bucket, key: str) -> Stored:
        """What is stored there. Raises ObjectNotFound."""
        answer = await self._call("head_object", Bucket=bucket, Key=key)
        return Stored(
            answer["ContentLength"],
            answer.get("ContentType", "application/octet-stream"),
            _etag(answer),
            _time(answer["LastModified"]),
            answer.get("Metadata", {}).get(_TOKEN, ""),
        )

    async def read(self, bucket: Bucket, key: str, start: int, end: int | None) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` up to `end` (exclusive, after `start`). Raises ObjectNotFound at the first one."""
        whole = (start, end) == (0, None)
        span = {} if whole else {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        try:
            answer = await self._call("get_object", Bucket=bucket, Key=key, **span)
        except S3Refused as refused:
            if refused.code == "InvalidRange":  # it begins behind the last byte
                return
            raise
        body = answer["Body"]
        async with body:  # what is not read is cut off
            while True:
                with _translated():
                    piece: bytes = await body.read(_PIECE)
                if not piece:
                    return
                yield piece

    async def put(self, bucket: Bucket, key: str, body: BinaryIO, headers: Mapping[str, str], token: str) -> None:
        """Store `body` where nothing is. Raises ObjectExists, StorageFull."""
        await self._call(
            "put_object", Bucket=bucket, Key=key, Body=body, IfNoneMatch="*", **_stored_with(headers, token)
        )

    async def begin(self, bucket: Bucket, key: str, headers: Mapping[str, str], token: str) -> Upload:
        """Begin an object of several parts. It takes room until it is completed or aborted."""
        answer = await self._call("create_multipart_upload", Bucket=bucket, Key=key, **_stored_with(headers, token))
        return Upload(bucket, key, answer["UploadId"])

    async def put_part(self, upload: Upload, number: int, body: BinaryIO) -> str:
        """Store a part, 1 to 10,000; all but the last have 5 MiB or more. Its etag. Raises StorageFull."""
        answer = await self._call("upload_part", **_of(upload), PartNumber=number, Body=body)
        return _etag(answer)

    async def copy_part(self, upload: Upload, number: int, source: tuple[Bucket, str], start: int, end: int) -> str:
        """Copy the bytes from `start` up to `end` of another object as a part. Raises ObjectNotFound, StorageFull."""
        bucket, key = source
        # A range is for objects above 5 MB; one part takes all of a smaller one.
        span = {} if number == 1 and end < _LEAST_PART else {"CopySourceRange": f"bytes={start}-{end - 1}"}
        copied = {"CopySource": {"Bucket": bucket, "Key": key}, **span}
        answer = await self._call("upload_part_copy", **_of(upload), PartNumber=number, **copied)
        return _etag(answer["CopyPartResult"])

    async def complete(self, upload: Upload, etags: Sequence[str]) -> None:
        """Make one object of the parts, where nothing is. Raises ObjectExists."""
        parts = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in enumerate(etags, start=1)]
        await self._call("complete_multipart_upload", **_of(upload), IfNoneMatch="*", MultipartUpload={"Parts": parts})

    async def abort(self, upload: Upload) -> None:
        """Throw its parts away; no error when there is no such upload."""
        try:
            await self._call("abort_multipart_upload", **_of(upload))
        except S3Refused as refused:
            if refused.code != "NoSuchUpload":
                raise

    async def delete(self, bucket: Bucket, key: str) -> None:
        """Remove it; no error when it is not there."""
        await self._call("delete_object", Bucket=bucket, Key=key)

    async def page(self, bucket: Bucket, prefix: str, after: str | None) -> Page:
        """The next objects under a prefix, PAGE at most."""
        where = {} if after is None else {"ContinuationToken": after}
        answer = await self._call("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=PAGE, **where)
        objects = tuple(
            ListedObject(each["Key"], each["Size"], _etag(each), _time(each["LastModified"]))
            for each in answer.get("Contents", ())
        )
        return Page(objects, answer["NextContinuationToken"] if answer["IsTruncated"] else None)

    async def has_bucket(self, bucket: Bucket) -> bool:
        """Whether the bucket is there, for these keys."""
        return await self._has("list_objects_v2", "NoSuchBucket", Bucket=bucket, MaxKeys=1)

    async def make_bucket(self, bucket: Bucket) -> None:
        """Make the bucket; no error when it is there, whoever made it."""
        place = {"LocationConstraint": self._region}
        where = {} if self._region == "us-east-1" else {"CreateBucketConfiguration": place}
        try:
            await self._call("create_bucket", Bucket=bucket, **where)
        except S3Refused as refused:
            if refused.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise

    async def has_policy(self, bucket: Bucket) -> bool:
        """Whether somebody has set a policy."""
        return await self._has("get_bucket_policy", "NoSuchBucketPolicy", Bucket=bucket)

    async def set_policy(self, bucket: Bucket, policy: str) -> None:
        """Set the policy, as JSON."""
        await self._call("put_bucket_policy", Bucket=bucket, Policy=policy)

    async def has_cors(self, bucket: Bucket) -> bool:
        """Whether somebody has said which pages may ask the bucket."""
        return await self._has("get_bucket_cors", "NoSuchCORSConfiguration", Bucket=bucket)

    async def set_cors(self, bucket: Bucket, rule: Mapping[str, object]) -> None:
        """Say which pages may ask the bucket."""
        await self._call("put_bucket_cors", Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})

    async def uploads(self, bucket: Bucket) -> tuple[Upload, ...]:
        """Multipart uploads that were begun and not ended, 1000 at most."""
        answer = await self._call("list_multipart_uploads", Bucket=bucket)
        return tuple(
            Upload(bucket, each["Key"], each["UploadId"], each["Initiated"]) for each in answer.get("Uploads", ())
        )

    async def _has(self, operation: str, missing: str, **request: Any) -> bool:
        try:
            await self._call(operation, **request)
        except S3Refused as refused:
            if refused.code != missing:
                raise
            return False
        return True

    async def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        with _translated():
            async with asyncio.timeout(self._seconds):
                return await getattr(self._api, operation)(**request)


@cache
def _session() -> Any:
    """Kept: a client costs 130 ms in a session that has not yet read what S3 is, then 5 ms."""
    return aioboto3.Session()


def _of(upload: Upload) -> dict[str, str]:
    return {"Bucket": upload.bucket, "Key": upload.key, "UploadId": upload.id}


def _stored_with(headers: Mapping[str, str], token: str) -> dict[str, Any]:
    return {**{name.replace("-", ""): value for name, value in headers.items()}, "Metadata": {_TOKEN: token}}


def _time(said: datetime) -> datetime:
    """To the second, as every answer of S3 knows it."""
    return said.astimezone(UTC).replace(microsecond=0)


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer["ETag"]).strip('"')


@contextmanager
def _translated() -> Generator[None, None, None]:
    try:
        yield
    except ClientError as error:
        raise _meaning(error) from error
    except ParamValidationError:
        raise
    except (BotoCoreError, ResponseParserError, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ObjectsUnavailable from error


def _meaning(error: ClientError) -> Exception:
    answer: Mapping[str, Any] = error.response
    code, status = _code(error), int(answer["ResponseMetadata"]["HTTPStatusCode"])
    if code in _MISSING:
        return ObjectNotFound()
    if code == "PreconditionFailed":
        return ObjectExists()
    if status == 507 or code.endswith("QuotaExceeded"):
        return StorageFull()
    return S3Refused(code) if status < 500 or code == "NotImplemented" else ObjectsUnavailable()


def _code(error: ClientError) -> str:
    answer: Mapping[str, Any] = error.response
    return str(answer["Error"].get("Code"))
