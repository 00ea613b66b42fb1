"""Comprehensions as Python loops.

In general form: an accumulator, a condition before each item, a step. The forms that macros make are recognised where
Python has something better: `all` and `exists` stop at once, and lists and maps grow in place, which nobody else can
see since the accumulator has no name in the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wherry.cel import operations, operators
from wherry.cel.ast import Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr
from wherry.cel.types import INT, STRING, UINT, ListType, MapType, Type
from wherry.cel.values import from_key
from wherry.cel.writer import Writer

INSERT = "cel.@mapInsert"
"""The function by which macros add to a map that they make: (map, key, value) or (map, map)."""


class Scope(Protocol):
    """What writes everything else."""

    writer: Writer
    is_exact: bool

    def is_folded(self, expr: Expr) -> bool: ...
    def value(self, expr: Expr) -> str: ...
    def truth(self, expr: Expr) -> str: ...
    def type_of(self, expr: Expr) -> Type: ...
    def bound(self, name: str, code: str, then: Callable[[], str]) -> str: ...


def write_comprehension(scope: Scope, expr: Comprehension) -> str:
    """Emit a loop; the expression for its result."""
    writer = scope.writer
    if isinstance(expr.range, ListExpr) and not expr.range.items:
        # No loop at all: how macros name a value. Upstream makes the empty list, unless it folds.
        if not scope.is_folded(expr.range):
            writer.charge(10)
        start = writer.temporary(scope.value(expr.start))
        return scope.bound(expr.accumulator, start, lambda: scope.value(expr.result))
    range_ = scope.value(expr.range)
    accumulator = writer.fresh("a")
    writer.emit(f"{accumulator} = {_fresh_start(scope, expr.start)}")
    quantifier = _quantifier(expr)
    first, second = writer.fresh("v"), writer.fresh("v")

    def body() -> str:
        with writer.block(_header(scope, expr, range_, first, second)):
            if writer.is_metered:
                writer.check_budget()
            scope.bound(expr.variable, first, lambda: scope.bound(expr.second_variable, second, step))
        return ""

    def step() -> str:
        if quantifier is not None:
            _write_quantifier(scope, expr, accumulator, *quantifier)
        else:
            _write_condition(scope, expr)
            _write_step(scope, expr, accumulator, expr.step)
        return ""

    if quantifier is not None and scope.is_exact:
        writer.emit(f"e{accumulator} = None")
    scope.bound(expr.accumulator, accumulator, body)
    if quantifier is not None and scope.is_exact:
        writer.emit(f"if e{accumulator} is not None: raise e{accumulator}")
    return scope.bound(expr.accumulator, accumulator, lambda: writer.temporary(scope.value(expr.result)))


def _fresh_start(scope: Scope, start: Expr) -> str:
    """The accumulator's first value; an empty list or map of its own, since it may grow in place."""
    if not _is_empty(start):
        return scope.value(start)
    if not scope.is_folded(start):
        scope.writer.charge(10 if isinstance(start, ListExpr) else 30)
    return "[]" if isinstance(start, ListExpr) else "{}"


def _header(scope: Scope, expr: Comprehension, range_: str, first: str, second: str) -> str:
    type_ = scope.type_of(expr.range)
    helper = scope.writer.helper
    if expr.second_variable:
        if scope.is_exact or not isinstance(type_, ListType | MapType):
            return f"for {first}, {second} in {helper(operations.iterate_pairs)}({range_}):"
        if isinstance(type_, ListType):
            return f"for {first}, {second} in enumerate({range_}):"
        if type_.key in (STRING, INT, UINT):
            return f"for {first}, {second} in {range_}.items():"
        return f"for {first}, {second} in {helper(operations.iterate_pairs)}({range_}):"
    if scope.is_exact or not isinstance(type_, ListType | MapType):
        return f"for {first} in {helper(operations.iterate)}({range_}):"
    if isinstance(type_, MapType) and type_.key not in (STRING, INT, UINT):
        return f"for {first} in map({helper(from_key)}, {range_}):"
    return f"for {first} in {range_}:"


# Quantifiers


