"""Rules that several workloads share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.core.podspec.warnings import warn_of_template
from wherry.api.field import FieldError, invalid
from wherry.api.meta.intorstring import as_count, validate_at_most_100, validate_positive
from wherry.api.meta.objectmeta import IMMUTABLE, NOT_NEGATIVE


def not_negative(part: dict[str, Any], fields: Iterable[str], path: str = "spec") -> list[FieldError]:
    """Counts that may be absent or zero, never less."""
    return [invalid(f"{path}.{f}", part[f], NOT_NEGATIVE) for f in fields if (part.get(f) or 0) < 0]


def same_selector(new: Obj, old: Obj) -> list[FieldError]:
    """A workload's selector can not change: what it selected before would be nobody's."""
    selector = new["spec"].get("selector")
    return [] if selector == old["spec"].get("selector") else [invalid("spec.selector", selector, IMMUTABLE)]


def validate_rolling(rolling: dict[str, Any], path: str) -> list[FieldError]:
    """How many pods may be missing and how many too many; both zero would stand still."""
    missing, extra = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    faults = validate_positive(missing, path + ".maxUnavailable")
    faults += validate_positive(extra, path + ".maxSurge")
    if not faults and as_count(missing) == 0 and as_count(extra) == 0:
        faults.append(invalid(path + ".maxUnavailable", missing, "may not be 0 when `maxSurge` is 0"))
    faults += validate_at_most_100(missing, path + ".maxUnavailable")
    return faults


def warn(new: Obj, old: Obj | None) -> Sequence[str]:
    """Of a workload's template."""
    return warn_of_template(new["spec"].get("template"), old and old["spec"].get("template"), "spec.template")
