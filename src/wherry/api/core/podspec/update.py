"""What may still change once a pod exists.

Most of a pod's specification is settled when it is made. Images, deadline, added tolerations and removed gates are not;
the rest is compared with the allowed changes undone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, forbidden, invalid, required
from wherry.api.meta.names import in_range_text

Faults = list[FieldError]
Spec = dict[str, Any]

_MAX_SECONDS = 2**31 - 1
_CHANGEABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod_update(new: Obj, old: Obj) -> Faults:
    """Faults of a change through the pod itself."""
    spec, before = new["spec"], old["spec"]
    faults: Faults = []
    for field in ("containers", "initContainers"):
        if len(spec.get(field) or ()) != len(before.get(field) or ()):
            faults.append(forbidden("spec." + field, "pod updates may not add or remove containers"))
            return faults
        for index, container in enumerate(spec.get(field) or ()):
            if not container.get("image"):
                faults.append(required(f"spec.{field}[{index}].image"))
    _validate_deadline(spec, before, faults)
    _validate_tolerations(spec, before, faults)
    _validate_gates(spec, before, faults)
    munged = _with_allowed_changes_undone(spec, before)
    if munged != before:
        why = f"pod updates may not change fields other than {_CHANGEABLE}\n{_difference(munged, before)}"
        faults.append(forbidden("spec", why))
    return faults


def _validate_deadline(spec: Spec, before: Spec, faults: Faults) -> None:
    deadline, previous = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    path = "spec.activeDeadlineSeconds"
    if deadline is not None:
        if not 0 <= deadline <= _MAX_SECONDS:
            faults.append(invalid(path, deadline, in_range_text(0, _MAX_SECONDS)))
        elif previous is not None and previous < deadline:
            faults.append(invalid(path, deadline, "must be less than or equal to previous value"))
    elif previous is not None:
        faults.append(invalid(path, None, "must not update from a positive integer to nil value"))


def _validate_tolerations(spec: Spec, before: Spec, faults: Faults) -> None:
    tolerations: Sequence[Spec] = spec.get("tolerations") or ()
    kept = [_without_seconds(toleration) for toleration in tolerations]
    for toleration in before.get("tolerations") or ():
        if toleration not in tolerations and _without_seconds(toleration) not in kept:
            why = "existing toleration can not be modified except its tolerationSeconds"
            faults.append(forbidden("spec.tolerations", why))
            return


def _without_seconds(toleration: Spec) -> Spec:
    if toleration.get("effect") != "NoExecute":
        return toleration
    return {field: value for field, value in toleration.items() if field != "tolerationSeconds"}


def _validate_gates(spec: Spec, before: Spec, faults: Faults) -> None:
    previous = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        if gate.get("name") not in previous:
            why = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            faults.append(forbidden(f"spec.schedulingGates[{index}]", why))
    if not previous or spec.get("nodeSelector") == before.get("nodeSelector"):
        return
    selector = spec.get("nodeSelector") or {}
    if any(selector.get(key) != value for key, value in (before.get("nodeSelector") or {}).items()):
        why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        faults.append(invalid("spec.nodeSelector", selector, why))


def _with_allowed_changes_undone(spec: Spec, before: Spec) -> Spec:
    munged = dict(spec)
    for field in ("containers", "initContainers"):
        if field in before:
            munged[field] = [
                {**container, "image": previous.get("image")}
                for container, previous in zip(spec.get(field) or (), before[field], strict=False)
            ]
    restored = ["activeDeadlineSeconds", "tolerations", "schedulingGates"]
    if before.get("schedulingGates"):
        restored += ["nodeSelector", "affinity"]
    if (before.get("terminationGracePeriodSeconds") or 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        restored.append("terminationGracePeriodSeconds")
    for field in restored:
        if field in before:
            munged[field] = before[field]
        else:
            munged.pop(field, None)
    return munged


def _difference(new: Spec, old: Spec) -> str:
    """The fields that differ, old above new, so that whoever tried sees what was wrong."""
    lines = []
    for field in sorted(new.keys() | old.keys()):
        if new.get(field) != old.get(field):
            lines += [f"- {field}: {_json(old.get(field))}", f"+ {field}: {_json(new.get(field))}"]
    return "\n".join(lines) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def validate_pod_status_update(new: Obj, old: Obj) -> Faults:
    """Faults of a report by the kubelet: what has ended for good stays so."""
    status, before = new.get("status") or {}, old.get("status") or {}
    spec = old["spec"]
    faults: Faults = []
    if before.get("qosClass") and status.get("qosClass") != before["qosClass"]:
        faults.append(invalid("status.qosClass", status.get("qosClass") or "", "field is immutable"))
    if spec.get("restartPolicy") != "Always":
        sidecars: frozenset[str] = frozenset()
        _validate_ended(status, before, "containerStatuses", spec["restartPolicy"], sidecars, faults)
        sidecars = frozenset(
            c.get("name") or "" for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"
        )
        _validate_ended(status, before, "initContainerStatuses", spec["restartPolicy"], sidecars, faults)
    return faults


def _validate_ended(
    status: Spec, before: Spec, field: str, policy: str, exempt: frozenset[str], faults: Faults
) -> None:
    states = {entry.get("name"): entry.get("state") or {} for entry in status.get(field) or ()}
    for index, entry in enumerate(before.get(field) or ()):
        ended = (entry.get("state") or {}).get("terminated")
        if ended is None or entry.get("name") in exempt or (ended.get("exitCode") and policy == "OnFailure"):
            continue
        if "terminated" not in states.get(entry.get("name"), entry["state"]):
            why = "may not be transitioned to non-terminated state"
            faults.append(forbidden(f"status.{field}[{index}].state", why))
