"""Fixtures for every test, and `--require-external`, with which a test that skips itself fails."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from girok.servers.postgres import postgres
from girok.servers.process import ServerProcess
from girok.servers.seaweedfs import seaweedfs
from girok.servers.valkey import valkey
from girok.testing.box import TestBox, box_on
from girok.testing.carrier import CARRIERS
from girok.testing.mongo import mongo_server
from girok.testing.servers import started
from girok.testing.store import use_postgres
from tests.leaks import no_secret_in_any_log

__all__ = ["no_secret_in_any_log"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--require-external`: what the `external` tests need is there, so none of them may be skipped."""
    parser.addoption("--require-external", action="store_true", help="a skipped `external` test is a failure")


def pytest_configure() -> None:
    """Let Ctrl-C be heard: a shell has what it runs in the background ignore it, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> object:
    """Turn the skip of an `external` test into a failure where it was required to run."""
    report: pytest.TestReport = yield
    if report.skipped and item.get_closest_marker("external") and item.config.getoption("--require-external"):
        report.outcome = "failed"
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every `test_port.py` is run twice: the port answers in process, and over gRPC."""
    if metafunc.module.__name__.endswith(".test_port") and "carrier" in metafunc.fixturenames:
        metafunc.parametrize("carrier", CARRIERS, indirect=True)


@pytest.fixture
def carrier(request: pytest.FixtureRequest) -> str:
    """How the ports of a test are called; one of CARRIERS."""
    return getattr(request, "param", CARRIERS[0])


@pytest.fixture
async def box(tmp_path: Path, carrier: str) -> AsyncIterator[TestBox]:
    """A whole box, fresh for the test."""
    async with box_on(tmp_path / "data", over_grpc=carrier == CARRIERS[1]) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server() -> AsyncIterator[ServerProcess]:
    """One PostgreSQL for all tests; see girok.testing.postgres. Whoever kills it starts it again."""
    async with started(postgres) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def database(request: pytest.FixtureRequest) -> None:
    """With GIROK_TEST_DATABASE=postgres, the tests that name no store (girok.testing.store) run on PostgreSQL."""
    if os.environ.get("GIROK_TEST_DATABASE") == "postgres":
        use_postgres(request.getfixturevalue("postgres_server"))


@pytest.fixture(scope="session", autouse=True)
def signing_keys() -> Iterator[None]:
    """Eight RSA keys, in turn, for all boxes of the run: making one takes 75 ms of a core, for each box that starts."""
    from joserfc.jwk import RSAKey

    make, made = RSAKey.generate_key, count()

    @cache
    def key(number: int) -> RSAKey:
        return make(2048)

    def generate(*given: Any) -> RSAKey:
        return key(next(made) % 8) if given == (2048,) else make(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RSAKey, "generate_key", generate)
        yield


@pytest.fixture
async def valkey_server() -> AsyncIterator[ServerProcess]:
    """A Valkey, empty."""
    async with started(valkey) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mongo_url() -> AsyncIterator[str]:
    """One MongoDB for all tests; see girok.testing.mongo."""
    async with mongo_server() as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def s3_server() -> AsyncIterator[ServerProcess]:
    """One SeaweedFS for all tests, as it takes seconds to start. Whoever uses it wipes it first."""
    async with started(seaweedfs, block=4) as server:
        yield server
