"""Which Pods rest: all runs that is to run, and their status says so already. Pure.

Whoever starts again, or from a copy, takes up the lives of hundreds of these. There is nothing to decide and nothing to
report of them until something is done to them.
"""

from __future__ import annotations

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.conditions import OWNED
from wherry.kubelet.runtime.model import PodRuntime
from wherry.providers.simulated import probing
from wherry.providers.simulated.behaviour import Behaviour

_TOLD = frozenset({"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"})
_PASSING = frozenset(OWNED) - _TOLD
"""What a kubelet says of something that is under way."""


def says_all(pod: Pod) -> bool:
    """Whether a status tells of containers that all run, for the first time, and of the Pod as it is now.

    Pods about which more could be said (of init containers, gates, deadlines, restarts) are none of these.
    """
    spec, status, generation = pod.spec, pod.status, pod.metadata.generation
    if spec.init_containers or spec.ephemeral_containers or spec.readiness_gates or spec.active_deadline_seconds:
        return False
    if status.phase != "Running" or not generation or status.observed_generation != generation:
        return False
    if {each.name for each in status.container_statuses} != {each.name for each in spec.containers}:
        return False
    for each in status.container_statuses:
        if not each.ready or not each.started or each.restart_count or each.state is None or each.state.running is None:
            return False
    told = {each.type for each in status.conditions if each.status == "True" and each.observed_generation == generation}
    return told >= _TOLD and all(each.type not in _PASSING for each in status.conditions)


def all_is_well(pod: Pod, runtime: PodRuntime, behaviour: Behaviour, now: float) -> bool:
    """Whether the containers are as such a status says."""
    started, unready = probing.verdicts(pod, runtime, behaviour, now)
    return not unready and len(started) == len(pod.spec.containers)
