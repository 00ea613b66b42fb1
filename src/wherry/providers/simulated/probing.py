"""Whether containers have started, are ready and alive, by their behaviour and what their probes wait for. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import Pod, Probe
from wherry.kubelet.pods.plan import find_container
from wherry.kubelet.runtime.model import Container, PodRuntime
from wherry.providers.simulated.behaviour import Behaviour, ContainerBehaviour

_EPSILON = 1e-5


def moments(pod: Pod, container: Container, fares: ContainerBehaviour) -> Iterator[float]:
    """When what the probes say becomes another."""
    begun = container.started_at / 1e9
    spec = find_container(pod, container.name)
    started = begun + started_after(spec, fares)
    yield started
    if (seconds := ready_after(spec, fares)) is not None:
        yield started + seconds
    if fares.ready_until is not None:
        yield begun + fares.ready_until


def verdicts(pod: Pod, runtime: PodRuntime, behaviour: Behaviour, now: float) -> tuple[frozenset[str], frozenset[str]]:
    """(ids of containers that have started, ids of those that are not ready)"""
    started, unready = [], []
    for each in runtime.containers:
        if not each.is_running:
            continue
        fares, spec = behaviour.of(each.name), find_container(pod, each.name)
        age = now - each.started_at / 1e9
        first = started_after(spec, fares)
        if age >= first:
            started.append(each.id)
        seconds = ready_after(spec, fares)
        is_late = fares.ready_until is not None and age >= fares.ready_until
        if seconds is None or age < first + seconds or is_late:
            unready.append(each.id)
    return frozenset(started), frozenset(unready)


def is_started(pod: Pod, runtime: PodRuntime, behaviour: Behaviour, container_id: str, now: float) -> bool:
    return container_id in verdicts(pod, runtime, behaviour, now + _EPSILON)[0]


def is_alive(runtime: PodRuntime, behaviour: Behaviour, container_id: str, now: float) -> bool:
    for each in runtime.containers:
        if each.id == container_id:
            seconds = behaviour.of(each.name).alive_seconds
            return seconds is None or now - each.started_at / 1e9 < max(1.0, seconds) - _EPSILON
    return True


def started_after(spec: object, fares: ContainerBehaviour) -> float:
    """Seconds until the startup probe passes: not before its first look."""
    probe = spec.startup_probe if isinstance(spec, ContainerSpec) else None
    return max(fares.started_after, _initial_delay(probe))


def ready_after(spec: object, fares: ContainerBehaviour) -> float | None:
    """Seconds from then until the readiness probe passes; None when it never does."""
    if fares.ready_after is None:
        return None
    probe = spec.readiness_probe if isinstance(spec, ContainerSpec) else None
    return max(fares.ready_after, _initial_delay(probe))


def _initial_delay(probe: Probe | None) -> float:
    return float(probe.initial_delay_seconds or 0) if probe is not None else 0.0
