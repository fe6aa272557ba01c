"""Puts objects of one and of two parts to S3 until it is killed, and says which were acknowledged.

Arguments: endpoint, access key, secret key, what all keys begin with.
"""

import asyncio
import itertools
import sys

from girok.clock import SystemClock
from girok.objects.s3 import S3Objects
from girok.objects.s3_write import PART
from girok.sections_cluster import S3
from tests.kernel.objects.support import body, content_of


async def write(store: S3Objects, name: str) -> None:
    """Put one object after another."""
    for number in itertools.count():
        key = f"{name}/{number}"
        pieces = content_of(key), bytes(PART * (number % 2))
        await store.put("private", key, body(*pieces), mime_type="image/png", max_size=2 * PART)
        print(key, flush=True)


async def main(endpoint: str, access_key: str, secret_key: str, prefix: str) -> None:
    """Four writers at once."""
    section = S3(endpoint=endpoint, access_key=access_key, secret_key=secret_key)
    async with S3Objects.open(section, SystemClock()) as store:
        await asyncio.gather(*(write(store, f"{prefix}/w{number}") for number in range(4)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
