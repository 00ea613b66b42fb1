"""Rules of a schema (`x-kubernetes-validations`): what is wrong with their texts, and the way to compiling them.

What compiles them needs the language of expressions, which is imported with the first rule; see `judging.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from wherry.api import Obj
from wherry.api.field import FieldError, invalid, not_supported, required
from wherry.api.structural.fieldpath import FieldPathError, find_field
from wherry.api.structural.shape import Shape, parse


class RulePlace(Protocol):
    """A place of a schema with rules, there or below."""

    @property
    def shape(self) -> Shape: ...

    def field(self, name: str) -> RulePlace | None:
        """The place of a property; None if there are no rules in it."""

    def inner(self) -> RulePlace | None:
        """The place of a list's items or of a map's values; None if there are no rules in it."""

    def faults(self, path: str, uncorrelated: str, *, allows_cost: bool) -> list[FieldError]:
        """What compiling the rules of this place says."""

    def total_faults(self, path: str) -> list[FieldError]:
        """What all rules asked so far, of the whole schema, cost too much together."""


def find_rules(schema: Obj) -> RulePlace | None:
    """The root of a structural schema; None if there are no rules in it."""
    shape = parse(schema)
    if not shape.has_rules:
        return None
    from wherry.api.apiextensions.rulecosts import CostedPlace

    return CostedPlace.root(shape)


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
