"""The functions and operators that every environment has."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from wherry.cel import conversions as convert
from wherry.cel import operations as do
from wherry.cel import operators, times
from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Function, Library, Overload
from wherry.cel.macros import STANDARD as MACROS
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    LIST,
    MAP,
    NULL,
    STRING,
    TIMESTAMP,
    TYPE,
    UINT,
    ListType,
    MapType,
    Type,
    TypeParam,
    TypeType,
)
from wherry.cel.values import checked_int, checked_uint, equals
from wherry.lib.regex import PatternError, compile_pattern

_A, _B = TypeParam("A"), TypeParam("B")
_LIST, _MAP = ListType(_A), MapType(_A, _B)

_INT64 = "({t} if -9223372036854775808 <= ({t} := %s) <= 9223372036854775807 else fail('integer overflow'))"


def _same(value: Any) -> Any:
    return value


def matches(text: str, pattern: str) -> bool:
    """Whether any part of the text matches a pattern of the RE2 dialect."""
    try:
        return compile_pattern(pattern).search(text)
    except PatternError as error:
        raise EvaluationError(str(error)) from None


def _structural(*args: Any) -> Any:
    raise AssertionError("compiled in place")


def _binary(
    name: str, id_: str, types: tuple[Type, Type], result: Type, do_: Callable[..., Any], inline: str = ""
) -> Overload:
    return Overload(f"{name}_{id_}", types, result, do_, inline=inline)


_LOGIC = (
    Function(operators.CONDITIONAL, Overload("conditional", (BOOL, _A, _A), _A, _structural)),
    Function(operators.AND, Overload("logical_and", (BOOL, BOOL), BOOL, _structural)),
    Function(operators.OR, Overload("logical_or", (BOOL, BOOL), BOOL, _structural)),
    Function(operators.NOT, Overload("logical_not", (BOOL,), BOOL, operator.not_)),
    Function(operators.NOT_STRICTLY_FALSE, Overload("not_strictly_false", (BOOL,), BOOL, _same)),
    Function(operators.EQUALS, Overload("equals", (_A, _A), BOOL, equals)),
    Function(operators.NOT_EQUALS, Overload("not_equals", (_A, _A), BOOL, lambda a, b: not equals(a, b))),
)


_ARITHMETIC = (
    Function(
        operators.ADD,
        _binary("add", "bytes", (BYTES, BYTES), BYTES, operator.add, "({0} + {1})"),
        _binary("add", "double", (DOUBLE, DOUBLE), DOUBLE, operator.add, "({0} + {1})"),
        _binary("add", "duration_duration", (DURATION, DURATION), DURATION, times.add_durations),
        _binary("add", "duration_timestamp", (DURATION, TIMESTAMP), TIMESTAMP, times.add_to_duration),
        _binary("add", "timestamp_duration", (TIMESTAMP, DURATION), TIMESTAMP, times.add_to_timestamp),
        _binary("add", "int64", (INT, INT), INT, lambda a, b: checked_int(a + b), _INT64 % "{0} + {1}"),
        _binary("add", "list", (_LIST, _LIST), _LIST, do.join),
        _binary("add", "string", (STRING, STRING), STRING, operator.add, "({0} + {1})"),
        _binary("add", "uint64", (UINT, UINT), UINT, lambda a, b: checked_uint(int(a) + int(b))),
    ),
    Function(
        operators.SUBTRACT,
        _binary("subtract", "double", (DOUBLE, DOUBLE), DOUBLE, operator.sub, "({0} - {1})"),
        _binary("subtract", "duration_duration", (DURATION, DURATION), DURATION, times.subtract_durations),
        _binary("subtract", "int64", (INT, INT), INT, lambda a, b: checked_int(a - b), _INT64 % "{0} - {1}"),
        _binary("subtract", "timestamp_duration", (TIMESTAMP, DURATION), TIMESTAMP, times.subtract_from_timestamp),
        _binary("subtract", "timestamp_timestamp", (TIMESTAMP, TIMESTAMP), DURATION, times.subtract_timestamps),
        _binary("subtract", "uint64", (UINT, UINT), UINT, do.subtract_uint),
    ),
    Function(
        operators.MULTIPLY,
        _binary("multiply", "double", (DOUBLE, DOUBLE), DOUBLE, operator.mul, "({0} * {1})"),
        _binary("multiply", "int64", (INT, INT), INT, lambda a, b: checked_int(a * b), _INT64 % "{0} * {1}"),
        _binary("multiply", "uint64", (UINT, UINT), UINT, lambda a, b: checked_uint(int(a) * int(b))),
    ),
    Function(
        operators.DIVIDE,
        _binary("divide", "double", (DOUBLE, DOUBLE), DOUBLE, do.divide_double),
        _binary("divide", "int64", (INT, INT), INT, do.divide_int),
        _binary("divide", "uint64", (UINT, UINT), UINT, do.divide_uint),
    ),
    Function(
        operators.MODULO,
        _binary("modulo", "int64", (INT, INT), INT, do.modulo_int),
        _binary("modulo", "uint64", (UINT, UINT), UINT, do.modulo_uint),
    ),
    Function(
        operators.NEGATE,
        Overload("negate_double", (DOUBLE,), DOUBLE, operator.neg, inline="(-{0})"),
        Overload("negate_int64", (INT,), INT, lambda a: checked_int(-a), inline=_INT64 % "-{0}"),
    ),
)


def _order(
    function: str, name: str, sign: str, exact: Callable[[Any, Any], bool], checked: Callable[..., bool]
) -> Function:
    """`<` and its kin: for two of one type, and for numbers of two types. A double may be no number: it is checked."""
    alike = {
        "bool": BOOL,
        "int64": INT,
        "uint64": UINT,
        "double": DOUBLE,
        "string": STRING,
        "bytes": BYTES,
        "timestamp": TIMESTAMP,
        "duration": DURATION,
    }
    numbers = ("int64", "uint64", "double")

    def overload(id_: str, left: Type, right: Type) -> Overload:
        if DOUBLE in (left, right):
            return Overload(f"{name}_{id_}", (left, right), BOOL, checked)
        return Overload(f"{name}_{id_}", (left, right), BOOL, exact, inline=f"({{0}} {sign} {{1}})")

    def overloads() -> Iterator[Overload]:
        for id_, type_ in alike.items():
            yield overload(id_, type_, type_)
            for other in numbers:
                if id_ in numbers and other != id_:
                    yield overload(f"{id_}_{other}", type_, alike[other])

    return Function(function, *overloads())


_ORDER = (
    _order(operators.LESS, "less", "<", operator.lt, do.less),
    _order(operators.LESS_EQUALS, "less_equals", "<=", operator.le, do.less_equals),
    _order(operators.GREATER, "greater", ">", operator.gt, do.greater),
    _order(operators.GREATER_EQUALS, "greater_equals", ">=", operator.ge, do.greater_equals),
)


def _sizes() -> Iterator[Overload]:
    for id_, type_ in {"bytes": BYTES, "list": _LIST, "map": _MAP, "string": STRING}.items():
        yield Overload(f"size_{id_}", (type_,), INT, len, inline="len({0})")
        yield Overload(f"{id_}_size", (type_,), INT, len, is_member=True, inline="len({0})")


_COLLECTIONS = (
    Function(
        operators.INDEX,
        Overload("index_list", (_LIST, INT), _A, do.get_index),
        Overload("index_map", (_MAP, _A), _B, do.get_index),
    ),
    Function(
        operators.IN,
        Overload("in_list", (_A, _LIST), BOOL, do.contains),
        Overload("in_map", (_A, _MAP), BOOL, do.contains),
    ),
    Function("size", *_sizes()),
)


def _conversion(name: str, result: Type, *sources: tuple[str, Type, Callable[[Any], Any]]) -> Function:
    return Function(name, *(Overload(id_, (type_,), result, do_) for id_, type_, do_ in sources))


_CONVERSIONS = (
    Function("type", Overload("type", (_A,), TypeType(_A), do.type_of)),
    Function("dyn", Overload("to_dyn", (_A,), DYN, _same, inline="{0}")),
    _conversion("bool", BOOL, ("bool_to_bool", BOOL, _same), ("string_to_bool", STRING, convert.string_to_bool)),
    _conversion("bytes", BYTES, ("bytes_to_bytes", BYTES, _same), ("string_to_bytes", STRING, convert.string_to_bytes)),
    _conversion(
        "double",
        DOUBLE,
        ("double_to_double", DOUBLE, _same),
        ("int64_to_double", INT, float),
        ("string_to_double", STRING, convert.string_to_double),
        ("uint64_to_double", UINT, float),
    ),
    _conversion(
        "duration",
        DURATION,
        ("duration_to_duration", DURATION, _same),
        ("string_to_duration", STRING, convert.string_to_duration),
    ),
    _conversion(
        "int",
        INT,
        ("int64_to_int64", INT, _same),
        ("double_to_int64", DOUBLE, convert.double_to_int),
        ("duration_to_int64", DURATION, convert.duration_to_int),
        ("string_to_int64", STRING, convert.string_to_int),
        ("timestamp_to_int64", TIMESTAMP, convert.timestamp_to_int),
        ("uint64_to_int64", UINT, convert.uint_to_int),
    ),
    _conversion(
        "string",
        STRING,
        ("string_to_string", STRING, _same),
        ("bool_to_string", BOOL, convert.bool_to_string),
        ("bytes_to_string", BYTES, convert.bytes_to_string),
        ("double_to_string", DOUBLE, convert.double_to_string),
        ("duration_to_string", DURATION, convert.duration_to_string),
        ("int64_to_string", INT, convert.int_to_string),
        ("timestamp_to_string", TIMESTAMP, convert.timestamp_to_string),
        ("uint64_to_string", UINT, convert.int_to_string),
    ),
    _conversion(
        "timestamp",
        TIMESTAMP,
        ("timestamp_to_timestamp", TIMESTAMP, _same),
        ("int64_to_timestamp", INT, convert.int_to_timestamp),
        ("string_to_timestamp", STRING, convert.string_to_timestamp),
    ),
    _conversion(
        "uint",
        UINT,
        ("uint64_to_uint64", UINT, _same),
        ("double_to_uint64", DOUBLE, convert.double_to_uint),
        ("int64_to_uint64", INT, convert.int_to_uint),
        ("string_to_uint64", STRING, convert.string_to_uint),
    ),
)


def _of_strings(name: str, id_: str, do_: Callable[[str, str], bool], inline: str) -> Function:
    return Function(name, Overload(id_, (STRING, STRING), BOOL, do_, is_member=True, inline=inline))


_STRINGS = (
    _of_strings("contains", "contains_string", operator.contains, "({1} in {0})"),
    _of_strings("endsWith", "ends_with_string", str.endswith, "{0}.endswith({1})"),
    _of_strings("startsWith", "starts_with_string", str.startswith, "{0}.startswith({1})"),
    Function(
        "matches",
        Overload("matches", (STRING, STRING), BOOL, matches),
        Overload("matches_string", (STRING, STRING), BOOL, matches, is_member=True),
    ),
)

STANDARD = Library(
    "cel",
    functions=(*_LOGIC, *_ARITHMETIC, *_ORDER, *_COLLECTIONS, *_CONVERSIONS, *_STRINGS, *times.PARTS),
    macros=MACROS,
    types=(BOOL, BYTES, DOUBLE, DURATION, INT, LIST, MAP, NULL, STRING, TIMESTAMP, TYPE, UINT),
)
