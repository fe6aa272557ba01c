"""The scalars that every schema has: `DateTime` and `JSON`."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, StringValueNode, ValueNode, value_from_ast_untyped

__all__ = ["SDL", "adopt"]

SDL = """
"ISO 8601, UTC, milliseconds, `Z`."
scalar DateTime

"Any JSON value."
scalar JSON
"""
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{3})?Z", re.ASCII)
_BAD_DATE_TIME = "DateTime must be ISO 8601 in UTC, such as 2026-01-31T08:00:00.000Z."


def adopt(types: Mapping[str, Any]) -> None:
    """Give the scalars of a schema, built from the SDL above, their rules."""
    date_time: GraphQLScalarType = types["DateTime"]
    date_time.coerce_output_value = _from_datetime
    date_time.coerce_input_value = _to_datetime
    date_time.coerce_input_literal = _literal_to_datetime
    json: GraphQLScalarType = types["JSON"]
    json.coerce_input_value = _as_it_is
    json.coerce_input_literal = value_from_ast_untyped


def _as_it_is(value: Any) -> Any:
    return value


def _from_datetime(value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError(f"DateTime wants an aware datetime, not {value!r}")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return f"{value.isoformat(timespec='milliseconds')[:-6]}Z"


def _to_datetime(value: Any) -> datetime:
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:  # the thirtieth of February
            pass
    raise GraphQLError(_BAD_DATE_TIME)


def _literal_to_datetime(node: ValueNode) -> datetime:
    if not isinstance(node, StringValueNode):
        raise GraphQLError(_BAD_DATE_TIME, node)
    return _to_datetime(node.value)
