"""Which Pods' figures count. Pure.

Pods that go or have failed do not count at all. Pods that do not run yet, or whose CPU figures are from their start,
are *unready*: they use nothing when more replicas are asked for. Pods without figures are *missing*: they use nothing
when more are asked for, and all that they requested when fewer are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from wherry.api.meta.quantity import milli
from wherry.api.types.core_v1 import Pod
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Sample, Unavailable
from wherry.controllers.podstate import condition, is_ready, phase

START_SECONDS = 300.0
"""For how long after its start a Pod's CPU figures are looked at twice."""
READY_SECONDS = 30.0
"""Who becomes unready so soon after the start has never been ready."""


class Groups(Struct, frozen=True):
    """Pods by what their figures are worth."""

    ready: int
    unready: tuple[str, ...]
    missing: tuple[str, ...]
    samples: Mapping[str, int]
    """The figures that count, in thousandths, by the Pod's name."""


def group(pods: Sequence[Pod], samples: Mapping[str, Sample], resource: str, now: float) -> Groups:
    """`resource` is "" for metrics that are no resource."""
    ready, unready, missing, ignored = 0, [], [], set()
    for pod in pods:
        name = pod.metadata.name
        if pod.metadata.deletion_timestamp is not None or phase(pod) == "Failed":
            ignored.add(name)
        elif phase(pod) == "Pending":
            unready.append(name)
        elif name not in samples:
            missing.append(name)
        elif resource == "cpu" and _is_from_start(pod, samples[name], now):
            unready.append(name)
        else:
            ready += 1
    out = ignored.union(unready)
    counted = {name: sample.value for name, sample in samples.items() if name not in out}
    return Groups(ready, tuple(unready), tuple(missing), counted)


def count_ready(pods: Sequence[Pod]) -> int:
    return sum(1 for pod in pods if phase(pod) == "Running" and is_ready(pod))


def requests(pods: Sequence[Pod], resource: str, container: str) -> dict[str, int]:
    """What each Pod asks for, in thousandths; raises Unavailable if some container does not say."""
    return {pod.metadata.name: _request(pod, resource, container) for pod in pods}


def _request(pod: Pod, resource: str, container: str) -> int:
    whole = pod.spec.resources.requests if pod.spec.resources is not None else {}
    if not container and resource in whole:
        return milli(whole[resource])
    total = 0
    sidecars = [each for each in pod.spec.init_containers if each.restart_policy == "Always"]
    for each in (*pod.spec.containers, *sidecars):
        if container in ("", each.name):
            asked = each.resources.requests.get(resource) if each.resources is not None else None
            if asked is None:
                where = f"container {each.name} of Pod {pod.metadata.name}"
                raise Unavailable(f"missing request for {resource} in {where}")
            total += milli(asked)
    return total


def _is_from_start(pod: Pod, sample: Sample, now: float) -> bool:
    ready = condition(pod, "Ready")
    if ready is None or pod.status.start_time is None:
        return True
    started, changed = pod.status.start_time.timestamp(), _seconds(ready.last_transition_time)
    is_unready = ready.status == "False"
    if started + START_SECONDS > now:
        return is_unready or sample.taken < changed + sample.window
    return is_unready and started + READY_SECONDS > changed


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0
