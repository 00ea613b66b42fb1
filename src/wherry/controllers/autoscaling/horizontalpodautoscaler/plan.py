"""Whether a workload gets another number of replicas, and what the autoscaler's status says."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.autoscaling_v2 import HorizontalPodAutoscaler, HPAScalingRules
from wherry.api.types.core_v1 import Pod
from wherry.controllers import conditions
from wherry.controllers.autoscaling.horizontalpodautoscaler.behavior import History, limit, stabilize
from wherry.controllers.autoscaling.horizontalpodautoscaler.proposals import (
    Failed,
    Proposal,
    Reading,
    Situation,
    propose,
)
from wherry.controllers.autoscaling.horizontalpodautoscaler.ratios import Tolerance
from wherry.controllers.documents import plain
from wherry.controllers.notes import Note
from wherry.controllers.scaling import Scale
from wherry.lib.clock import format_time

ASLEEP = "ScaledToZero"
"""The condition that tells a target which was scaled to zero from one that was switched off."""


class Decision(Struct, frozen=True):
    """`replicas` None: leave the target as it is."""

    status: Obj
    history: History
    replicas: int | None = None
    why: str = ""
    notes: tuple[Note, ...] = ()


class Draft(Struct):
    """A status in the making."""

    autoscaler: HorizontalPodAutoscaler
    now: float
    status: Obj = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.status = plain(self.autoscaler.status)

    def say(self, type: str, is_true: bool, reason: str, message: str) -> None:
        condition = {
            "type": type,
            "status": "True" if is_true else "False",
            "reason": reason,
            "message": message,
            "lastTransitionTime": format_time(self.now),
        }
        self.status["conditions"] = conditions.placed(self.status.get("conditions", []), condition)

    def note(self, reason: str, message: str, type: str = "Warning") -> None:
        self.notes.append(Note(type, reason, message))

    def count(self, current: int, desired: int, metrics: Sequence[Obj]) -> None:
        for name, number in (("currentReplicas", current), ("desiredReplicas", desired)):
            self.status[name] = number
        self.status.pop("currentMetrics", None)
        if metrics:
            self.status["currentMetrics"] = list(metrics)


def unscalable(autoscaler: HorizontalPodAutoscaler, why: str, now: float) -> Draft:
    """The target's scale cannot be had."""
    draft = Draft(autoscaler, now)
    draft.note("FailedGetScale", why)
    message = f"the HPA controller was unable to get the target's current scale: {why}"
    draft.say("AbleToScale", False, "FailedGetScale", message)
    return draft


def needs_metrics(autoscaler: HorizontalPodAutoscaler, scale: Scale, *, has_sleep: bool) -> bool:
    """Whether it is the metrics that decide. `has_sleep`: whether autoscalers know of targets without replicas."""
    least, most = bounds(autoscaler)
    return has_sleep and is_to_wake(autoscaler) if scale.replicas == 0 else least <= scale.replicas <= most


def is_to_wake(autoscaler: HorizontalPodAutoscaler) -> bool:
    """Whether a target without replicas is to get some when the metrics ask for it.

    Only what the autoscaler itself has put to sleep, so that people can still switch a target off.
    """
    asleep = any(each.type == ASLEEP and each.status == "True" for each in autoscaler.status.conditions)
    return asleep and (bounds(autoscaler)[0] != 0 or _can_sleep(autoscaler))


def _can_sleep(autoscaler: HorizontalPodAutoscaler) -> bool:
    """Whether some metric says something even while there are no Pods."""
    return any(metric.type in ("Object", "External") for metric in autoscaler.spec.metrics)


def bounds(autoscaler: HorizontalPodAutoscaler) -> tuple[int, int]:
    least = autoscaler.spec.min_replicas
    return 1 if least is None else least, autoscaler.spec.max_replicas


def plan(
    autoscaler: HorizontalPodAutoscaler,
    scale: Scale,
    readings: Sequence[Reading],
    pods: Sequence[Pod],
    history: History,
    now: float,
    *,
    has_sleep: bool,
) -> Decision:
    """The next step. `readings` go with the autoscaler's metrics, one for one; `has_sleep`: see `needs_metrics`."""
    draft = Draft(autoscaler, now)
    draft.say("AbleToScale", True, "SucceededGetScale", "the HPA controller was able to get the target's current scale")
    current = scale.replicas
    if not history.recommended:
        history = history.recommending(now, current)
    least, most = bounds(autoscaler)
    if current == 0 and not (has_sleep and is_to_wake(autoscaler)):
        message = "scaling is disabled since the replica count of the target is zero"
        draft.say("ScalingActive", False, "ScalingDisabled", message)
        return _stay(draft, current, (), history)
    if current > most:
        return _go(draft, current, most, "Current number of replicas above Spec.MaxReplicas", (), history)
    if 0 < current < least:
        return _go(draft, current, least, "Current number of replicas below Spec.MinReplicas", (), history)
    seen = Situation(current, scale.present, pods, _tolerance(autoscaler), now, autoscaler.metadata.namespace)
    best, statuses = _best(draft, readings, seen)
    if best is None:
        draft.count(current, draft.status.get("desiredReplicas", 0), statuses)
        return Decision(draft.status, history, notes=tuple(draft.notes))
    why = ""
    if best.replicas > current:
        why = f"{best.name} above target"
    elif best.replicas < current:
        why = "All metrics below target"
    desired, history = _normalize(draft, current, best.replicas, history)
    if current == 0:
        desired = max(desired, least)
    if desired == current:
        return _stay(draft, current, statuses, history)
    return _go(draft, current, desired, why, statuses, history)


