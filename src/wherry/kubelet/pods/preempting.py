"""Which pods end so that a critical one finds room on its node: the kubelet's own preemption (upstream:
`pkg/kubelet/preemption`). Pure.

As few as will do, best-effort pods before burstable ones before guaranteed ones; of one class, those first that come
nearest to what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.resources import BEST_EFFORT, BURSTABLE, GUARANTEED, is_static, pod_requests, qos_class
from wherry.kubelet.pods.status import Verdict

CRITICAL_PRIORITY = 2_000_000_000
_MIRROR = "kubernetes.io/config.mirror"
MESSAGE = "Preempted in order to admit critical pod"
REASON = "Preempting"
VERDICT = Verdict("Failed", REASON, MESSAGE, disruption="Pod was preempted by Kubelet to accommodate a critical pod.")
"""How they end."""

Missing = Mapping[str, int]
"""How much of each resource; one pod is one of `pods`."""


class NoVictims(Exception):
    """Not even the end of all who may be ended would help."""


def is_critical(pod: Pod) -> bool:
    """Whether it must run: the node's own, and those of a priority that is the system's."""
    return is_static(pod) or _MIRROR in pod.metadata.annotations or (pod.spec.priority or 0) >= CRITICAL_PRIORITY


def victims(pod: Pod, others: Iterable[Pod], missing: Missing) -> list[Pod]:
    """Who must end for `pod`; raises NoVictims."""
    classes: dict[str, list[Pod]] = {BEST_EFFORT: [], BURSTABLE: [], GUARANTEED: []}
    for other in others:
        if _may_end(pod, other):
            classes[qos_class(other)].append(other)
    best_effort, burstable, guaranteed = classes.values()
    left = _without(missing, [*best_effort, *burstable, *guaranteed])
    if left:
        told = "".join(f"(res: {name}, q: {amount}), " for name, amount in left.items())
        raise NoVictims(f"no set of running pods found to reclaim resources: [{told}]")
    worst = _nearest(guaranteed, _without(missing, [*best_effort, *burstable]))
    middle = _nearest(burstable, _without(missing, [*best_effort, *worst]))
    least = _nearest(best_effort, _without(missing, [*middle, *worst]))
    return [*least, *middle, *worst]


def _may_end(pod: Pod, other: Pod) -> bool:
    if is_critical(pod) and not is_critical(other):
        return True
    mine, theirs = pod.spec.priority, other.spec.priority
    return mine is not None and theirs is not None and mine > theirs


def _nearest(pods: Sequence[Pod], missing: Missing) -> list[Pod]:
    """Take the one that comes nearest to what is missing, and the smaller of two, until nothing is."""
    left, found = list(pods), []
    while missing:
        rank = [(_distance(each, missing), _size(each), -at) for at, each in enumerate(left)]
        best = left.pop(rank.index(min(rank)))
        found.append(best)
        missing = _without(missing, [best])
    return found


def _without(missing: Missing, pods: Iterable[Pod]) -> dict[str, int]:
    """What is still missing when these are gone."""
    given = [_gives(pod) for pod in pods]
    left = {name: amount - sum(each.get(name, 0) for each in given) for name, amount in missing.items()}
    return {name: amount for name, amount in left.items() if amount > 0}


def _gives(pod: Pod) -> dict[str, int]:
    return {**pod_requests(pod), "pods": 1}


def _distance(pod: Pod, missing: Missing) -> float:
    given = _gives(pod)
    return sum((max(amount - given.get(name, 0), 0) / amount) ** 2 for name, amount in missing.items())


def _size(pod: Pod) -> tuple[int, int]:
    requests = pod_requests(pod)
    return requests.get("memory", 0), requests.get("cpu", 0)
