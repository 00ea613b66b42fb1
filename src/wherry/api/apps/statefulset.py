"""StatefulSets: pods with names and volumes of their own, started and replaced in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.apps.deployment import ready
from wherry.api.apps.rules import at_most, not_decremented, not_negative, validate_endless_template, warn
from wherry.api.autoscaling.scale import SCALE
from wherry.api.core import persistentvolumeclaim
from wherry.api.core.claimspec import validate_claim_spec
from wherry.api.core.podspec.template import set_defaults as template_defaults
from wherry.api.field import FieldError, forbidden, invalid, not_supported
from wherry.api.meta.columns import AGE, NAME, container_columns
from wherry.api.meta.intorstring import as_count, validate_at_most_100, validate_positive
from wherry.api.meta.names import dns1123_label_faults, label_name
from wherry.api.resource import STATUS, Column, Resource, Scale
from wherry.api.schema import schema

Spec = dict[str, Any]

_MANAGEMENT = ("OrderedReady", "Parallel")
_RETENTION = ("Retain", "Delete")
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
    if not spec.get("podManagementPolicy"):
        spec["podManagementPolicy"] = "OrderedReady"
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and (rolling := strategy.get("rollingUpdate")) is not None:
        rolling.setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    for event in ("whenDeleted", "whenScaled"):
        if not retention.get(event):
            retention[event] = "Retain"
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    template_defaults(spec.setdefault("template", {}))
    for claim in spec.get("volumeClaimTemplates") or ():
        claim["apiVersion"], claim["kind"] = "v1", "PersistentVolumeClaim"
        persistentvolumeclaim.set_defaults(claim)
        claim.setdefault("status", {}).setdefault("phase", "Pending")


def validate_create(stateful_set: Obj) -> list[FieldError]:
    return _validate_spec(stateful_set["spec"], is_new=True)


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """Claims and the service's name are settled, so what was accepted once is not judged again."""
    spec, before = new["spec"], old["spec"]
    faults = _validate_spec(spec, is_new=False)
    if any(_is_of_template(fault) for fault in faults) and _validate_spec(before, is_new=False):
        faults = [fault for fault in faults if not _is_of_template(fault)]
    if any(spec.get(field) != before.get(field) for field in spec.keys() | before.keys() if field not in _CHANGEABLE):
        why = (
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        faults.append(forbidden("spec", why))
    return faults


def _is_of_template(fault: FieldError) -> bool:
    """Whether an old object with the same fault would be put up with."""
    return fault.path.startswith("spec.template.spec.") and fault.path != "spec.template.spec.activeDeadlineSeconds"


def _validate_spec(spec: Spec, is_new: bool) -> list[FieldError]:
    faults: list[FieldError] = []
    if (policy := spec["podManagementPolicy"]) not in _MANAGEMENT:
        faults.append(invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
    faults += _validate_strategy(spec["updateStrategy"], "spec.updateStrategy")
    retention = spec["persistentVolumeClaimRetentionPolicy"]
    for event in ("whenDeleted", "whenScaled"):
        if retention[event] not in _RETENTION:
            path = f"spec.persistentVolumeClaimRetentionPolicy.{event}"
            faults.append(not_supported(path, retention[event], _RETENTION))
    if is_new:
        for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            faults += validate_claim_spec(claim["spec"], f"spec.volumeClaimTemplates[{index}].spec")
    faults += not_negative(spec, ("replicas", "minReadySeconds"))
    faults += not_negative(spec.get("ordinals") or {}, ("start",), "spec.ordinals")
    if is_new and (service := spec.get("serviceName")):
        faults += [invalid("spec.serviceName", service, why) for why in dns1123_label_faults(service)]
    judged = {**spec, "template": _as_controller_sees_it(spec)}
    return faults + validate_endless_template(judged, "StatefulSet", "empty selector is invalid for statefulset")


def _validate_strategy(strategy: Spec, path: str) -> list[FieldError]:
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "OnDelete":
        if rolling is None:
            return []
        return [invalid(path + ".rollingUpdate", rolling, "only allowed for updateStrategy 'RollingUpdate'")]
    if strategy["type"] != "RollingUpdate":
        return [invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")]
    if rolling is None:
        return []
    faults = not_negative(rolling, ("partition",), path + ".rollingUpdate")
    if (missing := rolling.get("maxUnavailable")) is not None:
        where = path + ".rollingUpdate.maxUnavailable"
        faults += validate_positive(missing, where)
        if as_count(missing) == 0:
            faults.append(invalid(where, missing, "cannot be 0"))
        faults += validate_at_most_100(missing, where)
    return faults


def _as_controller_sees_it(spec: Spec) -> Spec:
    """The template with claims among its volumes, and without the names that each pod gets of its own."""
    template: Spec = spec.get("template") or {}
    inner = dict(template.get("spec") or {})
    inner.pop("subdomain", None)
    inner.pop("hostname", None)
    names = [(claim.get("metadata") or {}).get("name") or "" for claim in spec.get("volumeClaimTemplates") or ()]
    if names:
        own = [volume for volume in inner.get("volumes") or () if volume.get("name") not in names]
        inner["volumes"] = [_claimed(name) for name in dict.fromkeys(names)] + own
    return {**template, "spec": inner}


def _claimed(name: str) -> Spec:
    return {"name": name, "persistentVolumeClaim": {"claimName": name}}


_PARTS = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")


def validate_status_update(new: Obj, old: Obj) -> list[FieldError]:
    """What a controller reports must add up."""
    status = new.get("status") or {}
    faults = not_negative(status, ("replicas", *_PARTS, "observedGeneration", "collisionCount"), "status")
    faults += at_most(status, _PARTS, "replicas", "cannot be greater than status.replicas")
    faults += at_most(status, ("availableReplicas",), "readyReplicas", "cannot be greater than status.readyReplicas")
    return faults + not_decremented(new, old)


def warnings(new: Obj, old: Obj | None) -> Sequence[str]:
    found = list(warn(new, old))
    if (new["spec"].get("revisionHistoryLimit") or 0) < 0:
        found.append(
            "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
        )
    return found


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
    validate_name=label_name,
    defaults=set_defaults,
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    warnings=warnings,
)
