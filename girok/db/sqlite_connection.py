"""One SQLite connection as the engine uses it: set up, rows as dicts, errors as ours, a guard over long statements."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

from girok.db.database import StoreUnavailable
from girok.db.sqlite_errors import UnusableDatabase, translated
from girok.db.sqlite_values import install_converters
from girok.db.statement import Row
from girok.errors import InvalidInput, Text

__all__ = ["Connection", "Synchronous", "connect"]

Synchronous = Literal["FULL", "NORMAL"]
"""FULL: what was acknowledged survives a power loss. NORMAL: it may not, though the file stays consistent."""

_LOCK_WAIT_MS = 5000
_WAL_LIMIT_BYTES = 16 * 1024 * 1024
_CACHED_STATEMENTS = 512
_GUARD_STEPS = 2000
"""Steps of SQLite's virtual machine between two looks at the guard: some 50 us."""
