"""Rules of a schema (`x-kubernetes-validations`): their texts, what compiling them says, and what they may cost.

A rule may cost as much as it takes at most, times the number of values that an object can have at its place; where no
limit of the schema bounds that number, the size of a request does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from wherry.api import Obj
from wherry.api.field import ErrorType, FieldError, forbidden, invalid, not_supported, required
from wherry.api.structural.declared import MOST_BYTES, Declared, declare
from wherry.api.structural.fieldpath import FieldPathError, find_field
from wherry.api.structural.rules import CompiledRule, RuleError, compile_rule
from wherry.api.structural.shape import Rule, Shape, parse
from wherry.cel.cost import DEFINITION_LIMIT, RULE_LIMIT, UNBOUNDED

REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_has_newline = re.compile(r"[\n\r]").search


def rule_text_faults(shape: Shape, rules: list[Obj], path: str) -> Iterator[FieldError]:
    """What is wrong with rules before they are compiled."""
    for index, rule in enumerate(rules):
        yield from _message_faults(rule, f"{path}[{index}]")
        yield from _field_path_faults(shape, rule, f"{path}[{index}].fieldPath")
        if rule.get("messageExpression") and not rule["messageExpression"].strip():
            why = "messageExpression must be non-empty if specified"
            yield required(f"{path}[{index}].messageExpression", why)
        reason = rule.get("reason")
        if reason is not None and reason not in REASONS:
            yield not_supported(f"{path}[{index}].reason", reason, REASONS)


def _message_faults(rule: Obj, path: str) -> Iterator[FieldError]:
    """Only the first is told."""
    text, message = (rule.get("rule") or "").strip(), rule.get("message") or ""
    if not text:
        yield required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid(f"{path}.message", message, "must be non-empty if specified")
    elif _has_newline(message.strip()):
        yield invalid(f"{path}.message", message, "must not contain line breaks")
    elif _has_newline(text) and not message.strip():
        yield required(f"{path}.message", "message must be specified if rule contains line breaks")


def _field_path_faults(shape: Shape, rule: Obj, path: str) -> Iterator[FieldError]:
    field_path = rule.get("fieldPath") or ""
    if not field_path:
        return
    if not field_path.strip():
        yield invalid(path, field_path, "must be non-empty if specified")
    if _has_newline(field_path):
        yield invalid(path, field_path, "must not contain line breaks")
    try:
        find_field(shape, field_path)
    except FieldPathError:
        yield invalid(path, field_path, "must be a valid path")


@dataclass(slots=True)
class Totals:
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


@dataclass(frozen=True, slots=True)
class RulePlace:
    """A place where rules may stand: what they can speak of, and how often an object can make them run."""

    shape: Shape
    declared: Declared | None
    times: int | None
    """None: nobody knows."""
    totals: Totals

    @staticmethod
    def root(schema: Obj) -> RulePlace:
        shape = parse(schema)
        return RulePlace(shape, declare(shape, "selfType", is_resource=True), 1, Totals())

    def field(self, name: str) -> RulePlace:
        inner = self.shape.properties[name]
        declared = self.declared.field(name) if self.declared is not None else None
        if declared is None:
            declared = declare(inner, "selfType", is_resource=inner.embedded)
        return replace(self, shape=inner, declared=declared, times=self._times_below())

    def inner(self) -> RulePlace:
        """The place of a list's items or of a map's values."""
        shape = self.shape.items if self.shape.items is not None else self.shape.additional
        assert isinstance(shape, Shape)
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
