"""Conditions on plain status objects. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj


def find(conditions: Sequence[Obj], type: str) -> Obj | None:
    return next((condition for condition in conditions if condition.get("type") == type), None)


def is_true(conditions: Sequence[Obj], type: str) -> bool:
    found = find(conditions, type)
    return found is not None and found.get("status") == "True"


def without(conditions: Sequence[Obj], type: str) -> list[Obj]:
    return [condition for condition in conditions if condition.get("type") != type]


def changed(conditions: Sequence[Obj], new: Obj) -> list[Obj]:
    """The list with `new` in it, moved to the end as upstream's workload controllers do.

    Nothing changes when status and reason are as before; the transition time stays when the status does.
    """
    current = find(conditions, new["type"])
    if current is not None:
        if current.get("status") == new["status"] and current.get("reason", "") == new.get("reason", ""):
            return list(conditions)
        if current.get("status") == new["status"] and "lastTransitionTime" in current:
            new = {**new, "lastTransitionTime": current["lastTransitionTime"]}
    return [*without(conditions, new["type"]), new]


def placed(conditions: Sequence[Obj], new: Obj) -> list[Obj]:
    """The list with `new` where the former of its type stands, as the API library's `SetStatusCondition` puts it.

    The transition time stays when the status does.
    """
    current = find(conditions, new["type"])
    if current is None:
        return [*conditions, new]
    if current.get("status") == new["status"] and "lastTransitionTime" in current:
        new = {**new, "lastTransitionTime": current["lastTransitionTime"]}
    return [new if condition is current else condition for condition in conditions]
