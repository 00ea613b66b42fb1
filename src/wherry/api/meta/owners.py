"""Who an object belongs to: `metadata.ownerReferences`."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.resource import Resource


def controller_of(obj: Obj) -> dict[str, Any] | None:
    """The owner reference that controls the object, if one does."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            found: dict[str, Any] = reference
            return found
    return None


def controller_reference(resource: Resource, owner: Obj) -> dict[str, Any]:
    """The reference by which a controller's object (of kind `resource`) claims a dependent."""
    metadata = owner["metadata"]
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_controlled_by(obj: Obj, uid: str) -> bool:
    """Whether the object's controlling owner has this UID."""
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid
