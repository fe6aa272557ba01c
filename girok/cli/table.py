"""Rows in columns, for a terminal."""

from collections.abc import Sequence

__all__ = ["table"]

_WIDEST = 100


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows below their head, each cell on one line, cut at 100 characters, without what a terminal would obey."""
    cells = [[_cell(each) for each in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def _cell(text: str) -> str:
    plain = "".join(each if each.isprintable() else " " for each in text)
    return plain if len(plain) <= _WIDEST else f"{plain[: _WIDEST - 3]}..."
