"""Conditions: the list in which an object says what is true of it now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from wherry.api.field import FieldError, duplicate, invalid, not_supported, required, too_long
from wherry.api.meta.names import pattern_text, qualified_name_faults

Condition = dict[str, Any]


def find_condition(conditions: Iterable[Condition] | None, type: str) -> Condition | None:
    """The condition of this type, or None."""
    return next((condition for condition in conditions or () if condition.get("type") == type), None)


def is_true(conditions: Iterable[Condition] | None, type: str) -> bool:
    """Whether the condition of this type exists and holds."""
    condition = find_condition(conditions, type)
    return condition is not None and condition.get("status") == "True"


_STATUSES = ("False", "True", "Unknown")
_REASON = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?"
_is_reason = re.compile(_REASON + r"\Z").match
_REASON_TEXT = pattern_text(
    "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
    "characters or '_,:', and must end with an alphanumeric character or '_'",
    _REASON,
    "my_name",
    "MY_NAME",
    "MyName",
    "ReasonA,ReasonB",
    "ReasonA:ReasonB",
)
_MAX_REASON, _MAX_MESSAGE = 1024, 32 * 1024


def validate_conditions(conditions: Sequence[Condition] | None, path: str) -> list[FieldError]:
    """Conditions of the common form (`metav1.Condition`): each type once, and each complete."""
    faults: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions or ()):
        kind = condition.get("type") or ""
        if kind in seen:
            faults.append(duplicate(f"{path}[{index}].type", kind))
        seen.add(kind)
        faults += validate_condition(condition, f"{path}[{index}]")
    return faults


def validate_condition(condition: Condition, path: str) -> list[FieldError]:
    """One condition of the common form."""
    kind, status, generation = condition.get("type") or "", condition.get("status"), condition.get("observedGeneration")
    reason, message = condition.get("reason") or "", condition.get("message") or ""
    faults = [invalid(path + ".type", kind, why) for why in qualified_name_faults(kind)]
    if status not in _STATUSES:
        faults.append(not_supported(path + ".status", status or "", _STATUSES))
    if (generation or 0) < 0:
        faults.append(invalid(path + ".observedGeneration", generation, "must be greater than or equal to zero"))
    if not condition.get("lastTransitionTime"):
        faults.append(required(path + ".lastTransitionTime"))
    if not reason:
        faults.append(required(path + ".reason"))
    elif not _is_reason(reason):
        faults.append(invalid(path + ".reason", reason, _REASON_TEXT))
    if len(reason.encode()) > _MAX_REASON:
        faults.append(too_long(path + ".reason", _MAX_REASON))
    if len(message.encode()) > _MAX_MESSAGE:
        faults.append(too_long(path + ".message", _MAX_MESSAGE))
    return faults
