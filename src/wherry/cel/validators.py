"""What is checked beyond types where an environment is strict: faults of literals that would show only at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from wherry.cel.ast import Call, Expr, Literal, walk
from wherry.cel.checker import Checked
from wherry.cel.conversions import string_to_duration, string_to_timestamp
from wherry.cel.errors import EvaluationError, Issue
from wherry.cel.parser import locate
from wherry.lib.regex import PatternError, compile_pattern

_CHECKS: Mapping[str, Callable[[str], object]] = {
    "duration": string_to_duration,
    "timestamp": string_to_timestamp,
    "matches": compile_pattern,
}


def validate(checked: Checked, text: str) -> list[Issue]:
    """The issues of literals in a tree without others."""
    return [
        Issue(f"invalid {function} argument", *locate(text, literal.position))
        for function, literal in _literals(checked)
        if not _is_valid(function, literal)
    ]


def _literals(checked: Checked) -> Iterator[tuple[str, Literal]]:
    for expr in walk(checked.expr):
        if isinstance(expr, Call) and expr.function in _CHECKS:
            args: tuple[Expr, ...] = expr.args
            if args and isinstance(args[0], Literal):
                yield expr.function, args[0]


def _is_valid(function: str, literal: Literal) -> bool:
    if not isinstance(literal.value, str):
        return True
    try:
        _CHECKS[function](literal.value)
    except (EvaluationError, PatternError):
        return False
    return True
