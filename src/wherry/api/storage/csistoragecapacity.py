"""CSIStorageCapacities: how much room a driver has, and where."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.core.podspec.warnings import DEPRECATED_NODE_LABELS
from wherry.api.field import FieldError, invalid
from wherry.api.meta.columns import PLAIN_COLUMNS
from wherry.api.meta.labels import validate_label_selector
from wherry.api.meta.names import dns1123_subdomain_faults
from wherry.api.meta.objectmeta import IMMUTABLE, NOT_NEGATIVE
from wherry.api.meta.quantity import parse_quantity
from wherry.api.resource import Resource
from wherry.api.schema import schema


def validate(capacity: Obj) -> list[FieldError]:
    name, amount = capacity.get("storageClassName") or "", capacity.get("capacity")
    faults = validate_label_selector(capacity.get("nodeTopology"), "nodeTopology")
    faults += [invalid("storageClassName", name, why) for why in dns1123_subdomain_faults(name)]
    if amount is not None and parse_quantity(amount) < 0:
        faults.append(invalid("capacity", amount, NOT_NEGATIVE))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """What the driver was asked stays; only its answer changes."""
    return [
        invalid(field, new.get(field), IMMUTABLE)
        for field in ("nodeTopology", "storageClassName")
        if new.get(field) != old.get(field)
    ]


def warnings(capacity: Obj, _: Obj | None) -> Sequence[str]:
    topology = capacity.get("nodeTopology") or {}
    keys = [
        (f"matchExpressions[{index}].key", expression.get("key") or "")
        for index, expression in enumerate(topology.get("matchExpressions") or ())
    ]
    keys += [(f"matchLabels.{key}", key) for key in topology.get("matchLabels") or {}]
    return [
        f"nodeTopology.{path}: {key} is {DEPRECATED_NODE_LABELS[key]}"
        for path, key in keys
        if key in DEPRECATED_NODE_LABELS
    ]


CSISTORAGECAPACITIES = Resource(
    group="storage.k8s.io",
    version="v1",
    kind="CSIStorageCapacity",
    plural="csistoragecapacities",
    schema=schema("storage.k8s.io/v1", "CSIStorageCapacity"),
    unconditional_update=False,
    columns=PLAIN_COLUMNS,
    validate=validate,
    validate_update=validate_update,
    warnings=warnings,
)
