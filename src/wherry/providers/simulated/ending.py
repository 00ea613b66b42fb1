"""When the containers of a Pod that is to end do so: within its grace, sidecars after the others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.plan import find_container
from wherry.kubelet.pods.restart import is_sidecar
from wherry.kubelet.runtime.model import Container, PodRuntime
from wherry.providers.simulated.behaviour import Behaviour

KILLED = 137


class Stop(Struct, frozen=True):
    """When a container ends, and with which code."""

    at: float
    code: int


class Ending(Struct, frozen=True):
    """When the containers of a Pod end. `began` is when they were told to."""

    began: float
    deadline: float
    stops: Mapping[str, Stop]

    def dues(self, runtime: PodRuntime) -> Iterator[float]:
        for each in runtime.containers:
            if each.is_running and (stop := self.stops.get(each.id)) is not None:
                yield stop.at


def end_of(pod: Pod, runtime: PodRuntime, behaviour: Behaviour, now: float, before: Ending | None) -> Ending:
    """End a Pod from now on; one that is ending already may be given less time, never more."""
    grace = _grace(pod)
    if before is not None:
        deadline = before.began + grace
        if deadline >= before.deadline:
            return before
        return _arrange(pod, runtime, behaviour, before.began, max(deadline, now))
    return _arrange(pod, runtime, behaviour, now, now + grace)


def _arrange(pod: Pod, runtime: PodRuntime, behaviour: Behaviour, now: float, deadline: float) -> Ending:
    sidecars = [each.name for each in pod.spec.init_containers if is_sidecar(each)]
    running = [each for each in runtime.containers if each.is_running]
    stops: dict[str, Stop] = {}
    begin = _stop_together(
        pod, [each for each in running if each.name not in sidecars], behaviour, now, deadline, stops
    )
    for name in reversed(sidecars):
        begin = _stop_together(pod, [each for each in running if each.name == name], behaviour, begin, deadline, stops)
    return Ending(now, deadline, stops)


def _stop_together(
    pod: Pod,
    containers: Iterable[Container],
    behaviour: Behaviour,
    begin: float,
    deadline: float,
    stops: dict[str, Stop],
) -> float:
    """Returns when the last of them has ended."""
    last = begin
    for each in containers:
        fares = behaviour.of(each.name)
        at = begin + _pre_stop_seconds(pod, each.name) + fares.stop_seconds
        stops[each.id] = Stop(at, fares.stop_code) if at <= deadline else Stop(deadline, KILLED)
        last = max(last, stops[each.id].at)
    return last


def _pre_stop_seconds(pod: Pod, name: str) -> float:
    """A hook that sleeps does so; others take no time."""
    spec = find_container(pod, name)
    if not isinstance(spec, ContainerSpec) or spec.lifecycle is None or spec.lifecycle.pre_stop is None:
        return 0.0
    sleep = spec.lifecycle.pre_stop.sleep
    return float(sleep.seconds or 0) if sleep is not None else 0.0


def _grace(pod: Pod) -> int:
    meta, seconds = pod.metadata, pod.spec.termination_grace_period_seconds
    if meta.deletion_timestamp is not None and meta.deletion_grace_period_seconds is not None:
        return meta.deletion_grace_period_seconds
    return 30 if seconds is None else seconds
