"""What searches the logs of a test run finds what is planted, and nothing in honest lines."""

import io
import logging
import os
import secrets
import subprocess
import sys
from pathlib import Path
from re import Pattern
from tempfile import TemporaryDirectory

import pytest

from tests.architecture.sources import ROOT
from tests.leaks import collected, known, leaks

CODE = 'PASSWORD = "Pl4nted!word"\nlogin(password="An0ther!word")\nx = {"client_secret": "k3yed!word"}\n'
PLANTED = """
import logging
from tests.leaks import no_secret_in_any_log

JWT = "eyJ" + "hbGciOiJSUzI1NiJ9"

def test_that_says_too_much(tmp_path):
    logging.getLogger("girok").warning("with %s", JWT)
    (tmp_path / "girok.log").write_text(f"with {JWT}")
"""


@pytest.fixture
def words(tmp_path: Path) -> Pattern[str]:
    (tmp_path / "code.py").write_text(CODE)
    return known(tmp_path)


class TestLeaks:
    @pytest.mark.parametrize(
        "line",
        [
            "login of ada with Pl4nted!word failed",
            '{"message":"An0ther!word"}',
            "k3yed!word",
            "asked with eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            f"cookie girok_session={secrets.token_urlsafe(32)}aB3; Path=/",
            f"GET /verify?token={secrets.token_urlsafe(32)}aB3",
            f'{{"ticket":"{secrets.token_urlsafe(32)}aB3"}}',
        ],
    )
    def test_a_secret_is_found(self, words: Pattern[str], line: str) -> None:
        (found,) = leaks("here", ["nothing", line], words)
        assert (found.where, found.line) == ("here", line)

    @pytest.mark.parametrize(
        "line",
        [
            "the password of 01a20e74-a92f-77ca-b756-15d5a012d09a was changed",
            f'{{"trace_id":"{secrets.token_hex(32)}"}}',
            "/tmp/pytest-of-Me/pytest-0/test_nothing_remains_but_the_id_in_two_tables0/data/girok.db is locked",
            "process girok-78fc5d8d9c-x2b4f-auth-and-some-more-of-a-name ended",
        ],
    )
    def test_an_honest_line_is_none(self, words: Pattern[str], line: str) -> None:
        assert list(leaks("here", [line], words)) == []


class TestCollected:
    def test_what_reaches_a_logger_is_kept_as_girok_writes_it(self) -> None:
        kept = io.StringIO()
        log = logging.getLogger("girok.kept")
        with collected(kept):
            log.error("of ada", extra={"device": "Firefox"})
            log.error("sent password=Hidden99")
        log.error("after")
        assert '"message":"of ada","device":"Firefox"' in kept.getvalue()
        assert "Hidden99" not in kept.getvalue()
        assert "after" not in kept.getvalue()


class TestRun:
    """A whole run of pytest, which a secret in a log makes fail."""

    def test_fails_at_its_end(self) -> None:
        with TemporaryDirectory(prefix="girok-") as folder:  # not where the logs of this run are searched
            Path(folder, "test_planted.py").write_text(PLANTED)
            plain = ["-p", "no:cacheprovider", "-p", "no:schemathesis", "-c", os.devnull, "--rootdir", "."]
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *plain, "--basetemp", "run", "test_planted.py"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=False,
            )
        assert (done.returncode, "1 passed, 1 error" in done.stdout) == (1, True)
        assert "2 lines of logs tell a secret" in done.stdout
