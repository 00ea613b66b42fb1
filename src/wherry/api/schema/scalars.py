"""Checks of values that are not structs. Each may replace the value by its canonical form in its owner.

All have the shape `check(owner, key, value) -> problems or None`, where `owner[key]` is `value`. A null arrives here
only from inside a list or map, and becomes the zero value as it does in Go. Plain strings and booleans that stand in a
struct are checked by the struct itself.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from wherry.api.schema.problems import Problem, wrong_type, wrong_value
from wherry.api.schema.times import canonical_micro_time, canonical_time
from wherry.lib.quantity import canonical

Check: TypeAlias = Callable[[Any, Any, Any], list[Problem] | None]


def string(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    if type(value) is str:
        return None
    return _zero(owner, key, "") if value is None else wrong_type(value, "string")


def boolean(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    if type(value) is bool:
        return None
    return _zero(owner, key, False) if value is None else wrong_type(value, "bool")


def int32(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    if type(value) is int and -0x80000000 <= value <= 0x7FFFFFFF:
        return None
    return _zero(owner, key, 0) if value is None else wrong_type(value, "int32")


def int64(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    if type(value) is int and -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        return None
    return _zero(owner, key, 0) if value is None else wrong_type(value, "int64")


def float64(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    if type(value) is float or type(value) is int:
        return None
    return _zero(owner, key, 0) if value is None else wrong_type(value, "float64")


def base64(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    if type(value) is not str:
        return _zero(owner, key, "") if value is None else wrong_type(value, "[]uint8")
    try:
        binascii.a2b_base64(value, strict_mode=True)
    except ValueError:  # also what is not ASCII
        return _mend_base64(owner, key, value)
    return None


def quantity(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    kind = type(value)
    if kind is not str:
        if value is None:
            return _zero(owner, key, "0")
        # Go hands the JSON text to the quantity's parser: numbers pass, `true` is a quantity of the wrong format.
        value = str(value) if kind is int or kind is float else "true"
    try:
        text = canonical(value)
    except ValueError as error:
        return wrong_value(owner[key], str(error))
    if text is not value or kind is not str:
        owner[key] = text
    return None


def int_or_string(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    kind = type(value)
    if kind is str or (kind is int and -0x80000000 <= value <= 0x7FFFFFFF):
        return None
    if value is None:
        return _zero(owner, key, 0)
    problem = wrong_type(value, "int32")[0]
    return wrong_value(value, problem.fault().detail)


def time(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    if type(value) is str and len(value) == 20 and value[19] == "Z" and value[10] == "T":
        try:
            datetime.fromisoformat(value)
            return None
        except ValueError:
            pass
    return _time(owner, key, value, canonical_time)


def micro_time(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    return _time(owner, key, value, canonical_micro_time)


def anything(_owner: Any, _key: Any, _value: Any) -> list[Problem] | None:
    return None


SCALARS: dict[str, Check] = {
    "s": string,
    "b": boolean,
    "i": int32,
    "l": int64,
    "d": float64,
    "y": base64,
    "q": quantity,
    "x": int_or_string,
    "t": time,
    "u": micro_time,
    "o": anything,
    "f": anything,
    "j": anything,
}

GO_TYPES = {
    "s": "string",
    "b": "bool",
    "i": "int32",
    "l": "int64",
    "d": "float64",
    "y": "[]uint8",
    "q": "resource.Quantity",
    "x": "intstr.IntOrString",
    "t": "v1.Time",
    "u": "v1.MicroTime",
    "o": "runtime.RawExtension",
    "f": "v1.FieldsV1",
    "j": "v1.JSON",
    "A": "v1.JSONSchemaPropsOrArray",
    "B": "v1.JSONSchemaPropsOrBool",
    "S": "v1.JSONSchemaPropsOrStringArray",
}


def _zero(owner: Any, key: Any, value: Any) -> list[Problem] | None:
    owner[key] = value
    return None


def _time(owner: Any, key: Any, value: Any, canonical_form: Callable[[str], str]) -> list[Problem] | None:
    if value is None:
        return None
    if type(value) is not str:
        return wrong_value(value, wrong_type(value, "string")[0].fault().detail)
    try:
        owner[key] = canonical_form(value)
    except ValueError as error:
        return wrong_value(value, str(error))
    return None


def _mend_base64(owner: Any, key: Any, value: str) -> list[Problem] | None:
    """Go's decoder skips line ends; any other fault is reported with its position."""
    text = re.sub(r"[\r\n]", "", value)
    good = re.match(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text)
    end = good.end() if good else 0
    if end == len(text):
        owner[key] = text
        return None
    return wrong_value(value, f"illegal base64 data at input byte {_first_illegal(text, end)}")


def _first_illegal(text: str, start: int) -> int:
    if text[:start].endswith("="):  # something follows the padding
        return start
    illegal = re.compile(r"[^A-Za-z0-9+/]").search(text, start)
    return illegal.start() if illegal else start
