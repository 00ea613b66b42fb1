"""From figures to a number of replicas. Pure; figures in thousandths, divisions as upstream's, which cut off."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from msgspec import Struct

from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Unavailable
from wherry.controllers.autoscaling.horizontalpodautoscaler.pods import Groups

NO_PODS = "no pods returned by selector while calculating replica count"
_NO_FIGURES = "did not receive metrics for targeted pods (pods might be unready)"


class Tolerance(Struct, frozen=True):
    """How far from the target is near enough."""

    up: float = 0.1
    down: float = 0.1

    def covers(self, ratio: float) -> bool:
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Answer(Struct, frozen=True):
    """How many replicas, and the figures that say so."""

    replicas: int
    average: int
    utilization: int | None = None
    """Percent of what was requested."""


def by_utilization(
    current: int, target: int, groups: Groups, requested: Callable[[], Mapping[str, int]], tolerance: Tolerance
) -> Answer:
    """As many as keep the use at `target` percent of what was requested, which is asked for only if it matters."""
    if not groups.samples:
        raise Unavailable(_NO_FIGURES)
    requests = requested()
    ratio, utilization, average = _utilization(groups.samples, requests, target)
    stay = Answer(current, average, utilization)
    lacking = {name: requests[name] * max(100, target) // 100 for name in groups.missing}
    samples = _completed(groups, ratio, lacking)
    if samples is None:
        return stay if tolerance.covers(ratio) else Answer(math.ceil(ratio * groups.ready), average, utilization)
    again, _, _ = _utilization(samples, requests, target)
    replicas = _reconsidered(current, ratio, again, len(samples), tolerance)
    return stay if replicas is None else Answer(replicas, average, utilization)


def by_average(current: int, target: int, groups: Groups, tolerance: Tolerance) -> Answer:
    """As many as keep the average at `target`."""
    if not groups.samples:
        raise Unavailable(_NO_FIGURES)
    ratio, average = _average(groups.samples, target)
    stay = Answer(current, average)
    samples = _completed(groups, ratio, dict.fromkeys(groups.missing, target))
    if samples is None:
        return stay if tolerance.covers(ratio) else Answer(math.ceil(ratio * groups.ready), average)
    again, _ = _average(samples, target)
    replicas = _reconsidered(current, ratio, again, len(samples), tolerance)
    return stay if replicas is None else Answer(replicas, average)


def by_value(current: int, value: int, target: int, ready: int | None, tolerance: Tolerance) -> Answer:
    """As many more or fewer as one figure is above or below its target; `ready` None: there are no Pods."""
    ratio = _divide(value, target)
    if current == 0:
        return Answer(math.ceil(ratio), value)
    if tolerance.covers(ratio):
        return Answer(current, value)
    if ready is None:
        raise Unavailable(f"unable to calculate ready pods: {NO_PODS}")
    return Answer(math.ceil(ratio * ready), value)


def by_share(present: int, value: int, target: int, tolerance: Tolerance) -> Answer:
    """As many as make one figure `target` for each."""
    replicas = present
    if not tolerance.covers(_divide(value, target * present)):
        replicas = math.ceil(value / target)
    return Answer(replicas, math.ceil(value / present) if present else 0)


def _completed(groups: Groups, ratio: float, lacking: Mapping[str, int]) -> dict[str, int] | None:
    """The figures with what is assumed for Pods that have none; None where nothing has to be assumed."""
    has_unready = bool(groups.unready) and ratio > 1.0
    if not has_unready and not groups.missing:
        return None
    samples = dict(groups.samples)
    if ratio < 1.0:
        samples.update(lacking)
    elif ratio > 1.0:
        samples.update(dict.fromkeys(groups.missing, 0))
    if has_unready:
        samples.update(dict.fromkeys(groups.unready, 0))
    return samples


def _reconsidered(current: int, ratio: float, again: float, count: int, tolerance: Tolerance) -> int | None:
    """None where what was assumed makes the difference too small, or would turn it round."""
    if tolerance.covers(again) or (ratio < 1.0 < again) or (again < 1.0 < ratio):
        return None
    replicas = math.ceil(again * count)
    if (again < 1.0 and replicas > current) or (again > 1.0 and replicas < current):
        return None
    return replicas


def _utilization(samples: Mapping[str, int], requests: Mapping[str, int], target: int) -> tuple[float, int, int]:
    """(ratio to the target, percent of what was requested, average)."""
    known = [(value, requests[name]) for name, value in samples.items() if name in requests]
    asked = sum(request for _, request in known)
    if not asked:
        raise Unavailable("no metrics returned matched known pods")
    used = sum(value for value, _ in known)
    percent = used * 100 // asked
    return _divide(percent, target), percent, used // len(known)


def _average(samples: Mapping[str, int], target: int) -> tuple[float, int]:
    average = sum(samples.values()) // len(samples)
    return _divide(average, target), average


def _divide(one: int, other: int) -> float:
    return one / other if other else math.inf
