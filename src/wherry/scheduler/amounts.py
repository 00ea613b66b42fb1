"""What a Pod asks of a node, in integers: milli-CPU, bytes, and counts.

A Pod's request is the larger of what its containers need together and what any moment of its initialization needs
(KEP-753 for restartable init containers), plus its RuntimeClass overhead. While it is resized in place, that is the
largest of what its specification asks for, what its node has granted, and what is in force (KEP-1287, KEP-5419).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from wherry.api.meta.quantity import ceiling, milli
from wherry.api.types.core_v1 import Container, Pod, PodSpec, PodStatus, ResourceRequirements

CPU, MEMORY, EPHEMERAL, PODS = "cpu", "memory", "ephemeral-storage", "pods"
_SMALL = {CPU: 100, MEMORY: 200 * 1024 * 1024}
"""What a container without requests counts as when nodes are scored, so that such pods spread too."""

Amounts = dict[str, int]


def pod_requests(pod: Pod) -> Amounts:
    """All that a Pod asks of a node, or still has there."""
    total = _total(pod, {})
    total[PODS] = 1
    return total


def score_requests(pod: Pod) -> Amounts:
    """CPU and memory as scores see them: containers that ask for nothing count as small ones.

    Unless the Pod asks for all of them together, or some of its containers do.
    """
    missing: Mapping[str, int] = _SMALL
    level = pod.spec.resources
    if level is not None and level.requests:
        asked = _total(pod, {})
        missing = {name: amount for name, amount in _SMALL.items() if name not in asked}
    total = _total(pod, missing)
    return {name: total.get(name, 0) for name in _SMALL}


def reported(pod: Pod) -> tuple[object, ...]:
    """What of the status has a say in `pod_requests`: what was granted and is in force while a Pod is resized."""
    status = pod.status
    return (
        [(one.name, one.resources, one.allocated_resources) for one in status.container_statuses],
        [(one.name, one.resources, one.allocated_resources) for one in status.init_container_statuses],
        status.resources,
        status.allocated_resources,
        _is_infeasible(status),
    )


def is_resized(pod: Pod) -> bool:
    """Whether the status reports other requests than those of the specification, if only in other words."""
    status, spec = pod.status, pod.spec
    if status.resources is not None or status.allocated_resources or _is_infeasible(status):
        return True
    families = (
        (spec.containers, status.container_statuses),
        (spec.init_containers, status.init_container_statuses),
    )
    return any(
        found and found != asked[one.name]
        for containers, statuses in families
        if statuses and (asked := {one.name: _given(one.resources) for one in containers})
        for one in statuses
        if one.name in asked
        for found in (_given(one.resources), one.allocated_resources)
    )


def amounts(quantities: Mapping[str, str]) -> Amounts:
    """Quantities as integers: milli for CPU, whole units (rounded up) for everything else."""
    return {name: _amount(name == CPU, str(text)) for name, text in quantities.items()}


@lru_cache(maxsize=4096)
def _amount(is_cpu: bool, text: str) -> int:
    return milli(text) if is_cpu else ceiling(text)


def _total(pod: Pod, missing: Mapping[str, int]) -> Amounts:
    """The sum, in which containers that say nothing of these resources ask for the `missing` amounts."""
    spec = pod.spec
    total = _of_containers(pod, missing)
    if spec.resources is not None and spec.resources.requests:
        total |= _of_all_together(pod, spec.resources)
    return _sum((total, amounts(spec.overhead))) if spec.overhead else total


def _of_containers(pod: Pod, missing: Mapping[str, int]) -> Amounts:
    """The largest of what is asked for, what is granted and what is in force; while a Pod is not resized, all one."""
    spec, status = pod.spec, pod.status

    def counted(requests: Mapping[str, str]) -> Amounts:
        return {**missing, **amounts(requests)}

    asked = _together(spec, lambda one: counted(_given(one.resources)))
    if not is_resized(pod):
        return asked
    found = [] if _is_infeasible(status) else [asked]
    in_force = _given(status.resources)
    if status.allocated_resources and in_force:
        found += [amounts(status.allocated_resources), amounts(in_force)]
    else:
        rest: _Given = (lambda _: {}) if _is_infeasible(status) else (lambda one: _given(one.resources))
        statuses = {one.name: one for one in (*status.init_container_statuses, *status.container_statuses)}

        def granted(one: Container) -> Mapping[str, str]:
            known = statuses.get(one.name)
            return (known.allocated_resources if known is not None else None) or rest(one)

        def actual(one: Container) -> Mapping[str, str]:
            known = statuses.get(one.name)
            return (_given(known.resources) if known is not None else None) or granted(one)

        found += [_together(spec, lambda one: counted(granted(one))), _together(spec, lambda one: counted(actual(one)))]
    return _largest(*found)


def _of_all_together(pod: Pod, level: ResourceRequirements) -> Amounts:
    """The same of requests of the Pod as a whole; its overhead is added by the caller, and reported as part of them."""
    status, overhead = pod.status, amounts(pod.spec.overhead)
    found = [] if _is_infeasible(status) else [amounts(level.requests)]
    for given in (_given(status.resources), status.allocated_resources):
        found.append({name: max(0, amount - overhead.get(name, 0)) for name, amount in amounts(given).items()})
    return _largest(*found)


def _is_infeasible(status: PodStatus) -> bool:
    """Whether the node will never grant what the specification asks for by now."""
    return any(one.type == "PodResizePending" and one.reason == "Infeasible" for one in status.conditions)


_Given = Callable[[Container], Mapping[str, str]]
_NOTHING: Mapping[str, str] = {}


def _given(resources: ResourceRequirements | None) -> Mapping[str, str]:
    return resources.requests if resources is not None else _NOTHING


def _together(spec: PodSpec, ask: Callable[[Container], Amounts]) -> Amounts:
    """Regular containers with sidecars beside them, or the greediest moment before them."""
    total = _sum(ask(container) for container in spec.containers)
    if not spec.init_containers:
        return total
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.init_containers:
        own = ask(container)
        if container.restart_policy == "Always":
            sidecars = _sum((sidecars, own))
            own = sidecars
        else:
            own = _sum((sidecars, own))
        peak = _largest(peak, own)
    return _largest(_sum((total, sidecars)), peak)


def _sum(parts: Iterable[Mapping[str, int]]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _largest(*all_of: Mapping[str, int]) -> Amounts:
    found: Amounts = {}
    for one in all_of:
        for name, amount in one.items():
            found[name] = max(amount, found.get(name, 0))
    return found
