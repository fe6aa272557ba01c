"""Chance, which a test prints the seed of: GIROK_TEST_SEED=SEED makes the same choices again."""

import os
import random

import pytest


@pytest.fixture
def chance() -> random.Random:
    """What the choices of a test are made with."""
    seed = int(os.environ.get("GIROK_TEST_SEED") or random.randrange(2**32))
    print(f"seed {seed}")
    return random.Random(seed)
