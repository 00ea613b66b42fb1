"""Asking the rules of a schema about an object: what upstream's `cel.Validator` does.

Rules stand at places. Each is asked about every value of its place, with the old value as `oldSelf` where there is one
that the new one stands for; rules that speak of the old value are not asked without it, unless they take it as
optional. A rule may say no, or fail; both are faults. What did not change is forgiven, unless the rule is about
the change.

Evaluation has a budget for the whole object. The quick way does not count what rules cost: it adds up what each can
cost at most by the schema's limits, and as long as that keeps within the budget, counting could not find more. Whatever
goes wrong on the quick way, the slow one begins anew, counts, and writes the faults.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct

from wherry.api.field import OMITTED, ErrorType, FieldError, duplicate, forbidden, invalid, required
from wherry.api.structural.correlation import Correlation, OldItems
from wherry.api.structural.declared import Declared, declare
from wherry.api.structural.report import MOST_FLAWS, NOWHERE
from wherry.api.structural.rules import OLD_SELF, SELF, SIZES, CompiledRule, RuleError, compile_rule
from wherry.api.structural.shape import Rule, Shape
from wherry.cel.conversions import converter
from wherry.cel.cost import CALL_LIMIT, OBJECT_LIMIT, UNBOUNDED
from wherry.cel.errors import CostExceededError, EvaluationError
from wherry.cel.values import NONE, Optional
from wherry.lib.once import once

LONGEST_MESSAGE = 5 * 1024
"""How many bytes a message expression may make."""
EXHAUSTED = "validation failed due to running out of cost budget, no further validation rules will be run"


class Ruler:
    """Asks the rules of a place and of all below it."""

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        shape = declared.shape
        self.items = _inner(shape.items, declared.item)
        self.values = _inner(shape.additional, declared.item) if shape.type == "object" else None
        found = {key: _inner(inner, declared.field(key)) for key, inner in shape.properties.items()}
        self.fields = {key: ruler for key, ruler in found.items() if ruler is not None}
        self._convert = converter(declared.type)
        self._costs: dict[tuple[int, int], int] = {}

    @once
    def rules(self) -> Sequence[CompiledRule | RuleError]:
        """Compiled when the first value is met. A stored definition's rules have been compiled before."""
        return tuple(_compile(rule, self.declared) for rule in self.declared.shape.rules if rule.rule.strip())

    def native(self, value: Any) -> Any:
        """A JSON value as rules see it; raises EvaluationError."""
        return value if self._convert is None or value is None else self._convert(value)

    def most_cost(self, size: int) -> int:
        """What all rules can cost at most for an object of so many bytes."""
        index = bisect_left(SIZES, size)
        return UNBOUNDED if index == len(SIZES) else self._most_cost(index, 1)

    def _most_cost(self, index: int, times: int) -> int:
        """At one of the `SIZES`, for at most so many values of this place."""
        found = self._costs.get((index, times))
        if found is not None:
            return found
        here = sum(rule.within[index] for rule in self.rules if isinstance(rule, CompiledRule)) * times
        below = sum(inner._most_cost(index, times) for inner in self.fields.values())
        for many in (self.items, self.values):
            if many is not None:
                below += many._most_cost(index, self._times_below(SIZES[index], times))
        self._costs[index, times] = found = here + below
        return found

    def _times_below(self, size: int, times: int) -> int:
        """So many items there are at most, of so many lists that are not larger together than the object."""
        shape = self.declared.shape
        most = shape.max_items if shape.type == "array" else shape.max_properties
        values = size // 2
        return values if most is None else min(times * max(most, 0), values)

    def accepts(self, new: Any, old: Any) -> bool:
        """Whether all rules say yes, within the budget. The value must keep to its schema's limits."""
        return _passes(self, new, old, _Budget(is_counted=False)) or _passes(self, new, old, _Budget(is_counted=True))

    def faults(self, new: Any, old: Any, correlation: Correlation | None = None, path: str = "") -> list[FieldError]:
        """What the rules say against the value at a path, counting what they cost."""
        return self._ask(new, old, correlation, path).faults

    def forgiven(self, new: Any, old: Any, correlation: Correlation) -> list[FieldError]:
        """What the rules say against that which did not change, of which the writer is told nonetheless."""
        return self._ask(new, old, correlation, "").forgiven

    def _ask(self, new: Any, old: Any, correlation: Correlation | None, path: str) -> _Asking:
        asking = _Asking()
        with suppress(_Stopped):
            asking.ask(self, new, old, path, _Past(correlation))
        return asking


