"""What a Pod asks of a node, in integers: milli-CPU, bytes, and counts.

A Pod's request is the larger of what its containers need together and what any moment of its initialization needs
(KEP-753 for restartable init containers), plus its RuntimeClass overhead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from wherry.api.meta.quantity import ceiling, milli
from wherry.api.types.core_v1 import Container, PodSpec

CPU, MEMORY, EPHEMERAL, PODS = "cpu", "memory", "ephemeral-storage", "pods"
DEFAULT_CPU_SCORE, DEFAULT_MEMORY_SCORE = 100, 200 * 1024 * 1024
"""What a container without requests counts as when nodes are scored, so that such pods spread too."""

Amounts = dict[str, int]
_LEVEL = (CPU, MEMORY)


def pod_requests(spec: PodSpec) -> Amounts:
    """All that a Pod asks of a node."""
    total = _together(spec, _requests)
    if spec.resources is not None and spec.resources.requests:
        total |= amounts(spec.resources.requests)
    if spec.overhead:
        total = _sum((total, amounts(spec.overhead)))
    total[PODS] = 1
    return total


def score_requests(spec: PodSpec) -> Amounts:
    """CPU and memory as scores see them: containers that ask for nothing count as small ones."""
    total = _together(spec, _counted)
    if spec.resources is not None and spec.resources.requests:
        total |= {name: amount for name, amount in amounts(spec.resources.requests).items() if name in _LEVEL}
    if spec.overhead:
        total = _sum((total, amounts(spec.overhead)))
    return {name: total.get(name, 0) for name in _LEVEL}


def amounts(quantities: Mapping[str, str]) -> Amounts:
    """Quantities as integers: milli for CPU, whole units (rounded up) for everything else."""
    return {name: _amount(name == CPU, str(text)) for name, text in quantities.items()}


@lru_cache(maxsize=4096)
def _amount(is_cpu: bool, text: str) -> int:
    return milli(text) if is_cpu else ceiling(text)


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


def _requests(container: Container) -> Amounts:
    return amounts(container.resources.requests) if container.resources and container.resources.requests else {}


def _counted(container: Container) -> Amounts:
    own = _requests(container)
    return {CPU: own.get(CPU, DEFAULT_CPU_SCORE), MEMORY: own.get(MEMORY, DEFAULT_MEMORY_SCORE)}


def _sum(parts: Iterable[Mapping[str, int]]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _largest(left: Mapping[str, int], right: Mapping[str, int]) -> Amounts:
    return {name: max(left.get(name, 0), right.get(name, 0)) for name in (*left, *right)}
