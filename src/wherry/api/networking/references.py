"""References to other objects by group, kind and name."""

from __future__ import annotations

from typing import Any

from wherry.api.field import FieldError, invalid, required
from wherry.api.meta.names import dns1123_subdomain_faults, path_segment_faults


def validate_local_reference(reference: dict[str, Any], path: str) -> list[FieldError]:
    """An object of any kind by `apiGroup`, `kind` and `name`."""
    faults: list[FieldError] = []
    if (group := reference.get("apiGroup")) is not None:
        faults += [invalid(path + ".apiGroup", group, why) for why in dns1123_subdomain_faults(group)]
    for field in ("kind", "name"):
        value = reference.get(field) or ""
        if not value:
            faults.append(required(f"{path}.{field}"))
        faults += [invalid(f"{path}.{field}", value, why) for why in path_segment_faults(value)]
    return faults
