"""Expressions as the parser leaves them: trees of frozen nodes.

Operators are calls of functions with cel-go's names (`_+_`, `_&&_`, `@in`, `_[_]`, `_?_:_`), and macros are expanded:
`all`, `map` and their kin become a `Comprehension`, a loop in general form. Every node has an `id`, unique within its
expression, by which the checker files what it finds out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct


class Expr(Struct, frozen=True, eq=False):
    """Any expression."""

    id: int
    position: int
    """Where it stands in the text, in characters: the place that messages point at."""


class Literal(Expr, frozen=True, eq=False):
    """A constant: None, bool, int, Uint, float, str or bytes."""

    value: Any


class Ident(Expr, frozen=True, eq=False):
    """A name. With a leading dot it is meant from the root, past the container and local variables."""

    name: str


class Select(Expr, frozen=True, eq=False):
    """`operand.field`, or `has(operand.field)` if `is_test`. (`a.?b` is a call of `_?._`.)"""

    operand: Expr
    field: str
    is_test: bool = False


class Call(Expr, frozen=True, eq=False):
    """`function(args)`, `target.function(args)`, or an operator."""

    function: str
    target: Expr | None
    args: tuple[Expr, ...]


class ListExpr(Expr, frozen=True, eq=False):
    """`[a, ?b]`; `optionals` are the indices of the items with a question mark."""

    items: tuple[Expr, ...]
    optionals: frozenset[int] = frozenset()


class Entry(Struct, frozen=True, eq=False):
    """`key: value` of a map, with a question mark or without."""

    id: int
    position: int
    key: Expr
    value: Expr
    is_optional: bool = False


class MapExpr(Expr, frozen=True, eq=False):
    """`{key: value, ?key: value}`."""

    entries: tuple[Entry, ...]


class StructField(Struct, frozen=True, eq=False):
    """`field: value` of an object."""

    id: int
    position: int
    name: str
    value: Expr
    is_optional: bool = False


class StructExpr(Expr, frozen=True, eq=False):
    """`Name{field: value}`."""

    name: str
    fields: tuple[StructField, ...]


class Comprehension(Expr, frozen=True, eq=False):
    """A loop over a list or the keys of a map; with a second variable over index and item, or key and value.

    `accumulator` starts as `start` and becomes `step` for each item while `condition` holds; the value is `result`.
    """

    range: Expr
    variable: str
    second_variable: str
    """Empty if there is one variable only."""
    accumulator: str
    start: Expr
    condition: Expr
    step: Expr
    result: Expr


def children(expr: Expr) -> Iterator[Expr]:
    """The expressions directly within another, in the order of the text."""
    match expr:
        case Select():
            yield expr.operand
        case Call():
            if expr.target is not None:
                yield expr.target
            yield from expr.args
        case ListExpr():
            yield from expr.items
        case MapExpr():
            for entry in expr.entries:
                yield entry.key
                yield entry.value
        case StructExpr():
            for item in expr.fields:
                yield item.value
        case Comprehension():
            yield from (expr.range, expr.start, expr.condition, expr.step, expr.result)


def walk(expr: Expr) -> Iterator[Expr]:
    """An expression and everything in it, parents first."""
    rest = [expr]
    while rest:
        node = rest.pop()
        yield node
        rest.extend(reversed(list(children(node))))