def make_ruler(shape: Shape, *, is_resource: bool) -> Ruler | None:
    """What asks the rules of a place and of all below it; None where rules know nothing of it."""
    declared = declare(shape, "selfType", is_resource=is_resource)
    return None if declared is None else Ruler(declared)


def _inner(shape: Any, declared: Declared | None) -> Ruler | None:
    if not isinstance(shape, Shape) or not shape.has_rules or declared is None:
        return None
    return Ruler(declared)


def _compile(rule: Rule, declared: Declared) -> CompiledRule | RuleError:
    try:
        return compile_rule(rule, declared)
    except RuleError as error:
        return error


class _Budget(Struct):
    """What may still be spent; counted as it is spent, or taken at its most."""

    is_counted: bool
    left: int = OBJECT_LIMIT


def _passes(ruler: Ruler, value: Any, old: Any, budget: _Budget) -> bool:
    if value is None:
        return True
    if ruler.declared.shape.rules and not _passes_here(ruler, value, old, budget):
        return False
    if type(value) is dict:
        olds = old if type(old) is dict else {}
        for key, inner in ruler.fields.items():
            if (content := value.get(key)) is not None and not _passes(inner, content, olds.get(key), budget):
                return False
        if (values := ruler.values) is not None:
            return all(_passes(values, content, olds.get(key), budget) for key, content in value.items())
    elif type(value) is list and (items := ruler.items) is not None:
        old_items = OldItems(ruler.declared.shape, old)
        return all(_passes(items, content, old_items.find(content), budget) for content in value)
    return True


def _passes_here(ruler: Ruler, value: Any, old: Any, budget: _Budget) -> bool:
    try:
        variables = {SELF: ruler.native(value), OLD_SELF: None if old is None else ruler.native(old)}
        for rule in ruler.rules:
            if isinstance(rule, RuleError):
                return False
            if (given := _given(rule, variables)) is None:
                continue
            if budget.is_counted or rule.most > CALL_LIMIT:
                verdict, cost = rule.program.run(given, CALL_LIMIT)
            else:
                verdict, cost = rule.program(given), rule.most
            budget.left -= cost
            if verdict is not True or budget.left < 0:
                return False
    except EvaluationError:
        return False
    return True


def _given(rule: CompiledRule, variables: dict[str, Any]) -> dict[str, Any] | None:
    """The variables of a rule; None when it cannot be asked since there is no old value."""
    if not rule.uses_old_self:
        return variables
    old = variables[OLD_SELF]
    if rule.rule.optional_old_self:
        return {SELF: variables[SELF], OLD_SELF: NONE if old is None else Optional(old)}
    return None if old is None else variables


class _Stopped(Exception):
    """The budget is spent: no more rules are asked."""


class _Past(Struct, frozen=True):
    """What a place is compared with, to forgive what did not change."""

    here: Correlation | None = None
    above: Correlation | None = None
    """The nearest place around this one that stands for an old one."""

    @property
    def is_unchanged(self) -> bool:
        nearest = self.here if self.here is not None else self.above
        return nearest is not None and nearest.is_unchanged

    def key(self, name: str) -> _Past:
        if self.here is None:
            return self
        if self.above is None and name in ("apiVersion", "kind"):
            return _Past()
        return _Past(self.here.key(name), self.here)

    def index(self, index: int) -> _Past:
        return self if self.here is None else _Past(self.here.index(index), self.here)


