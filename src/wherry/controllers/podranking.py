"""Which of several Pods of one controller are deleted first. Pure.

Upstream's order: what does the least good goes first. Unassigned before assigned, pending before running, not ready
before ready, a lower `pod-deletion-cost` first, the node with more Pods of the same workload first, the one that has
been ready for a shorter time first, more restarts first, younger first. Times count by order of magnitude only
(KEP-2185), so that which of a group of equals goes is a matter of chance, that is, of the UID.

Jobs have a simpler order, which knows neither costs nor neighbours and takes times as they are.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from wherry.api.types.core_v1 import ContainerStatus, Pod
from wherry.controllers.podstate import creation_time, is_ready, node_name, phase, ready_since

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"

_COST = re.compile(r"-[0-9]+|[1-9][0-9]*")
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def first_to_go(pods: Sequence[Pod], count: int, related: Iterable[Pod], now: float) -> list[Pod]:
    """The `count` Pods to delete. `related` are the active Pods of the workload, these included."""
    return list(pods) if count >= len(pods) else ranked(pods, related, now)[:count]


def ranked(pods: Sequence[Pod], related: Iterable[Pod], now: float) -> list[Pod]:
    """All of them, in the order in which they go."""
    neighbours = Counter(node_name(pod) for pod in related)
    compare = functools.partial(_compare, neighbours, now)
    return sorted(pods, key=functools.cmp_to_key(compare))


def ranked_plainly(pods: Sequence[Pod]) -> list[Pod]:
    """All Pods of a Job, in the order in which they go."""
    return sorted(pods, key=_plain_rank)


def deletion_cost(pod: Pod) -> int:
    """What the annotation says; 0 if that is no number of 32 bits in its shortest form."""
    text = pod.metadata.annotations.get(DELETION_COST, "")
    cost = int(text) if _COST.fullmatch(text) else 0
    return cost if -(2**31) <= cost < 2**31 else 0


def _plain_rank(pod: Pod) -> tuple[object, ...]:
    """Of two that are ready the one that has been so for a shorter time goes first; without a time before all."""
    since, created = ready_since(pod), creation_time(pod)
    readiness = (since is not None, -(since or 0.0)) if is_ready(pod) else (False, 0.0)
    regular, sidecars = _restarts(pod)
    return (*_rank_by_state(pod), readiness, -regular, -sidecars, created != 0.0, -created)


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
    return (*_rank_by_state(pod), deletion_cost(pod))


def _rank_by_state(pod: Pod) -> tuple[bool, int, bool]:
    return (node_name(pod) != "", _PHASES.get(phase(pod), 0), is_ready(pod))


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
