"""A command at a terminal: a pseudo terminal that is its own, since a password is read from there."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from tests.architecture.sources import ROOT
from tests.kernel.cli.process import environment

__all__ = ["Terminal", "at_terminal"]

_OWN_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """What the command shows is `shown`; it ends with an exit code."""

    def __init__(self, child: subprocess.Popen[bytes], side: int) -> None:
        self._child = child
        self._side = side
        self.shown = ""

    def answer(self, question: str, typed: str) -> None:
        """Wait until `question` is shown once more, then type a line."""
        seen = len(self.shown)
        while question not in self.shown[seen:]:
            self.shown += os.read(self._side, 4096).decode()
        os.write(self._side, typed.encode())

    def ended(self) -> int:
        """The exit code."""
        try:
            while part := os.read(self._side, 4096):
                self.shown += part.decode()
        except OSError:  # the other side is closed: EIO
            return self._child.wait(60)
        return self._child.wait(60)


@contextmanager
def at_terminal(module: str, *args: str) -> Generator[Terminal]:
    """Run `python -m MODULE ARGS`; killed at the end if it still runs."""
    ours, its = os.openpty()
    command = [sys.executable, "-c", _OWN_TERMINAL, sys.executable, "-m", module, *args]
    child = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, cwd=ROOT, env=environment())
    os.close(its)
    try:
        yield Terminal(child, ours)
    finally:
        child.kill()
        child.wait(60)
        os.close(ours)
