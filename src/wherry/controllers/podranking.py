"""Which of several Pods of one controller are deleted first. Pure.

Upstream's order: what does the least good goes first. Unassigned before assigned, pending before running, not ready
before ready, a lower `pod-deletion-cost` first, the node with more Pods of the same workload first, the one that has
been ready for a shorter time first, more restarts first, younger first. Times count by order of magnitude only
(KEP-2185), so that which of a group of equals goes is a matter of chance, that is, of the UID.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterable, Sequence

from wherry.api.types.core_v1 import ContainerStatus, Pod
from wherry.controllers.podstate import creation_time, is_ready, node_name, phase, ready_since

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def first_to_go(pods: Sequence[Pod], count: int, related: Iterable[Pod], now: float) -> list[Pod]:
    """The `count` Pods to delete. `related` are the active Pods of the workload, these included."""
    return list(pods) if count >= len(pods) else ranked(pods, related, now)[:count]


def ranked(pods: Sequence[Pod], related: Iterable[Pod], now: float) -> list[Pod]:
    """All of them, in the order in which they go."""
    neighbours = Counter(node_name(pod) for pod in related)
    compare = functools.partial(_compare, neighbours, now)
    return sorted(pods, key=functools.cmp_to_key(compare))


def deletion_cost(pod: Pod) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0


def _compare(neighbours: Counter[str], now: float, one: Pod, other: Pod) -> int:
    first = (*_rank_by_duty(one), -neighbours[node_name(one)])
    second = (*_rank_by_duty(other), -neighbours[node_name(other)])
    if first != second:
        return -1 if first < second else 1
    if is_ready(one) and (by_readiness := _compare_age(one, other, ready_since(one), ready_since(other), now)):
        return by_readiness
    restarts, other_restarts = _restarts(one), _restarts(other)
    if restarts != other_restarts:
        return -1 if restarts > other_restarts else 1
    return _compare_age(one, other, creation_time(one) or None, creation_time(other) or None, now)


def _rank_by_duty(pod: Pod) -> tuple[bool, int, bool, int]:
    return (node_name(pod) != "", _PHASES.get(phase(pod), 0), is_ready(pod), deletion_cost(pod))


def _compare_age(one: Pod, other: Pod, since: float | None, other_since: float | None, now: float) -> int:
    """Younger first, by order of magnitude; without a time before all."""
    if since == other_since:
        return 0
    if since is None or other_since is None:
        return -1 if since is None else 1
    difference = _magnitude(now - since) - _magnitude(now - other_since)
    if difference:
        return -1 if difference < 0 else 1
    return -1 if one.metadata.uid < other.metadata.uid else 1


def _magnitude(age: float) -> int:
    nanoseconds = int(age * 1e9)
    return int(math.log2(nanoseconds)) if nanoseconds > 0 else -1


def _restarts(pod: Pod) -> tuple[int, int]:
    """(most restarts of a container, most restarts of a sidecar)."""
    sidecars = {container.name for container in pod.spec.init_containers if container.restart_policy == "Always"}
    inits = [status for status in pod.status.init_container_statuses if status.name in sidecars]
    return (_most(pod.status.container_statuses), _most(inits))


def _most(statuses: Iterable[ContainerStatus]) -> int:
    return max((status.restart_count for status in statuses), default=0)
