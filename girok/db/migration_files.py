"""Migration files: `migrations/<domain>/NNNN_name.sql`, forward only, plain SQL that runs unchanged on both engines.

Where they must differ there are two files for one number: `NNNN_name.sqlite.sql` and `NNNN_name.postgres.sql`.
SQLite takes PostgreSQL's type names, and they matter: values are converted by the type that a column was declared with.

A statement ends with `;` at the end of a line; the semicolons of strings, comments and a trigger's BEGIN ... END do not
count, nor do those between `$$` and `$$`. One line holds no two statements. A file is one transaction, so it has no
BEGIN, COMMIT or VACUUM of its own, nor a PRAGMA, which SQLite ignores there or which outlives the file.
"""

import hashlib
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from girok.refusal import Refusal

__all__ = ["Migration", "MigrationFormat", "MigrationNumbering", "read_domain", "split"]

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+")
_DIALECTS = ("sqlite", "postgres")
_OUTSIDE_A_TRANSACTION = re.compile(
    r"(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|VACUUM|PRAGMA|ATTACH|DETACH)\b", re.IGNORECASE
)


class MigrationFormat(Refusal):
    """A file that cannot be run: its name or its text breaks the rules above."""


class MigrationNumbering(Refusal):
    """The numbers of a domain's migrations do not count up from 0001 by one."""


class Migration(msgspec.Struct, frozen=True):
    """One file for one dialect. `name` is `NNNN_name`; `checksum` is the SHA-256 of its text."""

    domain: str
    name: str
    path: Path
    checksum: str
    statements: tuple[str, ...]


def read_domain(root: Path, domain: str, dialect: str) -> tuple[Migration, ...]:
    """The migrations below `root/domain` for `dialect`, in order; none without such a folder.

    Raises MigrationFormat or MigrationNumbering.
    """
    folder = root / domain
    paths = sorted(folder.glob("*.sql")) if folder.is_dir() else []
    found = [_read(domain, path) for path in paths if _dialect(path) in ("", dialect)]
    _check_numbers(folder, [each.name for each in found])
    return tuple(found)


def split(text: str) -> list[str]:
    """The statements of a file, without the comments before each. Raises ValueError when the last one has no end."""
    statements: list[str] = []
    lines: list[str] = []
    for line in text.split("\n"):
        if not lines and (not line.strip() or line.lstrip().startswith("--")):
            continue
        lines.append(line)
        if ";" in line and _is_complete("\n".join(lines)):
            statements.append("\n".join(lines).strip())
            lines.clear()
    if lines:
        raise ValueError(f"the last statement does not end with `;`: {lines[0].strip()}")
    return statements


def _is_complete(text: str) -> bool:
    # SQLite's own tokenizer knows strings, comments and triggers; PostgreSQL's $$ it does not.
    return text.count("$$") % 2 == 0 and sqlite3.complete_statement(text)


def _dialect(path: Path) -> str:
    """The dialect that a file is for, empty for both. Raises MigrationFormat for a name against the rule."""
    name, _, dialect = path.stem.partition(".")
    if not _NAME.fullmatch(name) or dialect not in ("", *_DIALECTS):
        raise MigrationFormat(f"{path}: a migration is named NNNN_name.sql, or NNNN_name.sqlite.sql and .postgres.sql")
    return dialect


def _read(domain: str, path: Path) -> Migration:
    try:
        text = path.read_text(encoding="utf-8")
        statements = split(text)
    except (OSError, ValueError) as error:
        raise MigrationFormat(f"{path}: {error}") from error
    if not statements:
        raise MigrationFormat(f"{path}: no statement in it")
    for statement in statements:
        if outside := _OUTSIDE_A_TRANSACTION.match(statement):
            raise MigrationFormat(f"{path}: {outside[1].upper()} cannot be in a migration, which is one transaction")
    name = path.stem.partition(".")[0]
    return Migration(domain, name, path, hashlib.sha256(text.encode()).hexdigest(), tuple(statements))


def _check_numbers(folder: Path, names: Sequence[str]) -> None:
    for expected, name in enumerate(names, start=1):
        number = int(name[:4])
        if number < expected:
            raise MigrationNumbering(f"{folder}: two migrations have the number {number:04}")
        if number > expected:
            raise MigrationNumbering(f"{folder}: {expected:04} is missing before {name}")
