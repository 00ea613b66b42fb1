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


def set_condition(conditions: list[Condition], new: Condition, now: str) -> bool:
    """Add or replace a condition in place; returns whether anything changed.

    `lastTransitionTime` moves to `now` only when the status does, as the API conventions demand.
    """
    old = find_condition(conditions, new["type"])
    if old is None:
        conditions.append({**new, "lastTransitionTime": new.get("lastTransitionTime") or now})
        return True
    moved = old.get("status") != new["status"]
    changed = {key: value for key, value in new.items() if key != "lastTransitionTime" and old.get(key) != value}
    if not changed and not moved:
        return False
    old.update(changed)
    if moved:
        old["lastTransitionTime"] = new.get("lastTransitionTime") or now
    return True
