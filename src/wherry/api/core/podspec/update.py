"""What may still change once a pod exists.

Most of a pod's specification is settled when it is made. Images, deadline, added tolerations and removed gates are not,
and a pod that is held back by gates may still be sent elsewhere; the rest is compared with the allowed changes undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.core.difference import difference
from wherry.api.core.podspec.annotations import validate_annotation_update
from wherry.api.field import FieldError, forbidden, invalid, required
from wherry.api.meta.names import in_range_text

Faults = list[FieldError]
Spec = dict[str, Any]

_MAX_SECONDS = 2**31 - 1
_TERMS = "requiredDuringSchedulingIgnoredDuringExecution"
_CHANGEABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod_update(new: Obj, old: Obj) -> Faults:
    """Faults of a change through the pod itself."""
    spec, before = new["spec"], old["spec"]
    faults: Faults = []
    annotations, known = new["metadata"].get("annotations"), old["metadata"].get("annotations")
    if annotations != known:
        validate_annotation_update(annotations or {}, known or {}, "metadata.annotations", faults)
    if spec == before:
        return faults
    for field in ("containers", "initContainers"):
        if len(spec.get(field) or ()) != len(before.get(field) or ()):
            faults.append(forbidden("spec." + field, "pod updates may not add or remove containers"))
            return faults
        for index, container in enumerate(spec.get(field) or ()):
            if not container.get("image"):
                faults.append(required(f"spec.{field}[{index}].image"))
    if not _validate_deadline(spec, before, faults):
        return faults
    _validate_tolerations(spec, before, faults)
    _validate_gates(spec, before, faults)
    munged = _with_allowed_changes_undone(spec, before, faults)
    if munged != before:
        text = difference(before, munged, "core.PodSpec")
        faults.append(forbidden("spec", f"pod updates may not change fields other than {_CHANGEABLE}\n{text}"))
    return faults


def _validate_deadline(spec: Spec, before: Spec, faults: Faults) -> bool:
    """Whether it makes sense to look further."""
    deadline, previous = spec.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    path = "spec.activeDeadlineSeconds"
    if deadline is not None:
        if not 0 <= deadline <= _MAX_SECONDS:
            faults.append(invalid(path, deadline, in_range_text(0, _MAX_SECONDS)))
            return False
        if previous is not None and previous < deadline:
            faults.append(invalid(path, deadline, "must be less than or equal to previous value"))
            return False
    elif previous is not None:
        faults.append(invalid(path, None, "must not update from a positive integer to nil value"))
    return True


def _validate_tolerations(spec: Spec, before: Spec, faults: Faults) -> None:
    kept = [_without_seconds(toleration) for toleration in spec.get("tolerations") or ()]
    for toleration in before.get("tolerations") or ():
        if _without_seconds(toleration) not in kept:
            why = "existing toleration can not be modified except its tolerationSeconds"
            faults.append(forbidden("spec.tolerations", why))
            return


def _without_seconds(toleration: Spec) -> Spec:
    return {field: value for field, value in toleration.items() if field != "tolerationSeconds"}


def _validate_gates(spec: Spec, before: Spec, faults: Faults) -> None:
    previous = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        if gate.get("name") not in previous:
            why = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            faults.append(forbidden(f"spec.schedulingGates[{index}].name", why))


def _with_allowed_changes_undone(spec: Spec, before: Spec, faults: Faults) -> Spec:
    munged = dict(spec)
    for field in ("containers", "initContainers"):
        if field in before:
            munged[field] = [
                {**container, "image": previous.get("image")}
                for container, previous in zip(spec.get(field) or (), before[field], strict=True)
            ]
    restored = ["activeDeadlineSeconds", "tolerations", "schedulingGates"]
    if (before.get("terminationGracePeriodSeconds") or 0) < 0 and spec.get("terminationGracePeriodSeconds") == 1:
        restored.append("terminationGracePeriodSeconds")
    if before.get("schedulingGates"):
        if munged.get("nodeSelector") != before.get("nodeSelector"):
            _validate_node_selector(munged.get("nodeSelector") or {}, before.get("nodeSelector") or {}, faults)
            restored.append("nodeSelector")
        _undo_node_affinity(munged, before, faults)
    for field in restored:
        _restore(munged, before, field)
    return munged


def _restore(munged: Spec, before: Spec, field: str) -> None:
    if field in before:
        munged[field] = before[field]
    else:
        munged.pop(field, None)


def _validate_node_selector(selector: Spec, previous: Spec, faults: Faults) -> None:
    if any(selector.get(key) != value for key, value in previous.items()):
        why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
        faults.append(invalid("spec.nodeSelector", selector, why))


def _undo_node_affinity(munged: Spec, before: Spec, faults: Faults) -> None:
    """A pod that is held back may be sent to fewer nodes, never to others."""
    affinity, previous = munged.get("affinity") or {}, before.get("affinity") or {}
    wanted, known = affinity.get("nodeAffinity"), previous.get("nodeAffinity")
    if wanted == known:
        return
    _validate_node_affinity(wanted or {}, known or {}, faults)
    undone = {field: value for field, value in affinity.items() if field != "nodeAffinity"}
    if known is not None:
        undone["nodeAffinity"] = known
    if undone or "affinity" in before:
        munged["affinity"] = undone
    else:
        munged.pop("affinity", None)


def _validate_node_affinity(wanted: Spec, known: Spec, faults: Faults) -> None:
    previous: Sequence[Spec] = (known.get(_TERMS) or {}).get("nodeSelectorTerms") or []
    terms: Sequence[Spec] = (wanted.get(_TERMS) or {}).get("nodeSelectorTerms") or []
    path = f"spec.affinity.nodeAffinity.{_TERMS}.nodeSelectorTerms"
    if not previous:
        return
    if len(terms) != len(previous):
        why = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        faults.append(invalid(path, list(terms), why))
        return
    for index, (term, before) in enumerate(zip(terms, previous, strict=True)):
        if not _only_adds(term, before):
            why = "only additions are allowed (no mutations or deletions)"
            faults.append(invalid(f"{path}[{index}]", term, why))


def _only_adds(term: Spec, before: Spec) -> bool:
    fields = ("matchExpressions", "matchFields")
    if not any(before.get(field) for field in fields):
        return not any(term.get(field) for field in fields)
    return all((term.get(f) or [])[: len(before.get(f) or ())] == (before.get(f) or []) for f in fields)
