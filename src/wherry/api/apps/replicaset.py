"""ReplicaSets: so many pods of one template, no more and no fewer."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.apps.rules import at_most, not_negative, same_selector, validate_endless_template, warn_with_name
from wherry.api.autoscaling.scale import SCALE
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.field import FieldError
from wherry.api.meta.columns import AGE, NAME, container_columns, number
from wherry.api.meta.labels import format_label_selector
from wherry.api.resource import STATUS, Column, Resource, Scale
from wherry.api.schema import schema


def set_defaults(replica_set: Obj) -> None:
    spec = replica_set.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    template_defaults(spec.setdefault("template", {}))


def validate(replica_set: Obj) -> list[FieldError]:
    spec = replica_set["spec"]
    faults = not_negative(spec, ("replicas", "minReadySeconds"))
    return faults + validate_endless_template(spec, "ReplicaSet", "empty selector is invalid for deployment")


_COUNTS = (
    "replicas",
    "fullyLabeledReplicas",
    "readyReplicas",
    "availableReplicas",
    "observedGeneration",
    "terminatingReplicas",
)


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    """What a controller reports must add up."""
    status, parts = new.get("status") or {}, ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    faults = not_negative(status, _COUNTS, "status")
    faults += at_most(status, parts, "replicas", "cannot be greater than status.replicas")
    return faults + at_most(status, ("availableReplicas",), "readyReplicas", "cannot be greater than readyReplicas")


REPLICASETS = Resource(
    group="apps",
    version="v1",
    kind="ReplicaSet",
    plural="replicasets",
    schema=schema("apps/v1", "ReplicaSet"),
    short_names=("rs",),
    categories=("all",),
    has_generation=True,
    columns=(
        NAME,
        Column("Desired", number("spec.replicas"), "integer"),
        Column("Current", number("status.replicas"), "integer"),
        Column("Ready", number("status.readyReplicas"), "integer"),
        AGE,
        *container_columns("spec.template.spec.containers"),
        Column("Selector", lambda rs, _: format_label_selector((rs.get("spec") or {}).get("selector")), priority=1),
    ),
    fields={"status.replicas": lambda rs: str((rs.get("status") or {}).get("replicas") or 0)},
    subresources=(SCALE, STATUS),
    scale=Scale(),
    defaults=set_defaults,
    validate=validate,
    validate_update=same_selector,
    validate_status_update=validate_status_update,
    warnings=warn_with_name,
)
