"""What is checked beyond types where an environment asks for it: faults that would show only at run time, or never."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from wherry.cel.ast import Call, Expr, ListExpr, Literal, MapExpr, children, walk
from wherry.cel.conversions import int_to_timestamp, string_to_duration, string_to_timestamp
from wherry.cel.errors import EvaluationError, Issue
from wherry.cel.functions import Tree, Validator
from wherry.cel.tokenstream import locate
from wherry.cel.types import OptionalType, Type
from wherry.lib.regex import PatternError, compile_pattern

_CHECKS: Mapping[str, Mapping[type, Callable[[Any], object]]] = {
    "duration": {str: string_to_duration},
    "timestamp": {str: string_to_timestamp, int: int_to_timestamp},
    "matches": {str: compile_pattern},
}
_MAY_MIX = "format"
"""The function whose arguments are lists of anything."""


def validate(tree: Tree, text: str, validators: Iterable[Validator]) -> list[Issue]:
    """The issues that validators find in a tree without others, in the order of the text."""
    faults = [fault for validator in validators for fault in validator(tree)]
    issues = {Issue(message, *locate(text, expr.position)): None for expr, message in faults}
    return sorted(issues, key=lambda issue: (issue.line, issue.column))


def literals(tree: Tree) -> Iterator[tuple[Expr, str]]:
    """Literals that become durations, timestamps and patterns, and are none."""
    for expr in walk(tree.expr):
        if isinstance(expr, Call) and expr.function in _CHECKS and expr.args:
            argument = expr.args[0]
            if isinstance(argument, Literal) and not _is_valid(expr.function, argument):
                yield argument, f"invalid {expr.function} argument"


def _is_valid(function: str, literal: Literal) -> bool:
    check: Callable[[Any], object] | None = _CHECKS[function].get(type(literal.value))
    try:
        return check is None or check(literal.value) is not None
    except (EvaluationError, PatternError):
        return False


def mixtures(tree: Tree) -> Iterator[tuple[Expr, str]]:
    """List literals with items of several types, and the same of the keys and values of maps."""
    rest = [tree.expr]
    while rest:
        expr = rest.pop()
        if isinstance(expr, Call) and expr.function == _MAY_MIX:
            continue
        rest += children(expr)
        if isinstance(expr, ListExpr):
            items = [(item, index in expr.optionals) for index, item in enumerate(expr.items)]
            yield from _first_mismatch(tree, items)
        elif isinstance(expr, MapExpr):
            yield from _mismatches(tree, [(entry.key, False) for entry in expr.entries])
            yield from _mismatches(tree, [(entry.value, entry.is_optional) for entry in expr.entries])


def _first_mismatch(tree: Tree, items: list[tuple[Expr, bool]]) -> Iterator[tuple[Expr, str]]:
    for fault in _mismatches(tree, items):
        yield fault
        return


def _mismatches(tree: Tree, items: list[tuple[Expr, bool]]) -> Iterator[tuple[Expr, str]]:
    expected: Type | None = None
    for item, is_optional in items:
        found = tree.type_of(item)
        if is_optional and isinstance(found, OptionalType):
            found = found.inner
        if expected is None:
            expected = found
        elif found != expected:
            yield item, f"expected type '{expected}' but found '{found}'"
