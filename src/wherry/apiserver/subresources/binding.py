"""`binding`: a pod gets its node, once and for all."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.binding import BINDINGS
from wherry.api.core.pod import PODS
from wherry.api.errors import BadRequest, Conflict
from wherry.api.field import FieldError, not_supported, required
from wherry.apiserver import metadata, pipeline
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.subresources import Target
from wherry.apiserver.subresources.answers import success
from wherry.apiserver.verbs.alter import alter


async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
    """POST to `pods/<name>/binding`, or to the namespace's `bindings`."""
    binding = body if body is not None else {}
    faults = pipeline.intake(BINDINGS, binding, call)
    metadata.ensure_namespace(BINDINGS, binding, target.namespace)
    name = target.name or metadata.name_of(binding)
    if metadata.name_of(binding) not in ("", name):
        raise BadRequest("name in URL does not match name in Binding object")
    pipeline.refuse_invalid(BINDINGS, name, faults, _faults(binding))
    key = (target.namespace, name)
    for plugins in (core.mutating, core.validating):
        pipeline.admit(plugins, core, call, "CREATE", PODS, "binding", key, binding, None)
    await alter(core, call, PODS, target.namespace, name, lambda pod: _bind(core, pod, binding))
    return success()


def _faults(binding: Obj) -> list[FieldError]:
    node = binding.get("target") or {}
    faults = []
    if node.get("kind") not in (None, "", "Node"):
        faults.append(not_supported("target.kind", node["kind"], ["Node", "<empty>"]))
    if not node.get("name"):
        faults.append(required("target.name"))
    return faults


def _bind(core: Core, pod: Obj, binding: Obj) -> None:
    meta, spec, bound = pod["metadata"], pod["spec"], binding["metadata"]
    name = meta["name"]
    if (uid := bound.get("uid")) and uid != meta["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {meta['uid']}"
        raise _conflict(name, why)
    if (version := bound.get("resourceVersion")) and version != meta["resourceVersion"]:
        stored = meta["resourceVersion"]
        why = (
            f"Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {stored}"
        )
        raise _conflict(name, why)
    if meta.get("deletionTimestamp"):
        raise _conflict(name, f"pod {name} is being deleted, cannot be assigned to a host")
    if spec.get("nodeName"):
        raise _conflict(name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
    if spec.get("schedulingGates"):
        raise _conflict(name, f"pod {name} has non-empty .spec.schedulingGates")
    spec["nodeName"] = binding["target"]["name"]
    if annotations := bound.get("annotations"):
        meta["annotations"] = {**(meta.get("annotations") or {}), **annotations}
    if labels := bound.get("labels"):
        meta["labels"] = {**(meta.get("labels") or {}), **labels}
    _set_scheduled(pod, core.now())


def _set_scheduled(pod: Obj, now: str) -> None:
    """The condition that the scheduler may have set to False becomes True, in its place; no node is nominated."""
    status = pod.setdefault("status", {})
    status.pop("nominatedNodeName", None)
    conditions = list(status.get("conditions") or ())
    scheduled: Obj = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    if generation := pod["metadata"].get("generation"):
        scheduled["observedGeneration"] = generation
    for index, condition in enumerate(conditions):
        if condition.get("type") == "PodScheduled":
            if condition.get("status") == "True":
                scheduled["lastTransitionTime"] = condition.get("lastTransitionTime")
            conditions[index] = scheduled
            break
    else:
        conditions.append(scheduled)
    status["conditions"] = conditions


def _conflict(name: str, why: str) -> Conflict:
    message = f'Operation cannot be fulfilled on pods/binding "{name}": {why}'
    return Conflict(message, {"name": name, "kind": "pods/binding"})
