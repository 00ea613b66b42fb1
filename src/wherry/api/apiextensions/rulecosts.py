"""Rules of a schema, place by place: what compiling them says, and what they may cost.

A rule may cost as much as it takes at most, times the number of values that an object can have at its place; where no
limit of the schema bounds that number, the size of a request does.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.field import ErrorType, FieldError, forbidden, invalid
from wherry.api.structural.declared import MOST_BYTES, Declared, declare
from wherry.api.structural.rules import CompiledRule, RuleError, compile_rule
from wherry.api.structural.shape import Rule, Shape
from wherry.cel.cost import DEFINITION_LIMIT, RULE_LIMIT, UNBOUNDED


class Totals(Struct):
    """What the rules of one schema cost together, and which of them most."""

    cost: int = 0
    dearest: list[tuple[int, str]] = field(default_factory=list)

    def add(self, path: str, cost: int) -> None:
        self.cost = min(self.cost + cost, UNBOUNDED)
        if cost >= DEFINITION_LIMIT // 100:
            self.dearest = sorted([*self.dearest, (cost, path)], key=lambda entry: -entry[0])[:4]

    def faults(self, path: str) -> list[FieldError]:
        """Of the schema at a path as a whole."""
        if self.cost <= DEFINITION_LIMIT:
            return []
        why = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        dearest = [forbidden(each, why) for _, each in self.dearest]
        return [*dearest, forbidden(path, _too_dear(what, self.cost, DEFINITION_LIMIT))]


class CostedPlace(Struct, frozen=True):
    """A place where rules may stand: what they can speak of, and how often an object can make them run."""

    shape: Shape
    declared: Declared | None
    times: int | None
    """None: nobody knows."""
    totals: Totals

    @staticmethod
    def root(shape: Shape) -> CostedPlace:
        return CostedPlace(shape, declare(shape, "selfType", is_resource=True), 1, Totals())

    def field(self, name: str) -> CostedPlace | None:
        """The place of a property; None if there are no rules in it."""
        inner = self.shape.properties[name]
        if not inner.has_rules:
            return None
        declared = self.declared.field(name) if self.declared is not None else None
        if declared is None:
            declared = declare(inner, "selfType", is_resource=inner.embedded)
        return replace(self, shape=inner, declared=declared, times=self._times_below())

    def inner(self) -> CostedPlace | None:
        """The place of a list's items or of a map's values; None if there are no rules in it."""
        shape = self.shape.items if self.shape.items is not None else self.shape.additional
        assert isinstance(shape, Shape)
        if not shape.has_rules:
            return None
        declared = self.declared.item if self.declared is not None else None
        if declared is None:
            declared = declare(shape, "selfType", is_resource=shape.embedded)
        return replace(self, shape=shape, declared=declared, times=self._times_below())

    def _times_below(self) -> int | None:
        shape = self.shape
        if shape.type == "object" and shape.additional is not None:
            most = shape.max_properties
        elif shape.type == "array":
            most = shape.max_items
        else:
            most = 1
        if self.times is None or most is None:
            return None
        return min(self.times * max(most, 0), UNBOUNDED)

    def faults(self, path: str, uncorrelated: str, *, allows_cost: bool) -> list[FieldError]:
        """What compiling the rules of this place says."""
        if self.declared is None:
            why = "unable to convert structural schema to CEL declarations"
            what = "failed to construct type information for x-kubernetes-validations rules"
            return [FieldError(ErrorType.INTERNAL, path, f"internal error: {what}: {why}")]
        return [
            fault
            for index, rule in enumerate(self.shape.rules)
            for fault in self._rule_faults(rule, self.declared, f"{path}[{index}]", uncorrelated, allows_cost)
        ]

    def total_faults(self, path: str) -> list[FieldError]:
        """What all rules asked so far, of the whole schema, cost too much together."""
        return self.totals.faults(path)

    def _rule_faults(
        self, rule: Rule, declared: Declared, path: str, uncorrelated: str, allows_cost: bool
    ) -> Iterator[FieldError]:
        try:
            compiled = compile_rule(rule, declared)
        except RuleError as error:
            yield invalid(f"{path}.rule", _shown(rule), str(error))
            uses_old_self = False
        else:
            yield from self._cost_faults(compiled, declared, path, allows_cost)
            if compiled.message_error:
                yield invalid(f"{path}.messageExpression", _shown(rule), compiled.message_error)
            uses_old_self = compiled.uses_old_self
        if uses_old_self and uncorrelated:
            why = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"
            yield invalid(f"{path}.rule", rule.rule, why)
        if not uses_old_self and rule.optional_old_self is not None:
            why = "may not be set if oldSelf is not used in rule"
            yield invalid(f"{path}.optionalOldSelf", rule.optional_old_self, why)

    def _cost_faults(
        self, compiled: CompiledRule, declared: Declared, path: str, allows_cost: bool
    ) -> Iterator[FieldError]:
        times = self.times if self.times is not None else MOST_BYTES // (declared.least_bytes + 1)
        cost = min(compiled.most * times, UNBOUNDED)
        if cost > RULE_LIMIT and not allows_cost:
            yield forbidden(f"{path}.rule", _too_dear("estimated rule cost", cost, RULE_LIMIT))
        self.totals.add(f"{path}.rule", cost)
        if compiled.message is not None:
            cost = compiled.message_most
            if cost > RULE_LIMIT and not allows_cost:
                why = _too_dear("estimated messageExpression cost", cost, RULE_LIMIT)
                yield forbidden(f"{path}.messageExpression", why)
            self.totals.add(f"{path}.messageExpression", cost)


def _too_dear(what: str, cost: int, limit: int) -> str:
    factor = cost / limit
    if factor > 100:
        times = "more than 100x"
    else:
        times = f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    limits = "adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared"
    return f"{what} exceeds budget by factor of {times} (try simplifying the rule, or {limits})"


def _shown(rule: Rule) -> Obj:
    """A rule as upstream shows it: its internal form has no names for JSON."""
    return {
        "Rule": rule.rule,
        "Message": rule.message,
        "MessageExpression": rule.message_expression,
        "Reason": rule.reason or None,
        "FieldPath": rule.field_path,
        "OptionalOldSelf": rule.optional_old_self,
    }
