"""ReplicationControllers: what ReplicaSets were called first."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.apps.rules import at_most, not_negative
from wherry.api.autoscaling.scale import SCALE
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.core.podspec.template import validate_template
from wherry.api.core.podspec.warnings import warn_of_template
from wherry.api.field import FieldError, forbidden, invalid, required
from wherry.api.meta.columns import AGE, NAME, container_columns, number
from wherry.api.meta.labels import format_labels
from wherry.api.resource import STATUS, Column, Resource, Scale
from wherry.api.schema import schema


def set_defaults(rc: Obj) -> None:
    """What the template says of itself is what is selected, and what the controller is labelled with."""
    spec = rc.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    template = spec.get("template")
    template_defaults(template)
    labels = ((template or {}).get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        if not rc["metadata"].get("labels"):
            rc["metadata"]["labels"] = dict(labels)


def validate(rc: Obj) -> list[FieldError]:
    spec = rc["spec"]
    faults = not_negative(spec, ("minReadySeconds",))
    selector, template = spec.get("selector"), spec.get("template")
    if not selector:
        faults.append(required("spec.selector"))
    faults += not_negative(spec, ("replicas",))
    if template is None:
        return [*faults, required("spec.template")]
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selector and any(labels.get(key) != value for key, value in selector.items()):
        why = "`selector` does not match template `labels`"
        faults.append(invalid("spec.template.metadata.labels", labels, why))
    faults += validate_template(template, "spec.template")
    if (template.get("spec") or {}).get("activeDeadlineSeconds") is not None:
        why = "activeDeadlineSeconds in ReplicationController is not Supported"
        faults.append(forbidden("spec.template.spec.activeDeadlineSeconds", why))
    return faults


def validate_status_update(new: Obj, _: Obj) -> list[FieldError]:
    status = new.get("status") or {}
    parts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    faults = not_negative(status, ("replicas", *parts, "observedGeneration"), "status")
    faults += at_most(status, parts, "replicas", "cannot be greater than status.replicas")
    return faults + at_most(status, ("availableReplicas",), "readyReplicas", "cannot be greater than readyReplicas")


def warnings(new: Obj, old: Obj | None) -> Sequence[str]:
    return warn_of_template(new["spec"].get("template"), old and old["spec"].get("template"), "spec.template")


REPLICATIONCONTROLLERS = Resource(
    group="",
    version="v1",
    kind="ReplicationController",
    plural="replicationcontrollers",
    schema=schema("v1", "ReplicationController"),
    short_names=("rc",),
    categories=("all",),
    has_generation=True,
    default_propagation="Orphan",
    columns=(
        NAME,
        Column("Desired", number("spec.replicas"), "integer"),
        Column("Current", number("status.replicas"), "integer"),
        Column("Ready", number("status.readyReplicas"), "integer"),
        AGE,
        *container_columns("spec.template.spec.containers"),
        Column("Selector", lambda rc, _: format_labels((rc.get("spec") or {}).get("selector")), priority=1),
    ),
    fields={"status.replicas": lambda rc: str((rc.get("status") or {}).get("replicas") or 0)},
    subresources=(SCALE, STATUS),
    scale=Scale(),
    defaults=set_defaults,
    validate=validate,
    validate_status_update=validate_status_update,
    warnings=warnings,
)
