"""Rules that several workloads share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.core.podspec.template import validate_selected_template
from wherry.api.core.podspec.warnings import warn_of_template
from wherry.api.field import FieldError, forbidden, invalid
from wherry.api.meta.intorstring import as_count, validate_at_most_100, validate_positive
from wherry.api.meta.names import dns1123_label_faults
from wherry.api.meta.objectmeta import IMMUTABLE, NOT_NEGATIVE


def not_negative(part: dict[str, Any], fields: Iterable[str], path: str = "spec") -> list[FieldError]:
    """Counts that may be absent or zero, never less."""
    return [invalid(f"{path}.{f}", part[f], NOT_NEGATIVE) for f in fields if (part.get(f) or 0) < 0]


def at_most(status: dict[str, Any], fields: Iterable[str], limit: str, why: str) -> list[FieldError]:
    """Counts of a status that are no greater than another one, `limit`."""
    most = status.get(limit) or 0
    return [invalid(f"status.{f}", status.get(f) or 0, why) for f in fields if (status.get(f) or 0) > most]


def same_selector(new: Obj, old: Obj) -> list[FieldError]:
    """A workload's selector can not change: what it selected before would be nobody's."""
    selector = new["spec"].get("selector")
    return [] if selector == old["spec"].get("selector") else [invalid("spec.selector", selector, IMMUTABLE)]


def validate_endless_template(spec: dict[str, Any], kind: str, empty: str) -> list[FieldError]:
    """Selector and template of a workload whose pods run for good: they have no deadline."""
    faults = validate_selected_template(spec, "spec", empty=empty)
    if ((spec.get("template") or {}).get("spec") or {}).get("activeDeadlineSeconds") is not None:
        path = "spec.template.spec.activeDeadlineSeconds"
        faults.append(forbidden(path, f"activeDeadlineSeconds in {kind} is not Supported"))
    return faults


def validate_rolling(rolling: dict[str, Any], path: str) -> list[FieldError]:
    """How many pods may be missing and how many too many; both zero would stand still."""
    missing, extra = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    faults = validate_positive(missing, path + ".maxUnavailable")
    faults += validate_positive(extra, path + ".maxSurge")
    if as_count(missing) == 0 and as_count(extra) == 0:
        faults.append(invalid(path + ".maxUnavailable", missing, "may not be 0 when `maxSurge` is 0"))
    faults += validate_at_most_100(missing, path + ".maxUnavailable")
    return faults


def not_decremented(new: Obj, old: Obj) -> list[FieldError]:
    """The count of collisions makes names unique, so it only grows."""
    now = (new.get("status") or {}).get("collisionCount")
    before = (old.get("status") or {}).get("collisionCount")
    if before is None or (now is not None and now >= before):
        return []
    return [invalid("status.collisionCount", now or 0, "cannot be decremented")]


def warn(new: Obj, old: Obj | None) -> Sequence[str]:
    """Of a workload's template."""
    return warn_of_template(new["spec"].get("template"), old and old["spec"].get("template"), "spec.template")


def warn_of_name(obj: Obj, old: Obj | None) -> list[str]:
    """Pods and their host names are named after the workload, and host names are shorter than object names."""
    reasons = dns1123_label_faults(obj["metadata"].get("name") or "") if old is None else ()
    if not reasons:
        return []
    where = "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior"
    return [f"{where}; a DNS label is recommended: [{' '.join(reasons)}]"]


def warn_with_name(new: Obj, old: Obj | None) -> Sequence[str]:
    """Of a workload's name and its template."""
    return [*warn_of_name(new, old), *warn(new, old)]
