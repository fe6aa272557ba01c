"""What the tests of callers share."""

import gc
import logging
from collections.abc import Generator

import pytest


@pytest.fixture
def tidy(caplog: pytest.LogCaptureFixture) -> Generator[None, None, None]:
    """Afterwards no task and no future has an exception that nobody took."""
    yield
    gc.collect()
    complaints = [each for each in caplog.records if each.name == "asyncio" and each.levelno >= logging.WARNING]
    assert [each.getMessage() for each in complaints] == []
