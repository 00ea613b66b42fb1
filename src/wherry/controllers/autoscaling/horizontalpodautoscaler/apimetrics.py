"""Figures from the metrics APIs, as far as this cluster serves them.

What is not good: custom and external metrics have paths of their own form, which only an aggregated API can serve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wherry.api import Obj
from wherry.api.errors import ApiError
from wherry.api.meta.quantity import parse_quantity
from wherry.client import Client
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Sample, Unavailable
from wherry.controllers.scaling import kind_of
from wherry.lib.clock import parse_time
from wherry.lib.goduration import parse_go_duration

_UNFETCHED = "unable to fetch metrics from {} metrics API: {}"
_UNSERVED = "the server could not find the requested resource (get {})"


class ApiMetrics:
    """Asks the API through a client."""

    __slots__ = ("_client",)

    def __init__(self, client: Client) -> None:
        self._client = client

    async def resource(self, namespace: str, selector: str, name: str, container: str) -> Mapping[str, Sample]:
        """See `Metrics`."""
        kind = await kind_of(self._client, "metrics.k8s.io/v1beta1", "PodMetrics")
        if kind is None:
            raise Unavailable(_UNFETCHED.format("resource", _UNSERVED.format("pods.metrics.k8s.io")))
        try:
            found = (await self._client.list(kind, namespace, label_selector=selector)).items
        except ApiError as why:
            raise Unavailable(_UNFETCHED.format("resource", why)) from why
        if not found:
            raise Unavailable("no metrics returned from resource metrics API")
        samples = {each["metadata"]["name"]: _sample(each, name, container) for each in found}
        return {pod: sample for pod, sample in samples.items() if sample is not None}

    async def pods(self, namespace: str, selector: str, metric: str, metric_selector: str) -> Mapping[str, Sample]:
        """See `Metrics`."""
        raise _no_custom_metrics()

    async def object(self, namespace: str, reference: Obj, metric: str, metric_selector: str) -> int:
        """See `Metrics`."""
        raise _no_custom_metrics()

    async def external(self, namespace: str, metric: str, metric_selector: str) -> Sequence[int]:
        """See `Metrics`."""
        raise Unavailable(_UNFETCHED.format("external", _UNSERVED.format(f"{metric}.external.metrics.k8s.io")))


def _no_custom_metrics() -> Unavailable:
    return Unavailable(_UNFETCHED.format("custom", "no custom metrics API (custom.metrics.k8s.io) registered"))


def _sample(metrics: Obj, name: str, container: str) -> Sample | None:
    """What a PodMetrics object says; None if a container says nothing of the resource."""
    used = {each["name"]: (each.get("usage") or {}).get(name) for each in metrics.get("containers") or ()}
    if container:
        if container not in used:
            where = f"{metrics['metadata'].get('namespace', '')}/{metrics['metadata']['name']}"
            raise Unavailable(f"container {container} not present in metrics for pod {where}")
        used = {container: used[container]}
    if not used or None in used.values():
        return None
    value = sum(int(parse_quantity(text) * 1000) for text in used.values() if text is not None)
    return Sample(value, parse_time(metrics["timestamp"]), parse_go_duration(metrics.get("window") or "0"))
