"""Changing a running pod's resources in place (KEP-1287): what it asks for, what it is granted, what is in force.

What a pod asks for stands in its spec. It is granted at once when the node has room; until then the pod goes on with
what it was granted before, and a condition says why. What is in force is what its containers' limits were last set to.
Between granting and enforcing, another condition says that the resize is under way.

The pod's status remembers what is in force, so a restarted agent knows it without a file of its own. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from wherry.api import Obj
from wherry.api.types.core_v1 import Container, Pod, ResourceRequirements
from wherry.api.types.decoding import to_obj
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.resources import pod_requests
from wherry.kubelet.pods.restart import is_sidecar
from wherry.kubelet.pods.room import Taken, active_beside, allocatable_of
from wherry.lib.clock import format_time

PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"
CONDITIONS = (PENDING, IN_PROGRESS)

Grants = Mapping[str, ResourceRequirements]
"""Resources by container: by name for what is granted, by id for what is in force."""
_NOTHING = ResourceRequirements()


class Refusal(Struct, frozen=True):
    """Why a resize cannot be granted: Infeasible on this node, or Deferred until others leave."""

    reason: str
    message: str


def resizable(pod: Pod) -> Iterator[Container]:
    """Containers whose resources may change while they run."""
    yield from pod.spec.containers
    yield from (each for each in pod.spec.init_containers if is_sidecar(each))


def asked(pod: Pod) -> dict[str, ResourceRequirements]:
    return {each.name: amounts(each.resources) for each in resizable(pod)}


def amounts(resources: ResourceRequirements | None) -> ResourceRequirements:
    """The part that may change, which is also what a status can remember."""
    if resources is None:
        return _NOTHING
    return ResourceRequirements(requests=dict(resources.requests), limits=dict(resources.limits))


def remembered(pod: Pod) -> tuple[dict[str, ResourceRequirements], dict[str, ResourceRequirements]]:
    """What the status in the API says was granted (by name) and is in force (by container id)."""
    granted, in_force = {}, {}
    for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
        if status.container_id and status.resources is not None:
            granted[status.name] = amounts(status.resources)
            in_force[status.container_id.partition("://")[2]] = granted[status.name]
    return granted, in_force


def with_resources(pod: Pod, granted: Grants) -> Pod:
    """The pod as if it had asked for what it was granted."""
    if all(granted.get(name, wanted) == wanted for name, wanted in asked(pod).items()):
        return pod

    def change(container: Container) -> Container:
        given = granted.get(container.name)
        if given is None:
            return container
        old = container.resources or _NOTHING
        resources = msgspec.structs.replace(old, requests=given.requests, limits=given.limits)
        return msgspec.structs.replace(container, resources=resources)

    inits = tuple(change(each) if is_sidecar(each) else each for each in pod.spec.init_containers)
    containers = tuple(change(each) for each in pod.spec.containers)
    spec = msgspec.structs.replace(pod.spec, containers=containers, init_containers=inits)
    return msgspec.structs.replace(pod, spec=spec)


def refusal(pod: Pod, others: Iterable[Pod], node: NodeView) -> Refusal | None:
    """Why the node cannot give a pod what it asks for now; None when it can."""
    wanted, allocatable = pod_requests(pod), allocatable_of(node.allocatable)
    for name in ("memory", "cpu"):
        have = allocatable.get(name, 0)
        if wanted.get(name, 0) > have:
            text = f"Node didn't have enough capacity: {name}, requested: {wanted[name]}, capacity: {have}"
            return Refusal("Infeasible", text)
    shortages = Taken(active_beside(pod, others)).shortages(pod, allocatable)
    short = next((each for each in shortages if each.resource != "pods"), None)
    return Refusal("Deferred", str(short)) if short else None


def must_restart(container: Container, before: ResourceRequirements | None) -> bool:
    """Whether a container wants to be restarted for what changes in its resources."""
    if before is None:
        return False
    after = amounts(container.resources)
    policies = {each.resource_name: each.restart_policy for each in container.resize_policy}
    return any(
        policies.get(name) == "RestartContainer"
        and (before.requests.get(name), before.limits.get(name)) != (after.requests.get(name), after.limits.get(name))
        for name in ("cpu", "memory")
    )


def is_under_way(pod: Pod, in_force: Mapping[str, ResourceRequirements]) -> bool:
    """Whether something granted is not in force yet; `in_force` is by name, of running containers."""
    return any(name in in_force and in_force[name] != wanted for name, wanted in asked(pod).items())


def conditions(
    pod: Pod, refused: Refusal | None, under_way: bool, error: str, old: Iterable[Obj], now: float
) -> list[Obj]:
    """The conditions that speak of a resize, of which there are mostly none."""
    made: list[Obj] = []
    if refused is not None:
        made.append({"type": PENDING, "status": "True", "reason": refused.reason, "message": refused.message})
    if under_way:
        made.append({"type": IN_PROGRESS, "status": "True"} | ({"reason": "Error", "message": error} if error else {}))
    before = {each["type"]: each for each in old}
    for each in made:
        was = before.get(each["type"])
        each["lastProbeTime"] = None
        each["lastTransitionTime"] = was["lastTransitionTime"] if was is not None else format_time(now)
        if pod.metadata.generation:
            each["observedGeneration"] = pod.metadata.generation
    return made


def summary(pod: Pod, error: str = "") -> str:
    """What Events about a resize say: the resources it is about, as JSON."""
    told: dict[str, Any] = {}
    for field, containers in (("initContainers", pod.spec.init_containers), ("containers", pod.spec.containers)):
        if containers:
            told[field] = [{"name": each.name, "resources": to_obj(each.resources or _NOTHING)} for each in containers]
    told["generation"] = pod.metadata.generation or 0
    if error:
        told["error"] = error
    return json.dumps(told, separators=(",", ":"))
