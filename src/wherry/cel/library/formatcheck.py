"""Finds calls of `format` that must fail: of a literal text, with a literal list of arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wherry.cel.ast import Call, Expr, ListExpr, Literal, MapExpr, walk
from wherry.cel.environment import type_name
from wherry.cel.errors import EvaluationError
from wherry.cel.functions import Tree
from wherry.cel.library.formatting import CLAUSE, DEMANDS, parse_clause
from wherry.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    ListType,
    MapType,
    Type,
    TypeType,
    is_dyn,
)

_SCALARS = (INT, UINT, DOUBLE, BOOL, STRING, TIMESTAMP, BYTES, DURATION, NULL)
_TAKEN: dict[str, tuple[Type, ...]] = {
    "d": (INT, UINT),
    "f": (DOUBLE, STRING),
    "e": (DOUBLE, STRING),
    "b": (INT, UINT, BOOL),
    "o": (INT, UINT),
    "x": (INT, UINT, STRING, BYTES),
    "X": (INT, UINT, STRING, BYTES),
}


def check_formats(tree: Tree) -> Iterator[tuple[Expr, str]]:
    """The faults of all calls that can be judged."""
    for expr in walk(tree.expr):
        if not isinstance(expr, Call) or expr.function != "format" or not isinstance(expr.target, Literal):
            continue
        if isinstance(expr.target.value, str) and len(expr.args) == 1 and isinstance(expr.args[0], ListExpr):
            fault = _fault(tree, expr, expr.target.value, expr.args[0].items)
            if fault is not None:
                yield fault


def _fault(tree: Tree, call: Call, text: str, args: Sequence[Expr]) -> tuple[Expr, str] | None:
    used = 0
    for match in CLAUSE.finditer(text):
        if match[1]:
            continue
        if used >= len(args) and match[0] != "%":
            return call, f"index {used} out of range"
        try:
            parse_clause(match)
        except EvaluationError as error:
            return call, str(error)
        wrong = _wrong_part(tree, match[3], args[used])
        if wrong is not None:
            found = type_name(tree.type_of(wrong))
            return wrong, f"error during formatting: {DEMANDS[match[3]]}, was given {found}"
        used += 1
    if used < len(args):
        return call, f"too many arguments supplied to string.format (expected {used}, got {len(args)})"
    return None


def _wrong_part(tree: Tree, letter: str, arg: Expr) -> Expr | None:
    """What the clause does not take: the argument, or something within it."""
    type_ = tree.type_of(arg)
    if letter != "s":
        return None if is_dyn(type_) or type_ in _TAKEN[letter] else arg
    if not (is_dyn(type_) or type_ in _SCALARS or isinstance(type_, (ListType, MapType, TypeType))):
        return arg
    parts: list[Expr] = []
    if isinstance(arg, ListExpr):
        parts = list(arg.items)
    elif isinstance(arg, MapExpr):
        parts = [part for entry in arg.entries for part in (entry.key, entry.value)]
    return next((wrong for part in parts if (wrong := _wrong_part(tree, "s", part)) is not None), None)
