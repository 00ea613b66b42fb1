"""Conditions: the list in which an object says what is true of it now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Condition = dict[str, Any]


def find_condition(conditions: Iterable[Condition] | None, type: str) -> Condition | None:
    """The condition of this type, or None."""
    return next((condition for condition in conditions or () if condition.get("type") == type), None)


def is_true(conditions: Iterable[Condition] | None, type: str) -> bool:
    """Whether the condition of this type exists and holds."""
    condition = find_condition(conditions, type)
    return condition is not None and condition.get("status") == "True"
