"""REST as its OpenAPI says it is: schemathesis looks for what contradicts it, over every route of a real process.

The seed and the number of examples stand here; GIROK_TEST_BUDGET scales the latter. Rate limits are off, since a 429
hides what is behind it. What is looked for: all of schemathesis' checks, and one of ours (`openapi/hooks.py`).
"""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.budget import share
from tests.contract.openapi import NAMES_A_SECRET, SAYS_MORE_THAN_A_SCHEMA
from tests.scenarios.launch import Launched, launched

SEED = "20261128"
EXAMPLES = 50
"""For each operation, beside the cases at the edges of each rule."""
AUTHS = ("auth", "comeBackFrom_", "signInWith_")
CONFIG = f"""
[auth]
auto-signup = false

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 429, "5xx"]

[[operations]]
include-operation-id = {[*NAMES_A_SECRET, *SAYS_MORE_THAN_A_SCHEMA]}
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 429, "5xx"]
"""
HAS_NOTHING_TO_GIVE = {"authEndOne", "authReset", "authVerify", "comeBackFrom_google", "signInWith_google"}
"""Of auth's, what needs another session, a mail, or a provider that is configured. Their own tests have them."""


@pytest.fixture
def girok(tmp_path: Path) -> Iterator[Launched]:
    """Kakao and Naver are configured; of Google a visitor is told that it is not.

    Fresh for each run: the same seed draws the same accounts, which would be taken the second time.
    """
    clients = {
        f"GIROK_AUTH_{each}": "girok" for each in ("KAKAO__CLIENT_ID", "NAVER__CLIENT_ID", "NAVER__CLIENT_SECRET")
    }
    with launched(tmp_path, GIROK_AUTH_ACCESS_TOKEN_MINUTES="600", **clients) as process:
        yield process
        process.check()


def run(girok: Launched, folder: Path, *options: str, bearer: bool) -> dict[str, set[int]]:
    """The statuses that each operation answered. Raises AssertionError with what schemathesis found."""
    seen, url = folder / "seen", girok.url.rstrip("/")
    (folder / "schemathesis.toml").write_text(CONFIG)
    env = {
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.contract.openapi.hooks",
        "BASE_URL": url,
        "BEARER": "1" if bearer else "",
        "SEEN": str(seen),
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{url}/schema/openapi.json"),
            *("--checks", "all", "--seed", SEED, "--no-color", "--warnings", "off", *options),
        ],
        check=False,
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    statuses: defaultdict[str, set[int]] = defaultdict(set)
    for operation, status in map(str.split, seen.read_text().splitlines()):
        statuses[operation].add(int(status))
    return statuses


class TestSchemathesis:
    @pytest.mark.timeout(600)
    def test_finds_nothing(self, girok: Launched, tmp_path: Path) -> None:
        """Two examples of each operation, by a user."""
        run(girok, tmp_path, "--phases", "fuzzing", "--max-examples", "2", bearer=True)

    @pytest.mark.slow
    @pytest.mark.timeout(1800)
    @pytest.mark.parametrize("bearer", [False, True], ids=["nobody", "a user"])
    def test_finds_nothing_in_the_long_run(self, girok: Launched, tmp_path: Path, bearer: bool) -> None:
        """Cases at the edges of each rule, as many examples as above, and stories of several requests."""
        statuses = run(girok, tmp_path, "--max-examples", str(share(EXAMPLES)), bearer=bearer)
        if bearer:  # else what good calls answer was looked at nowhere
            failed = {each for each, found in statuses.items() if min(found) >= 400}
            assert {each for each in failed if each.startswith(AUTHS)} == HAS_NOTHING_TO_GIVE
