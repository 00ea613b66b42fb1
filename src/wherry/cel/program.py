"""A rule that can be evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wherry.cel.checked import Checked
from wherry.cel.errors import CostExceededError, EvaluationError, evaluation_error
from wherry.cel.functions import Charge
from wherry.cel.types import Type

Compiled = Callable[[Mapping[str, Any], list[int]], Any]
"""Takes the variables, and what evaluation may still cost."""
_UNLIMITED = 1 << 62


class Program:
    """A compiled rule: call it with its variables. Becomes Python code when it is first evaluated.

    `checked` is what the compiler knows of it, for estimates of its cost. It takes ten times the memory of the rest,
    so `forget` it when many rules are kept: it is found again when it is needed.
    """

    __slots__ = ("_charges", "_check", "_checked", "_functions", "_is_folding", "references", "text", "type")

    def __init__(
        self,
        text: str,
        check: Callable[[], Checked],
        charges: Mapping[str, Charge],
        checked: Checked,
        *,
        is_folding: bool = True,
    ) -> None:
        self.text = text
        self.type: Type = checked.type_of(checked.expr)
        self.references = frozenset(name.name for name in checked.names.values() if name.is_variable)
        """The variables it uses."""
        self._check = check
        self._checked: Checked | None = checked
        self._charges = charges
        self._is_folding = is_folding
        self._functions: dict[tuple[bool, bool], Compiled] = {}

    @property
    def checked(self) -> Checked:
        if self._checked is None:
            self._checked = self._check()
        return self._checked

    def forget(self) -> None:
        """Let go of what can be found again."""
        self._checked = None

    def __call__(self, variables: Mapping[str, Any]) -> Any:
        """Its value. Raises EvaluationError."""
        function = self._functions.get((False, False)) or self._function(is_exact=False, is_metered=False)
        try:
            return function(variables, _NO_BUDGET)
        except Exception:
            return self._exactly(variables, _NO_BUDGET, is_metered=False)

    def run(self, variables: Mapping[str, Any], limit: int | None = None) -> tuple[Any, int]:
        """Its value and what it cost. Raises EvaluationError, and CostExceededError if it costs more than `limit`."""
        allowed = _UNLIMITED if limit is None else limit
        budget = [allowed]
        try:
            value = self._function(is_exact=False, is_metered=True)(variables, budget)
        except CostExceededError:
            raise
        except Exception:
            budget = [allowed]
            try:
                value = self._exactly(variables, budget, is_metered=True)
            except EvaluationError as error:
                error.cost = allowed - budget[0]
                raise
        if budget[0] < 0:
            raise CostExceededError
        return value, allowed - budget[0]

    def _exactly(self, variables: Mapping[str, Any], budget: list[int], *, is_metered: bool) -> Any:
        try:
            return self._function(is_exact=True, is_metered=is_metered)(variables, budget)
        except EvaluationError:
            raise
        except Exception as error:
            raise evaluation_error(error) from error

    def _function(self, *, is_exact: bool, is_metered: bool) -> Compiled:
        function = self._functions.get((is_exact, is_metered))
        if function is None:
            from wherry.cel.generator import generate

            checked = self.checked
            function = generate(
                checked,
                is_exact=is_exact,
                is_metered=is_metered,
                charges=self._charges,
                is_folding=self._is_folding,
            )
            self._functions[is_exact, is_metered] = function
            self.forget()
        return function


_NO_BUDGET: list[int] = []