def _quantifier(expr: Comprehension) -> tuple[bool, Expr, int] | None:
    """(the value that decides, the predicate, what an item costs beside it) of an `all` or `exists`."""
    condition, step = expr.condition, expr.step
    if not (isinstance(condition, Call) and condition.function == operators.NOT_STRICTLY_FALSE):
        return None
    if not (isinstance(step, Call) and len(step.args) == 2 and _is_accumulator(expr, step.args[0])):
        return None
    tested = condition.args[0]
    if step.function == operators.AND and _is_accumulator(expr, tested):
        return False, step.args[1], 3
    if step.function == operators.OR and isinstance(tested, Call) and tested.function == operators.NOT:
        return (True, step.args[1], 4) if _is_accumulator(expr, tested.args[0]) else None
    return None


def _is_accumulator(expr: Comprehension, other: Expr) -> bool:
    return isinstance(other, Ident) and other.name == expr.accumulator


def _write_quantifier(
    scope: Scope, expr: Comprehension, accumulator: str, decisive: bool, predicate: Expr, cost: int
) -> None:
    writer = scope.writer
    if not writer.is_metered:
        _write_test(scope, accumulator, decisive, predicate, "break")
        return
    # The item after the one that decides is not looked at, but finding that out has its cost.
    with writer.block(f"if {accumulator} is {decisive}:"):
        writer.charge(cost - 1)
        writer.emit("break")
    with writer.block("else:"):
        writer.charge(cost)
        _write_test(scope, accumulator, decisive, predicate, "continue")


def _write_test(scope: Scope, accumulator: str, decisive: bool, predicate: Expr, stop: str) -> None:
    writer = scope.writer
    test = "if {}:" if decisive else "if not {}:"
    if not scope.is_exact:
        with writer.block(test.format(scope.truth(predicate))):
            writer.emit(f"{accumulator} = {decisive}")
            writer.emit(stop)
        return
    # An error counts only if no item decides.
    with writer.block("try:"), writer.block(test.format(scope.truth(predicate))):
        writer.emit(f"{accumulator} = {decisive}; e{accumulator} = None")
        writer.emit(stop)
    with writer.block("except Exception as e:"):
        writer.emit(f"e{accumulator} = absorb(e, e{accumulator})")


# Steps


def _write_condition(scope: Scope, expr: Comprehension) -> None:
    condition = expr.condition
    if isinstance(condition, Literal) and condition.value is True:
        return
    with scope.writer.block(f"if not {scope.truth(condition)}:"):
        scope.writer.emit("break")


def _write_step(scope: Scope, expr: Comprehension, accumulator: str, step: Expr) -> None:
    """Emit what makes the accumulator the value of an expression, which may be about itself."""
    writer = scope.writer
    if _is_accumulator(expr, step):
        writer.charge(1)
        return
    if isinstance(step, Call) and step.args:
        if step.function == operators.CONDITIONAL:
            condition, first, second = step.args
            with writer.block(f"if {scope.truth(condition)}:"):
                _write_step(scope, expr, accumulator, first)
            if not _is_accumulator(expr, second):
                with writer.block("else:"):
                    _write_step(scope, expr, accumulator, second)
            return
        grows = _is_accumulator(expr, step.args[0]) and _is_empty(expr.start)
        if grows and step.function == operators.ADD and _is_plain_list(step.args[1]):
            assert isinstance(step.args[1], ListExpr)
            writer.charge(2 if scope.is_folded(step.args[1]) else 12)
            for item in step.args[1].items:
                writer.emit(f"{accumulator}.append({scope.value(item)})")
            return
        if grows and step.function == INSERT:
            writer.charge(2)
            helper = operations.insert if len(step.args) == 3 else operations.insert_all
            arguments = ", ".join(scope.value(arg) for arg in step.args[1:])
            writer.emit(f"{writer.helper(helper)}({accumulator}, {arguments})")
            return
    writer.emit(f"{accumulator} = {scope.value(step)}")


def _is_empty(expr: Expr) -> bool:
    """An empty list or map, made for this loop alone."""
    return (isinstance(expr, ListExpr) and not expr.items) or (isinstance(expr, MapExpr) and not expr.entries)


def _is_plain_list(expr: Expr) -> bool:
    return isinstance(expr, ListExpr) and not expr.optionals
