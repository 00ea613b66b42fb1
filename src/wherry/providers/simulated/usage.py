"""What simulated containers use, and the same as the horizontal pod autoscaler asks for it.

A container uses what its behaviour says, or half of what it requests: then an autoscaler whose target is 50 % is
content. One that requests nothing uses nothing, unless its behaviour says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.meta.labels import parse_selector
from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import Pod
from wherry.client import Client, Informer
from wherry.controllers.autoscaling.horizontalpodautoscaler.apimetrics import ApiMetrics
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Metrics, Sample
from wherry.kubelet.pods.plan import find_container
from wherry.lib.clock import Clock
from wherry.providers.simulated.annotations import BadAnnotation, annotated
from wherry.providers.simulated.behaviour import Behaviour

WINDOW_SECONDS = 15.0
_SHARE = 0.5


class Usage(Struct, frozen=True):
    """What one container uses: cores, and bytes of memory."""

    container: str
    cpu: float
    memory: int


class PodUsage(Struct, frozen=True):
    """What the running containers of a Pod use."""

    namespace: str
    name: str
    containers: tuple[Usage, ...]

    def thousandths(self, resource: str, container: str = "") -> int | None:
        """Of `cpu` or `memory`, altogether or in one container; None if nothing of the sort is known."""
        chosen = [each for each in self.containers if container in ("", each.container)]
        if not chosen or resource not in ("cpu", "memory"):
            return None
        return sum(round((each.cpu if resource == "cpu" else each.memory) * 1000) for each in chosen)


def usage_of(pod: Pod, behaviour: Behaviour) -> PodUsage:
    """What a Pod uses, as its status stands. Pure."""
    statuses = (*pod.status.container_statuses, *pod.status.init_container_statuses)
    running = sorted(each.name for each in statuses if each.state is not None and each.state.running is not None)
    found = tuple(_usage(find_container(pod, name), name, behaviour) for name in running)
    return PodUsage(pod.metadata.namespace, pod.metadata.name, found)


def _usage(spec: object, name: str, behaviour: Behaviour) -> Usage:
    fares = behaviour.of(name)
    requests = spec.resources.requests if isinstance(spec, ContainerSpec) and spec.resources else {}
    cpu = fares.cpu if fares.cpu is not None else float(parse_quantity(requests.get("cpu", "0"))) * _SHARE
    memory = fares.memory if fares.memory is not None else int(parse_quantity(requests.get("memory", "0")) / 2)
    return Usage(name, cpu, memory)


def simulated_metrics(behave: Callable[[Pod], Behaviour], clock: Clock) -> Callable[[Client], Metrics]:
    """For `controllers.catalog.Settings.metrics`: figures of Pods by their behaviour, and of all else by the API."""
    return lambda client: _Simulated(client.informer(PODS, Pod), behave, clock, ApiMetrics(client))


class _Simulated(Struct, frozen=True):
    """Implements the autoscaler's `Metrics`."""

    informer: Informer[Pod]
    behave: Callable[[Pod], Behaviour]
    clock: Clock
    others: Metrics

    async def resource(self, namespace: str, selector: str, name: str, container: str) -> Mapping[str, Sample]:
        selects = parse_selector(selector)
        found = {}
        for pod in self.informer.list(namespace):
            if not selects.matches(pod.metadata.labels):
                continue
            try:
                used = usage_of(pod, annotated(pod, self.behave(pod)))
            except BadAnnotation:
                continue
            if (value := used.thousandths(name, container)) is not None:
                found[pod.metadata.name] = Sample(value, self.clock.time(), WINDOW_SECONDS)
        return found or await self.others.resource(namespace, selector, name, container)

    async def pods(self, namespace: str, selector: str, metric: str, metric_selector: str) -> Mapping[str, Sample]:
        return await self.others.pods(namespace, selector, metric, metric_selector)

    async def object(self, namespace: str, reference: Obj, metric: str, metric_selector: str) -> int:
        return await self.others.object(namespace, reference, metric, metric_selector)

    async def external(self, namespace: str, metric: str, metric_selector: str) -> Sequence[int]:
        return await self.others.external(namespace, metric, metric_selector)