def rescaled(
    draft_status: Obj, autoscaler: HorizontalPodAutoscaler, replicas: int, now: float, *, has_sleep: bool
) -> Obj:
    """The status once the target has got another number of replicas.

    Without `has_sleep`, what was said of sleep before is left as it is.
    """
    draft = Draft(autoscaler, now)
    draft.status = draft_status
    message = f"the HPA controller was able to update the target scale to {replicas}"
    draft.say("AbleToScale", True, "SucceededRescale", message)
    if has_sleep and replicas == 0 and bounds(autoscaler)[0] == 0 and _can_sleep(autoscaler):
        draft.say(ASLEEP, True, "ScaledToZero", "the HPA controller scaled the workload to zero")
    elif has_sleep:
        draft.say(ASLEEP, False, "NotScaledToZero", "the HPA controller did not scale the workload to zero")
    draft.status["lastScaleTime"] = format_time(now)
    return draft.status


def not_rescaled(draft_status: Obj, autoscaler: HorizontalPodAutoscaler, why: str, now: float) -> Obj:
    """The status when the target refused."""
    draft = Draft(autoscaler, now)
    before = dict(draft.status)
    draft.status = draft_status
    message = f"the HPA controller was unable to update the target scale: {why}"
    draft.say("AbleToScale", False, "FailedUpdateScale", message)
    shown = draft_status.get("currentMetrics", ())
    draft.count(draft_status.get("currentReplicas", 0), before.get("desiredReplicas", 0), shown)
    return draft.status


def _best(draft: Draft, readings: Sequence[Reading], seen: Situation) -> tuple[Proposal | None, list[Obj]]:
    """The metric that asks for most. Where some cannot be known, the others may only add replicas."""
    specs = draft.autoscaler.spec.metrics
    best: Proposal | None = None
    statuses: list[Obj] = []
    failures: list[Failed] = []
    for spec, reading in zip(specs, readings, strict=True):
        try:
            proposal = propose(spec, reading, seen)
        except Failed as failure:
            draft.note(failure.reason, failure.why)
            failures.append(failure)
            statuses.append({"type": ""})
            continue
        statuses.append(proposal.status)
        if best is None or best.replicas == 0 or proposal.replicas > best.replicas:
            best = proposal
    if failures and (best is None or best.replicas < seen.current):
        first = failures[0]
        message = f"the HPA was unable to compute the replica count: {first.why}"
        draft.say("ScalingActive", False, first.reason, message)
        count = f"invalid metrics ({len(failures)} invalid out of {len(specs)})"
        draft.note("FailedComputeMetricsReplicas", f"{count}, first error is: {first}")
        return None, statuses
    assert best is not None
    found = f"the HPA was able to successfully calculate a replica count from {best.name}"
    draft.say("ScalingActive", True, "ValidMetricFound", found)
    return best, statuses


def _normalize(draft: Draft, current: int, wanted: int, history: History) -> tuple[int, History]:
    """What stabilization, bounds and rates leave of what the metrics want."""
    behavior, now = draft.autoscaler.spec.behavior, draft.now
    stable = stabilize(behavior, history, current, wanted, now)
    history = history.recommending(now, wanted)
    if stable.replicas != wanted:
        draft.say("AbleToScale", True, stable.reason, stable.message)
    else:
        draft.say("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size")
    found = limit(behavior, history, current, stable.replicas, bounds(draft.autoscaler), now)
    draft.say("ScalingLimited", found.replicas != stable.replicas, found.reason, found.message)
    return found.replicas, history


def _stay(draft: Draft, current: int, metrics: Sequence[Obj], history: History) -> Decision:
    draft.count(current, current, metrics)
    return Decision(draft.status, history, notes=tuple(draft.notes))


def _go(draft: Draft, current: int, desired: int, why: str, metrics: Sequence[Obj], history: History) -> Decision:
    draft.count(current, desired, metrics)
    return Decision(draft.status, history, desired, why, tuple(draft.notes))


def _tolerance(autoscaler: HorizontalPodAutoscaler) -> Tolerance:
    behavior = autoscaler.spec.behavior
    if behavior is None:
        return Tolerance()
    standard = Tolerance()
    return Tolerance(_of(behavior.scale_up, standard.up), _of(behavior.scale_down, standard.down))


def _of(rules: HPAScalingRules | None, standard: float) -> float:
    return standard if rules is None or rules.tolerance is None else float(parse_quantity(rules.tolerance))
