"""Hypothesis strategies for the values of a Struct, from its types alone."""

from datetime import UTC, datetime
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from hypothesis import strategies as st

__all__ = ["texts", "values"]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
"""Any text that UTF-8 has, NUL included."""
_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bytes: st.binary(max_size=40),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    int: st.integers(-(2**31), 2**31 - 1),
    datetime: st.datetimes(timezones=st.just(UTC)),
    NoneType: st.none(),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type. `tuple[X, ...] | None` is never empty: on the wire that is None."""
    if get_origin(kind) is Annotated:
        return values(get_args(kind)[0])
    if kind in _SCALARS:
        return _SCALARS[kind]
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind)) | st.integers(100, 2**31 - 1).map("UNKNOWN_{}".format)
    if get_origin(kind) is tuple:
        (each, *_) = get_args(kind)
        return st.lists(values(each), max_size=1 if _is_struct(each) else 4).map(tuple)
    if _is_struct(kind):
        return _struct(kind)
    return st.one_of(*(values(each) for each in get_args(kind))).map(lambda value: value if value != () else None)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@cache
def _struct(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Deferred, as a Struct may hold itself."""
    return st.deferred(
        lambda: st.builds(kind, **{each.name: values(each.type) for each in msgspec.structs.fields(kind)})
    )
