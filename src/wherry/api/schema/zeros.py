"""What Go writes of a struct in which nothing was said: its fields that are never left out, with their zero values.

A new ReplicaSet has `status: {replicas: 0}`, and clients made from OpenAPI refuse one without.
"""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.schema.shapes import Struct, struct
from wherry.api.schema.structnodes import ZERO, is_always

_COUNTED = frozenset(
    {
        "apps.v1.StatefulSetStatus.availableReplicas",
        "policy.v1.PodDisruptionBudgetStatus.currentHealthy",
        "policy.v1.PodDisruptionBudgetStatus.desiredHealthy",
        "policy.v1.PodDisruptionBudgetStatus.disruptionsAllowed",
        "policy.v1.PodDisruptionBudgetStatus.expectedPods",
    }
)
"""Optional in OpenAPI, but never left out by Go."""


def empty(shape: Struct) -> Obj:
    """A new object each time. Lists and maps are left out: Go writes null, which to clients is the same."""
    found: Obj = {}
    for name, field in shape.fields.items():
        if not is_always(shape, name, field) and f"{shape.name}.{name}" not in _COUNTED:
            continue
        if field.type[0] == "@":
            found[name] = empty(struct(field.type[1:]))
        elif field.type in ZERO:
            found[name] = ZERO[field.type]
    return found
