"""Expressions as the parser leaves them: trees of frozen nodes.

Operators are calls of functions with cel-go's names (`_+_`, `_&&_`, `@in`, `_[_]`, `_?_:_`), and macros are expanded:
`all`, `map` and their kin become a `Comprehension`, a loop in general form. Every node has an `id`, unique within its
expression, by which the checker files what it finds out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec import Struct


class Expr:
    """Any expression."""

    __slots__ = ()

    id: int
    position: int
    """Where it stands in the text, in characters: the place that messages point at."""


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Expr):
    """A constant: None, bool, int, Uint, float, str or bytes."""

    id: int
    position: int
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Ident(Expr):
    """A name. With a leading dot it is meant from the root, past the container and local variables."""

    id: int
    position: int
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Select(Expr):
    """`operand.field`, or `has(operand.field)` if `is_test`. (`a.?b` is a call of `_?._`.)"""

    id: int
    position: int
    operand: Expr
    field: str
    is_test: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Call(Expr):
    """`function(args)`, `target.function(args)`, or an operator."""

    id: int
    position: int
    function: str
    target: Expr | None
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ListExpr(Expr):
    """`[a, ?b]`; `optionals` are the indices of the items with a question mark."""

    id: int
    position: int
    items: tuple[Expr, ...]
    optionals: frozenset[int] = frozenset()


class Entry(Struct, frozen=True, eq=False):
    """`key: value` of a map, with a question mark or without."""

    id: int
    position: int
    key: Expr
    value: Expr
    is_optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MapExpr(Expr):
    """`{key: value, ?key: value}`."""

    id: int
    position: int
    entries: tuple[Entry, ...]


class StructField(Struct, frozen=True, eq=False):
    """`field: value` of an object."""

    id: int
    position: int
    name: str
    value: Expr
    is_optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class StructExpr(Expr):
    """`Name{field: value}`."""

    id: int
    position: int
    name: str
    fields: tuple[StructField, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension(Expr):
    """A loop over a list or the keys of a map; with a second variable over index and item, or key and value.

    `accumulator` starts as `start` and becomes `step` for each item while `condition` holds; the value is `result`.
    """

    id: int
    position: int
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
