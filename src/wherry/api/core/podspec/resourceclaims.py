"""Rules for the resource claims that a pod brings along: devices, asked for by claim or by template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api.field import FieldError, duplicate, invalid, required
from wherry.api.meta.names import dns1123_label_faults, dns1123_subdomain_faults

Faults = list[FieldError]
Part = dict[str, Any]


def validate_resource_claims(claims: Sequence[Part], path: str, faults: Faults) -> dict[str, None]:
    """Judge all; returns their names."""
    names: dict[str, None] = {}
    for index, claim in enumerate(claims):
        where, name = f"{path}[{index}]", claim.get("name") or ""
        if not name:
            faults.append(required(where + ".name"))
        elif name in names:
            faults.append(duplicate(where + ".name", name))
        else:
            faults += [invalid(where + ".name", name, why) for why in dns1123_label_faults(name)]
            names[name] = None
        _validate_source(claim, where, faults)
    return names


def _validate_source(claim: Part, path: str, faults: Faults) -> None:
    own, template = claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName")
    shown = {"Name": claim.get("name") or "", "ResourceClaimName": own, "ResourceClaimTemplateName": template}
    if own is not None and template is not None:
        why = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
        faults.append(invalid(path, shown, why))
    if own is None and template is None:
        why = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
        faults.append(invalid(path, shown, why))
    for field, value in (("resourceClaimName", own), ("resourceClaimTemplateName", template)):
        if value is not None:
            faults += [invalid(f"{path}.{field}", value, why) for why in dns1123_subdomain_faults(value)]