class _Asking:
    """One way through an object."""

    def __init__(self) -> None:
        self.faults: list[FieldError] = []
        self.forgiven: list[FieldError] = []
        """What rules say against that which did not change."""
        self._left = OBJECT_LIMIT

    def ask(self, ruler: Ruler, value: Any, old: Any, path: str, past: _Past) -> None:
        if value is None:
            return
        if len(self.faults) + len(self.forgiven) > MOST_FLAWS:
            raise _Stopped
        if ruler.declared.shape.rules:
            self._ask_here(ruler, value, old, path, past)
        if type(value) is dict:
            olds = old if type(old) is dict else {}
            for key, content in value.items():
                if (values := ruler.values) is not None:
                    self.ask(values, content, olds.get(key), f"{path}[{key}]", past.key(key))
                if (inner := ruler.fields.get(key)) is not None:
                    self.ask(inner, content, olds.get(key), f"{path}.{key}" if path else key, past.key(key))
        elif type(value) is list and (items := ruler.items) is not None:
            old_items = OldItems(ruler.declared.shape, old)
            for index, content in enumerate(value):
                self.ask(items, content, old_items.find(content), f"{path}[{index}]", past.index(index))

    def _ask_here(self, ruler: Ruler, value: Any, old: Any, path: str, past: _Past) -> None:
        for rule in ruler.rules:
            if self._left <= 0:
                self._fail(ruler, path, EXHAUSTED)
                raise _Stopped
            if isinstance(rule, RuleError):
                self._fail(ruler, path, f"rule compile error: {rule}")
                continue
            try:
                variables = {SELF: ruler.native(value), OLD_SELF: None if old is None else ruler.native(old)}
                if (given := _given(rule, variables)) is None:
                    continue
                verdict = self._run(rule, given)
            except CostExceededError as error:
                limit = "no further validation rules will be run due to call cost exceeds limit for rule"
                self._fail(ruler, path, f"'{error}': {limit}: {_text(rule.rule)}")
                raise _Stopped from None
            except EvaluationError as error:
                if error.cost > self._left:
                    self._fail(ruler, path, EXHAUSTED)
                    raise _Stopped from None
                self._left -= error.cost
                self._fail(ruler, path, _explain(error, rule.rule))
                continue
            except _Stopped:
                self._fail(ruler, path, EXHAUSTED)
                raise
            if verdict is not True:
                self._refuse(ruler, rule, value, variables, path, past)

    def _run(self, rule: CompiledRule, given: dict[str, Any]) -> Any:
        try:
            verdict, cost = rule.program.run(given, CALL_LIMIT)
        except CostExceededError:
            if self._left < CALL_LIMIT:
                raise _Stopped from None
            raise
        self._spend(cost)
        return verdict

    def _spend(self, cost: int) -> None:
        if cost > self._left:
            raise _Stopped
        self._left -= cost

    def _fail(self, ruler: Ruler, path: str, why: str) -> None:
        self.faults.append(invalid(path or NOWHERE, ruler.declared.shape.type, why))

    def _refuse(
        self, ruler: Ruler, rule: CompiledRule, value: Any, variables: dict[str, Any], path: str, past: _Past
    ) -> None:
        place = ".".join(step for step in (path, rule.field_path) if step) or NOWHERE
        told = self.forgiven if not rule.uses_old_self and past.is_unchanged else self.faults
        try:
            message = self._message(rule, variables)
        except _MessageError as error:
            told.append(invalid(place, ruler.declared.shape.type, str(error)))
            raise _Stopped from None
        shown = OMITTED if ruler.declared.shape.type in ("object", "array") else value
        told.append(_fault(rule.rule.reason, place, shown, message))

    def _message(self, rule: CompiledRule, variables: dict[str, Any]) -> str:
        """What the message expression makes, or the rule's own message where it makes none that will do."""
        if rule.message is not None:
            made = self._made_message(rule.message, rule.rule, variables)
            if made and "\n" not in made and len(made.encode(errors="surrogatepass")) <= LONGEST_MESSAGE:
                return made
        return rule.rule.message.strip() or f"failed rule: {_text(rule.rule)}"

    def _made_message(self, program: Any, rule: Rule, variables: dict[str, Any]) -> str:
        given = variables if variables[OLD_SELF] is not None else {SELF: variables[SELF]}
        try:
            text, cost = program.run(given, CALL_LIMIT)
            self._spend(cost)
        except CostExceededError:
            why = "no further validation rules will be run due to call cost exceeds limit for messageExpression"
            raise _MessageError(f"{why}: {json.dumps(rule.message_expression)}") from None
        except EvaluationError:
            return ""
        except _Stopped:
            raise _MessageError(
                "messageExpression evaluation failed due to running out of cost budget, "
                "no further validation rules will be run"
            ) from None
        return text.strip() if type(text) is str else ""


class _MessageError(Exception):
    """A message that costs too much."""


def _explain(error: EvaluationError, rule: Rule) -> str:
    if str(error).startswith("no such overload"):
        why = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {why}: {_text(rule)}"
    return f"{error} evaluating rule: {_text(rule)}"


def _text(rule: Rule) -> str:
    """How faults name a rule."""
    return rule.message.strip() if rule.message else rule.rule.strip()


def _fault(reason: str, path: str, value: Any, detail: str) -> FieldError:
    if reason == ErrorType.FORBIDDEN.value:
        return forbidden(path, detail)
    if reason == ErrorType.REQUIRED.value:
        return required(path, detail)
    return duplicate(path, value) if reason == ErrorType.DUPLICATE.value else invalid(path, value, detail)
