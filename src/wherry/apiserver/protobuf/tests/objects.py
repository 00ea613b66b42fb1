"""Random objects of any built-in type, in the form in which the API keeps them: without zeros that say nothing."""

from __future__ import annotations

import base64
from typing import Any

from hypothesis import strategies as st

from wherry.apiserver.protobuf.numbers import Field, Layout, layout

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
_TIMES = st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat() + "Z")
_MICRO_TIMES = st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds") + "Z")
_INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
_JSON = st.dictionaries(_TEXTS, st.recursive(_TEXTS | st.integers(0, 9), lambda inner: st.lists(inner, max_size=2)))
_SCHEMAS = st.fixed_dictionaries({}, optional={"type": _TEXTS.filter(bool), "minLength": st.integers(0, 9)})
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "s": _TEXTS,
    "i": _INT32,
    "l": st.integers(-(1 << 63), (1 << 63) - 1),
    "b": st.booleans(),
    "d": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "y": st.binary(max_size=5).map(lambda data: base64.b64encode(data).decode()),
    "q": st.sampled_from(["0", "1", "100m", "1Gi"]),
    "t": _TIMES,
    "u": _MICRO_TIMES,
    "x": _INT32 | _TEXTS,
    "o": _JSON,
    "f": _JSON,
    "j": _JSON | _TEXTS | st.booleans(),
    "A": _SCHEMAS | st.lists(_SCHEMAS, max_size=2),
    "B": _SCHEMAS | st.booleans(),
    "S": _SCHEMAS | st.lists(_TEXTS, min_size=1, max_size=2),
}


def objects(type_name: str, depth: int = 3) -> st.SearchStrategy[Any]:
    """Objects of a type; below `depth` there are only scalars."""
    return _of_layout(layout(type_name), depth)


def _of_layout(shape: Layout, depth: int) -> st.SearchStrategy[Any]:
    required: dict[Any, st.SearchStrategy[Any]] = {}
    optional: dict[Any, st.SearchStrategy[Any]] = {}
    for field in shape.fields:
        if "@" in field.type and depth <= 0:
            continue
        required_field = field.is_kept and field.type in ("s", "i", "l", "b")
        (required if required_field else optional)[field.name] = _values(field, depth)
    own = st.fixed_dictionaries(required, optional=optional)
    if not shape.embedded:
        return own
    inner = st.tuples(*(_of_layout(each, depth) for each in shape.embedded.values()))
    return st.tuples(own, inner).map(lambda found: _merged(found[0], *found[1]))


def _merged(*objs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for obj in objs for key, value in obj.items()}


def _values(field: Field, depth: int) -> st.SearchStrategy[Any]:
    values = _expression(field.type, depth - 1)
    if field.is_pointer or field.is_kept or field.type[0] == "@":
        return values
    return values.filter(_says_something)


def _says_something(value: Any) -> bool:
    return bool(value)


def _expression(type: str, depth: int) -> st.SearchStrategy[Any]:
    if type[0] == "[":
        return st.lists(_expression(type[1:], depth), min_size=1, max_size=2)
    if type[0] == "{":
        return st.dictionaries(_TEXTS, _expression(type[1:], depth), min_size=1, max_size=2)
    return objects(type[1:], depth) if type[0] == "@" else _SCALARS[type]
