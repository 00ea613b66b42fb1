"""Taints that keep claims away from devices, and what claims tolerate."""

from __future__ import annotations

from typing import Any

from wherry.api.dra.rules import validate_label_name, validate_label_value
from wherry.api.field import FieldError, invalid, not_supported, required

_EFFECTS = ("NoExecute", "NoSchedule", "None")
_OPERATORS = ("Equal", "Exists")


def stamp_taint(taint: dict[str, Any], now: str) -> None:
    """A taint that does not say since when it is there is there from now on."""
    taint["timeAdded"] = taint.get("timeAdded") or now


def validate_taint(taint: dict[str, Any], path: str, old: dict[str, Any] | None = None) -> list[FieldError]:
    """An effect that has not changed may be one that we do not know."""
    faults = validate_label_name(taint.get("key") or "", path + ".key")
    if taint.get("value"):
        faults += validate_label_value(taint["value"], path + ".value")
    effect = taint.get("effect") or ""
    if old is None or (old.get("effect") or "") != effect:
        if not effect:
            faults.append(required(path + ".effect"))
        elif effect not in _EFFECTS:
            faults.append(not_supported(path + ".effect", effect, _EFFECTS))
    return faults


def validate_toleration(toleration: dict[str, Any], path: str) -> list[FieldError]:
    key, value, effect = (toleration.get(name) or "" for name in ("key", "value", "effect"))
    operator = toleration.get("operator") or ""
    faults = validate_label_name(key, path + ".key") if key else []
    if operator == "Exists":
        if value:
            faults.append(invalid(path + ".value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        faults += validate_label_value(value, path + ".value")
    elif not operator:
        faults.append(required(path + ".operator"))
    else:
        faults.append(not_supported(path + ".operator", operator, _OPERATORS))
    if effect and effect not in _EFFECTS:
        faults.append(not_supported(path + ".effect", effect, _EFFECTS))
    return faults
