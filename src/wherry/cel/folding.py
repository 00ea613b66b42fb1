"""Constant parts of a tree, which are evaluated once: lists and maps of constants, and conversions of constants.

`x in ['a', 'b']`, `t < timestamp('2020-01-01T00:00:00Z')`: upstream does the same, and charges nothing for what it has
folded, nor for looking a value up in a constant list. So what a rule costs at run time depends on it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from wherry.cel import operators
from wherry.cel.ast import Call, Expr, ListExpr, Literal, MapExpr, walk
from wherry.cel.checked import Checked, Resolution
from wherry.cel.errors import EvaluationError
from wherry.cel.operations import make_map
from wherry.cel.types import is_dyn
from wherry.cel.values import Uint

_CONVERSIONS = frozenset(("bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"))
_SEARCHABLE = frozenset((bool, int, float, Uint, str))


class Constants:
    """The values of constant nodes, by their ids; a literal is no such node. And the searches that they make free."""

    __slots__ = ("fault", "searches", "values")

    def __init__(self, checked: Checked) -> None:
        self.values: dict[int, Any] = {}
        self.searches: set[int] = set()
        self.fault: EvaluationError | None = None
        """Why a conversion of a constant fails: upstream makes no program of it."""
        for expr in reversed(list(walk(checked.expr))):  # children before their parents
            if isinstance(expr, ListExpr | MapExpr):
                self._fold(expr)
            elif isinstance(expr, Call):
                self._convert(checked, expr)

    def _fold(self, expr: ListExpr | MapExpr) -> None:
        if isinstance(expr, ListExpr):
            if not expr.optionals and all(map(self._is_constant, expr.items)):
                self.values[expr.id] = [self._value(item) for item in expr.items]
        elif not any(entry.is_optional for entry in expr.entries):
            parts = [(entry.key, entry.value, False) for entry in expr.entries]
            if all(self._is_constant(key) and self._is_constant(value) for key, value, _ in parts):
                with suppress(EvaluationError):
                    self.values[expr.id] = make_map((self._value(k), self._value(v), o) for k, v, o in parts)

    def _convert(self, checked: Checked, expr: Call) -> None:
        resolution = checked.calls[expr.id]
        args = resolution.args
        if resolution.function == operators.IN and args[1].id in self.values:
            items = self.values[args[1].id]
            if type(items) is list and _SEARCHABLE.issuperset(map(type, items)):
                self.searches.add(expr.id)
        elif self._is_conversion(checked, resolution):
            try:
                self.values[expr.id] = resolution.overloads[0].implementation(self._value(args[0]))
            except EvaluationError as error:
                self.fault = error

    def _is_conversion(self, checked: Checked, resolution: Resolution) -> bool:
        """Of a constant whose type says what to do."""
        args = resolution.args
        if resolution.function not in _CONVERSIONS or not len(args) == len(resolution.overloads) == 1:
            return False
        return self._is_constant(args[0]) and not is_dyn(checked.type_of(args[0]))

    def _is_constant(self, expr: Expr) -> bool:
        return isinstance(expr, Literal) or expr.id in self.values

    def _value(self, expr: Expr) -> Any:
        return expr.value if isinstance(expr, Literal) else self.values[expr.id]
