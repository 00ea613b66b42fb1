"""Figures that somebody gives: tests, simulated nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from wherry.api import Obj
from wherry.api.meta.labels import parse_selector
from wherry.api.meta.quantity import milli
from wherry.api.types.core_v1 import Pod
from wherry.client import Informer, Key
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Sample, Unavailable

_UNFETCHED = "no metrics returned from {} metrics API"


class GivenMetrics:
    """Quantities as texts, by what they are of; every sample is as fresh as it can be."""

    __slots__ = ("_external", "_objects", "_pods", "_resources", "_time", "of_pods")

    def __init__(self, pods: Informer[Pod], time: Callable[[], float]) -> None:
        self.of_pods = pods
        self._time = time
        self._resources: dict[Key, dict[str, Mapping[str, str]]] = {}
        self._pods: dict[tuple[Key, str], str] = {}
        self._objects: dict[tuple[str, str, str, str], str] = {}
        self._external: dict[tuple[str, str], Sequence[str]] = {}

    def use(self, pod: Key, container: str, usage: Mapping[str, str]) -> None:
        """A container uses so much: `{"cpu": "250m"}`."""
        self._resources.setdefault(pod, {})[container] = usage

    def forget(self, pod: Key) -> None:
        self._resources.pop(pod, None)

    def set_pod(self, pod: Key, metric: str, value: str) -> None:
        self._pods[pod, metric] = value

    def set_object(self, namespace: str, kind: str, name: str, metric: str, value: str) -> None:
        self._objects[namespace, kind, name, metric] = value

    def set_external(self, namespace: str, metric: str, *values: str) -> None:
        self._external[namespace, metric] = values

    async def resource(self, namespace: str, selector: str, name: str, container: str) -> Mapping[str, Sample]:
        """See `Metrics`."""
        found: dict[str, Sample] = {}
        for key in self._selected(namespace, selector):
            used = self._resources.get(key, {})
            texts = [usage.get(name) for each, usage in used.items() if container in ("", each)]
            if texts and None not in texts:
                found[key.name] = self._sample(sum(milli(text) for text in texts if text is not None))
        return _some(found, "resource")

    async def pods(self, namespace: str, selector: str, metric: str, metric_selector: str) -> Mapping[str, Sample]:
        """See `Metrics`."""
        keys = self._selected(namespace, selector)
        given = {key.name: self._pods.get((key, metric)) for key in keys}
        return _some({name: self._sample(milli(text)) for name, text in given.items() if text is not None}, "custom")

    async def object(self, namespace: str, reference: Obj, metric: str, metric_selector: str) -> int:
        """See `Metrics`."""
        given = self._objects.get((namespace, reference["kind"], reference["name"], metric))
        if given is None:
            raise Unavailable(_UNFETCHED.format("custom"))
        return milli(given)

    async def external(self, namespace: str, metric: str, metric_selector: str) -> Sequence[int]:
        """See `Metrics`."""
        given = self._external.get((namespace, metric), ())
        if not given:
            raise Unavailable(_UNFETCHED.format("external"))
        return [milli(text) for text in given]

    def _selected(self, namespace: str, selector: str) -> list[Key]:
        wanted = parse_selector(selector)
        pods = [pod.metadata for pod in self.of_pods.list(namespace)]
        return [Key(pod.namespace, pod.name) for pod in pods if wanted.matches(pod.labels)]

    def _sample(self, value: int) -> Sample:
        return Sample(value, self._time(), 0.0)


def _some(samples: Mapping[str, Sample], api: str) -> Mapping[str, Sample]:
    if not samples:
        raise Unavailable(_UNFETCHED.format(api))
    return samples
