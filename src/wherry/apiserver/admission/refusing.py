"""How a plug-in says no."""

from __future__ import annotations

from typing import Any

from wherry.api.errors import Forbidden
from wherry.apiserver.attributes import Admission


def forbidden(admission: Admission, why: str, causes: list[dict[str, Any]] | None = None) -> Forbidden:
    """`pods "web" is forbidden: <why>`; a name yet to be made is called by its prefix."""
    error = Forbidden.of(admission.resource, _name(admission), why)
    if causes:
        error.details = {**(error.details or {}), "causes": causes}
    return error


def _name(admission: Admission) -> str:
    if admission.name:
        return admission.name
    metadata = (admission.obj or {}).get("metadata") or {}
    return str(metadata.get("name") or metadata.get("generateName") or "Unknown")
