"""How soon and how fast the number of replicas may change. Pure.

*Stabilization*: fewer replicas are taken only when nothing recommended more for a while (five minutes, unless the
autoscaler says otherwise); more only when nothing recommended fewer, if the autoscaler wants it so. With rules of its
own what was recommended before only ever holds a change up: it never turns one round. *Limits*: without
rules of its own an autoscaler at most doubles (or goes to four); with rules, each policy says how many replicas, or
what part of them, may come or go within its period.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct

from wherry.api.types.autoscaling_v2 import HorizontalPodAutoscalerBehavior, HPAScalingRules

WINDOW_SECONDS = 300.0
"""How long a recommendation keeps replicas from being taken away, where the autoscaler does not say."""
_KEPT_SECONDS = 3600.0
"""Longer than any window or period may be."""
_DOUBLE, _LEAST_LIMIT = 2, 4


class History(Struct, frozen=True):
    """What was recommended, and what was done: (when, number), oldest first."""

    recommended: tuple[tuple[float, int], ...] = ()
    done: tuple[tuple[float, int], ...] = ()
    """Changes of the number of replicas, negative where some were taken."""

    def recommending(self, now: float, replicas: int) -> History:
        return History((*_recent(self.recommended, now), (now, replicas)), self.done)

    def doing(self, now: float, change: int) -> History:
        return History(self.recommended, (*_recent(self.done, now), (now, change)))


class Verdict(Struct, frozen=True):
    """A number, with a reason and a text if it is another than was asked for."""

    replicas: int
    reason: str
    message: str


_WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")
_TOO_FAST = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_TOO_FAST_DOWN = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_WERE_HIGHER = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
_WERE_LOWER = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)


def stabilize(
    behavior: HorizontalPodAutoscalerBehavior | None, history: History, current: int, desired: int, now: float
) -> Verdict:
    """What recent recommendations make of a new one."""
    if behavior is None:
        recent = [replicas for when, replicas in history.recommended if when >= now - WINDOW_SECONDS]
        return Verdict(max([desired, *recent]), *_WERE_HIGHER)
    lower = min([desired, *_since(history, _window(behavior.scale_up, 0.0), now)])
    upper = max([desired, *_since(history, _window(behavior.scale_down, WINDOW_SECONDS), now)])
    return Verdict(min(max(current, lower), upper), *(_WERE_LOWER if desired >= current else _WERE_HIGHER))


def limit(
    behavior: HorizontalPodAutoscalerBehavior | None,
    history: History,
    current: int,
    desired: int,
    bounds: tuple[int, int],
    now: float,
) -> Verdict:
    """As many of the desired replicas as the bounds and the rates allow."""
    least, most = bounds
    if behavior is None:
        rate = max(_DOUBLE * current, _LEAST_LIMIT)
        if desired < least:
            return Verdict(least, *_TOO_FEW)
        return _at_most(desired, most, rate)
    if desired > current:
        return _at_most(desired, most, max(current, _highest(behavior.scale_up, history, current, now)))
    if desired < current:
        rate = min(current, _lowest(behavior.scale_down, history, current, now))
        floor, why = (rate, _TOO_FAST_DOWN) if least < rate else (least, _TOO_FEW)
        if desired < floor:
            return Verdict(floor, *why)
    return Verdict(desired, *_WITHIN)


def _at_most(desired: int, most: int, rate: int) -> Verdict:
    ceiling, why = (rate, _TOO_FAST) if most > rate else (most, _TOO_MANY)
    return Verdict(ceiling, *why) if desired > ceiling else Verdict(desired, *_WITHIN)


def _highest(rules: HPAScalingRules | None, history: History, current: int, now: float) -> int:
    """How many replicas the policies allow when there are to be more."""
    if rules is None or not rules.policies:
        return max(_DOUBLE * current, _LEAST_LIMIT)
    if rules.select_policy == "Disabled":
        return current
    allowed = []
    for policy in rules.policies:
        before = _before(history, current, policy.period_seconds, now)
        more = math.ceil(before * (1 + policy.value / 100)) if policy.type == "Percent" else before + policy.value
        allowed.append(more)
    return min(allowed) if rules.select_policy == "Min" else max(allowed)


def _lowest(rules: HPAScalingRules | None, history: History, current: int, now: float) -> int:
    """How few replicas the policies allow when there are to be fewer."""
    if rules is None or not rules.policies:
        return 0
    if rules.select_policy == "Disabled":
        return current
    allowed = []
    for policy in rules.policies:
        before = _before(history, current, policy.period_seconds, now)
        fewer = int(before * (1 - policy.value / 100)) if policy.type == "Percent" else before - policy.value
        allowed.append(fewer)
    return max(allowed) if rules.select_policy == "Min" else min(allowed)


def _before(history: History, current: int, period: float, now: float) -> int:
    """How many replicas there were when the period began."""
    return current - sum(change for when, change in history.done if when > now - period)


def _since(history: History, window: float, now: float) -> list[int]:
    """What was recommended within the window."""
    return [replicas for when, replicas in history.recommended if when > now - window]


def _window(rules: HPAScalingRules | None, default: float) -> float:
    seconds = rules.stabilization_window_seconds if rules is not None else None
    return default if seconds is None else float(seconds)


def _recent(entries: Iterable[tuple[float, int]], now: float) -> list[tuple[float, int]]:
    return [entry for entry in entries if entry[0] >= now - _KEPT_SECONDS]
