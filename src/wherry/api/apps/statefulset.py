"""StatefulSets: pods with names and volumes of their own, started and replaced in order."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.apps.deployment import ready
from wherry.api.apps.rules import not_negative, warn
from wherry.api.autoscaling.scale import SCALE
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.core.podspec.template import validate_selected_template
from wherry.api.field import FieldError, forbidden, invalid, not_supported
from wherry.api.meta.columns import AGE, NAME, container_columns
from wherry.api.resource import STATUS, Column, Resource, Scale
from wherry.api.schema import schema

_STRATEGIES = ("OnDelete", "RollingUpdate")
_MANAGEMENT = ("OrderedReady", "Parallel")
_RETENTION = ("Delete", "Retain")
_CHANGEABLE = frozenset(
    {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    }
)


def set_defaults(stateful_set: Obj) -> None:
    spec = stateful_set.setdefault("spec", {})
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    template_defaults(spec.setdefault("template", {}))
    for claim in spec.get("volumeClaimTemplates") or ():
        claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("status", {}).setdefault("phase", "Pending")


def validate(stateful_set: Obj) -> list[FieldError]:
    spec = stateful_set["spec"]
    faults: list[FieldError] = []
    if spec["podManagementPolicy"] not in _MANAGEMENT:
        policy = spec["podManagementPolicy"]
        why = f"must be '{_MANAGEMENT[0]}' or '{_MANAGEMENT[1]}'"
        faults.append(invalid("spec.podManagementPolicy", policy, why))
    strategy = spec["updateStrategy"]
    if strategy["type"] not in _STRATEGIES:
        why = "must be 'RollingUpdate' or 'OnDelete'"
        faults.append(invalid("spec.updateStrategy", strategy, why))
    elif strategy["type"] == "OnDelete" and strategy.get("rollingUpdate") is not None:
        why = "only allowed for updateStrategy 'RollingUpdate'"
        faults.append(invalid("spec.updateStrategy.rollingUpdate", strategy["rollingUpdate"], why))
    faults += not_negative(strategy.get("rollingUpdate") or {}, ("partition",), "spec.updateStrategy.rollingUpdate")
    for field, value in spec["persistentVolumeClaimRetentionPolicy"].items():
        if value not in _RETENTION:
            faults.append(not_supported(f"spec.persistentVolumeClaimRetentionPolicy.{field}", value, _RETENTION))
    faults += not_negative(spec, ("replicas", "minReadySeconds"))
    faults += not_negative(spec.get("ordinals") or {}, ("start",), "spec.ordinals")
    return faults + validate_selected_template(spec, "spec", empty="empty selector is invalid for statefulset")


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, before = new["spec"], old["spec"]
    if all(spec.get(field) == before.get(field) for field in spec.keys() | before.keys() if field not in _CHANGEABLE):
        return []
    why = (
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
        "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
    )
    return [forbidden("spec", why)]


STATEFULSETS = Resource(
    group="apps",
    version="v1",
    kind="StatefulSet",
    plural="statefulsets",
    schema=schema("apps/v1", "StatefulSet"),
    short_names=("sts",),
    categories=("all",),
    has_generation=True,
    columns=(NAME, Column("Ready", ready), AGE, *container_columns("spec.template.spec.containers")),
    subresources=(SCALE, STATUS),
    scale=Scale(),
    defaults=set_defaults,
    validate=validate,
    validate_update=validate_update,
    warnings=warn,
)
