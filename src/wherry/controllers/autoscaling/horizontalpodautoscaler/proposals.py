"""What one metric asks for, and how the status shows it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TypeAlias

from msgspec import Struct

from wherry.api import Obj
from wherry.api.meta.quantity import format_quantity, milli
from wherry.api.types.autoscaling_v2 import MetricIdentifier, MetricSpec, MetricTarget
from wherry.api.types.core_v1 import Pod
from wherry.controllers.autoscaling.horizontalpodautoscaler import ratios
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Sample, Unavailable
from wherry.controllers.autoscaling.horizontalpodautoscaler.pods import count_ready, group, requests
from wherry.controllers.autoscaling.horizontalpodautoscaler.ratios import Answer, Tolerance
from wherry.controllers.documents import plain
from wherry.controllers.selectors import describe

Reading: TypeAlias = Mapping[str, Sample] | int | Unavailable
"""Figures by Pod; one figure; or why there are none."""


class Situation(Struct, frozen=True):
    """What metrics are held against."""

    current: int
    """How many replicas are wanted now."""
    present: int
    """How many there are, as the target says."""
    pods: Sequence[Pod]
    tolerance: Tolerance
    now: float
    namespace: str


class Proposal(Struct, frozen=True):
    replicas: int
    name: str
    """What to call the metric in Events."""
    status: Obj


class Failed(Exception):
    """A metric asks for nothing that can be known."""

    def __init__(self, reason: str, why: str, summary: str) -> None:
        super().__init__(summary)
        self.reason = reason
        self.why = why


def propose(spec: MetricSpec, reading: Reading, seen: Situation) -> Proposal:
    """Raises Failed."""
    if spec.resource is not None:
        return _by_resource(spec, spec.resource.name, "", spec.resource.target, reading, seen)
    if spec.container_resource is not None:
        source = spec.container_resource
        return _by_resource(spec, source.name, source.container, source.target, reading, seen)
    if spec.pods is not None:
        return _by_pods(spec, reading, seen)
    if spec.object is not None:
        return _by_object(spec, reading, seen)
    return _by_external(spec, reading, seen)


def _by_resource(
    spec: MetricSpec, resource: str, container: str, target: MetricTarget, reading: Reading, seen: Situation
) -> Proposal:
    what = "usage" if target.average_value is not None else "utilization"
    name = f"{resource} resource"
    if target.average_value is None:
        kind = "container resource" if container else "resource"
        name = f"{resource} {kind} utilization (percentage of request)"
    try:
        samples = _samples(reading, f"unable to get metrics for resource {resource}")
        groups = group(_some(seen.pods), samples, resource, seen.now)
        if target.average_value is not None:
            answer = ratios.by_average(seen.current, milli(target.average_value), groups, seen.tolerance)
        else:
            aim, asked = target.average_utilization or 0, partial(requests, seen.pods, resource, container)
            answer = ratios.by_utilization(seen.current, aim, groups, asked, seen.tolerance)
    except Unavailable as error:
        why = f"failed to get {resource} {what}: {error}"
        if container:
            summary = f"failed to get {container} container metric value: {why}"
            raise Failed("FailedGetContainerResourceMetric", why, summary) from None
        summary = f"failed to get {resource} resource metric value: {why}"
        raise Failed("FailedGetResourceMetric", why, summary) from None
    current: Obj = {"averageValue": _text(answer.average)}
    if answer.utilization is not None:
        current["averageUtilization"] = answer.utilization
    if container:
        shown = {"container": container, "name": resource, "current": current}
        return Proposal(answer.replicas, name, {"type": spec.type, "containerResource": shown})
    return Proposal(answer.replicas, name, {"type": spec.type, "resource": {"name": resource, "current": current}})


def _by_pods(spec: MetricSpec, reading: Reading, seen: Situation) -> Proposal:
    assert spec.pods is not None
    metric, target = spec.pods.metric, spec.pods.target
    try:
        samples = _samples(reading, f"unable to get metric {metric.name}")
        groups = group(_some(seen.pods), samples, "", seen.now)
        answer = ratios.by_average(seen.current, milli(target.average_value or "0"), groups, seen.tolerance)
    except Unavailable as error:
        raise Failed("FailedGetPodsMetric", str(error), f"failed to get pods metric value: {error}") from None
    shown = {"metric": plain(metric), "current": {"averageValue": _text(answer.average)}}
    return Proposal(answer.replicas, f"pods metric {metric.name}", {"type": spec.type, "pods": shown})


def _by_object(spec: MetricSpec, reading: Reading, seen: Situation) -> Proposal:
    assert spec.object is not None
    metric, target, described = spec.object.metric, spec.object.target, spec.object.described_object
    is_value = target.type == "Value"
    try:
        # Upstream gives its words in another order than it means them, and dashboards know them so.
        where = f"{described.kind} on {seen.namespace} {described.name}"
        value = _value(reading, lambda why: f"unable to get metric {metric.name}: {where}/{why}")
        answer = _of_one_figure(value, target, seen, is_value=is_value)
    except Unavailable as error:
        why = str(error) if is_value else f"failed to get {metric.name} object metric: {error}"
        raise Failed("FailedGetObjectMetric", str(error), f"failed to get object metric value: {why}") from None
    name = f"{described.kind} metric {metric.name}" if is_value else _external_name(metric)
    current = {"value" if is_value else "averageValue": _text(answer.average)}
    shown = {"metric": plain(metric), "describedObject": plain(described), "current": current}
    return Proposal(answer.replicas, name, {"type": spec.type, "object": shown})


def _by_external(spec: MetricSpec, reading: Reading, seen: Situation) -> Proposal:
    assert spec.external is not None
    metric, target = spec.external.metric, spec.external.target
    is_value = target.average_value is None
    try:
        where = f"{seen.namespace}/{metric.name}/{describe(metric.selector)}"
        value = _value(reading, lambda why: f"unable to get external metric {where}: {why}")
        answer = _of_one_figure(value, target, seen, is_value=is_value)
    except Unavailable as error:
        what = f"external metric {metric.name}" if is_value else f"{metric.name} external metric"
        summary = f"failed to get {metric.name} external metric value: failed to get {what}: {error}"
        raise Failed("FailedGetExternalMetric", str(error), summary) from None
    current = {"value" if is_value else "averageValue": _text(answer.average)}
    shown = {"metric": plain(metric), "current": current}
    return Proposal(answer.replicas, _external_name(metric), {"type": spec.type, "external": shown})


def _of_one_figure(value: int, target: MetricTarget, seen: Situation, *, is_value: bool) -> Answer:
    if is_value:
        ready = count_ready(seen.pods) if seen.pods else None
        return ratios.by_value(seen.current, value, milli(target.value or "0"), ready, seen.tolerance)
    return ratios.by_share(seen.present, value, milli(target.average_value or "0"), seen.tolerance)


def _external_name(metric: MetricIdentifier) -> str:
    return f"external metric {metric.name}({describe(metric.selector)})"


def _samples(reading: Reading, doing: str) -> Mapping[str, Sample]:
    if isinstance(reading, Unavailable):
        raise Unavailable(f"{doing}: {reading}")
    assert isinstance(reading, Mapping)
    return reading


def _value(reading: Reading, failing: Callable[[Unavailable], str]) -> int:
    if isinstance(reading, Unavailable):
        raise Unavailable(failing(reading))
    assert isinstance(reading, int)
    return reading


def _some(pods: Sequence[Pod]) -> Sequence[Pod]:
    if not pods:
        raise Unavailable(ratios.NO_PODS)
    return pods


def _text(thousandths: int) -> str:
    return format_quantity(Decimal(thousandths) / 1000)
