"""The Pod that a workload's template stands for. Pure."""

from __future__ import annotations

from wherry.api import Obj

LONGEST_NAME = 253
"""Of an owner: its Pods' names then begin without the dash for which there is no room."""


def pod_from_template(template: Obj, owner_name: str, reference: Obj) -> Obj:
    """A Pod as the controller `reference` makes it: named by the API, with the template's metadata."""
    given = template.get("metadata") or {}
    prefix = f"{owner_name}-" if len(owner_name) < LONGEST_NAME else owner_name
    metadata: Obj = {"generateName": prefix, "ownerReferences": [reference]}
    for name in ("labels", "annotations", "finalizers"):
        if given.get(name):
            metadata[name] = given[name]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec") or {}}
