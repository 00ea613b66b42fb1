"""Reads scales and figures, and carries the plan out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct, field

from wherry.api import Obj, errors
from wherry.api.autoscaling.horizontalpodautoscaler import HORIZONTALPODAUTOSCALERS
from wherry.api.core.pod import PODS
from wherry.api.features import Gate
from wherry.api.meta.labels import Selector, SelectorError, parse_selector, selector_of
from wherry.api.resource import Resource
from wherry.api.types.autoscaling_v2 import HorizontalPodAutoscaler, MetricIdentifier, MetricSpec
from wherry.api.types.core_v1 import Pod
from wherry.client import Client, Informer, Key
from wherry.controllers.autoscaling.horizontalpodautoscaler.apimetrics import ApiMetrics
from wherry.controllers.autoscaling.horizontalpodautoscaler.behavior import History
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Metrics, Unavailable
from wherry.controllers.autoscaling.horizontalpodautoscaler.plan import (
    Decision,
    Draft,
    needs_metrics,
    not_rescaled,
    plan,
    rescaled,
    unscalable,
)
from wherry.controllers.autoscaling.horizontalpodautoscaler.proposals import Reading
from wherry.controllers.documents import plain, status_patch
from wherry.controllers.ownership import key_of
from wherry.controllers.scaling import Scale, has_scale, kind_of, read_scale
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

SYNC_SECONDS = 15.0


class State(Struct):
    autoscalers: Informer[HorizontalPodAutoscaler]
    pods: Informer[Pod]
    metrics: Metrics
    histories: dict[Key, tuple[str, History]] = field(default_factory=dict)
    """What was recommended and done, and for which autoscaler of that name."""
    selectors: dict[Key, Selector] = field(default_factory=dict)


class _Unclear(Exception):
    """It is not clear which Pods are the target's; the draft says so."""

    def __init__(self, draft: Draft, why: str) -> None:
        super().__init__(why)
        self.draft = draft


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    autoscaler = state.autoscalers.get(key)
    if autoscaler is None:
        state.histories.pop(key, None)
        state.selectors.pop(key, None)
        return DONE
    found = await _target(autoscaler, deps)
    if isinstance(found, str):
        draft = unscalable(autoscaler, found, deps.clock.time())
        await _finish(autoscaler, draft.status, deps, draft)
        return Result(SYNC_SECONDS)
    resource, scale = found
    uid, history = state.histories.get(key, ("", History()))
    if uid != autoscaler.metadata.uid:
        history = History()
    pods: Sequence[Pod] = ()
    readings: Sequence[Reading] = [Unavailable("")] * len(autoscaler.spec.metrics)
    has_sleep = deps.features.has(Gate.HPA_SCALE_TO_ZERO)
    if needs_metrics(autoscaler, scale, has_sleep=has_sleep):
        try:
            pods = _pods(key, autoscaler, scale, deps)
        except _Unclear as why:
            why.draft.note("FailedComputeMetricsReplicas", str(why))
            why.draft.count(scale.replicas, why.draft.status.get("desiredReplicas", 0), ())
            await _finish(autoscaler, why.draft.status, deps, why.draft)
            return Result(SYNC_SECONDS)
        selector = scale.selector
        readings = [await _read(state.metrics, key.namespace, selector, each) for each in autoscaler.spec.metrics]
    decided = plan(autoscaler, scale, readings, pods, history, deps.clock.time(), has_sleep=has_sleep)
    state.histories[key] = (autoscaler.metadata.uid, decided.history)
    for note in decided.notes:
        deps.events.event(autoscaler, note.type, note.reason, note.message)
    status = decided.status if decided.replicas is None else await _rescale(autoscaler, resource, scale, decided, deps)
    await _finish(autoscaler, status, deps)
    return Result(SYNC_SECONDS)


async def _target(autoscaler: HorizontalPodAutoscaler, deps: Deps) -> tuple[Resource, Scale] | str:
    """What is scaled, and its scale; or why that cannot be known."""
    reference = autoscaler.spec.scale_target_ref
    resource = await kind_of(deps.client, reference.api_version, reference.kind)
    if resource is None:
        group = reference.api_version.rpartition("/")[0]
        return f'no matches for kind "{reference.kind}" in group "{group}"'
    if not has_scale(resource):
        return "the server could not find the requested resource"
    try:
        return resource, await read_scale(deps.client, resource, autoscaler.metadata.namespace, reference.name)
    except errors.ApiError as why:
        return str(why)


def _pods(key: Key, autoscaler: HorizontalPodAutoscaler, scale: Scale, deps: Deps) -> list[Pod]:
    """The target's Pods; raises _Unclear where it does not say, or another autoscaler has them too."""
    state: State = deps.state
    draft = Draft(autoscaler, deps.clock.time())
    message = "the HPA controller was able to get the target's current scale"
    draft.say("AbleToScale", True, "SucceededGetScale", message)
    if not scale.selector:
        draft.note("SelectorRequired", "selector is required")
        missing = "the HPA target's scale is missing a selector"
        draft.say("ScalingActive", False, "InvalidSelector", missing)
        raise _Unclear(draft, "selector is required")
    try:
        selector = parse_selector(scale.selector)
    except SelectorError as error:
        why = f"couldn't convert selector into a corresponding internal selector object: {error}"
        draft.note("InvalidSelector", why)
        draft.say("ScalingActive", False, "InvalidSelector", why)
        raise _Unclear(draft, why) from None
    state.selectors[key] = selector
    pods = [pod for pod in state.pods.list(key.namespace) if selector.matches(pod.metadata.labels)]
    rivals = sorted(
        other
        for other, theirs in state.selectors.items()
        if other.namespace == key.namespace and any(theirs.matches(pod.metadata.labels) for pod in pods)
    )
    if len(rivals) > 1:
        names = " ".join(f"{{{other.name} {other.namespace}}}" for other in rivals)
        why = f"pods by selector {scale.selector} are controlled by multiple HPAs: [{names}]"
        draft.note("AmbiguousSelector", why)
        draft.say("ScalingActive", False, "AmbiguousSelector", why)
        raise _Unclear(draft, why)
    return pods


async def _read(metrics: Metrics, namespace: str, selector: str, spec: MetricSpec) -> Reading:
    try:
        if spec.resource is not None:
            return await metrics.resource(namespace, selector, spec.resource.name, "")
        if spec.container_resource is not None:
            source = spec.container_resource
            return await metrics.resource(namespace, selector, source.name, source.container)
        if spec.pods is not None:
            identifier = spec.pods.metric
            return await metrics.pods(namespace, selector, identifier.name, _selector(identifier))
        if spec.object is not None:
            identifier, described = spec.object.metric, plain(spec.object.described_object)
            return await metrics.object(namespace, described, identifier.name, _selector(identifier))
        if spec.external is not None:
            identifier = spec.external.metric
            return sum(await metrics.external(namespace, identifier.name, _selector(identifier)))
    except (Unavailable, errors.ApiError) as why:
        return Unavailable(str(why))
    return Unavailable(f'unknown metric source type "{spec.type}"')


def _selector(identifier: MetricIdentifier) -> str:
    return str(selector_of(plain(identifier.selector))) if identifier.selector is not None else ""


async def _rescale(
    autoscaler: HorizontalPodAutoscaler, resource: Resource, scale: Scale, decided: Decision, deps: Deps
) -> Obj:
    """Set the number of replicas; returns what the status is to say."""
    replicas, name = decided.replicas, autoscaler.spec.scale_target_ref.name
    assert replicas is not None
    now, key = deps.clock.time(), key_of(autoscaler.metadata)
    try:
        patch = {"spec": {"replicas": replicas}}
        await deps.client.patch(resource, name, patch, key.namespace, subresource="scale")
    except errors.ApiError as why:
        message = f"New size: {replicas}; reason: {decided.why}; error: {why}"
        deps.events.event(autoscaler, "Warning", "FailedRescale", message)
        return not_rescaled(decided.status, autoscaler, str(why), now)
    deps.events.event(autoscaler, "Normal", "SuccessfulRescale", f"New size: {replicas}; reason: {decided.why}")
    history = decided.history.doing(now, replicas - scale.replicas)
    deps.state.histories[key] = (autoscaler.metadata.uid, history)
    return rescaled(decided.status, autoscaler, replicas, now, has_sleep=deps.features.has(Gate.HPA_SCALE_TO_ZERO))


async def _finish(autoscaler: HorizontalPodAutoscaler, status: Obj, deps: Deps, draft: Draft | None = None) -> None:
    for note in draft.notes if draft is not None else ():
        deps.events.event(autoscaler, note.type, note.reason, note.message)
    metadata = autoscaler.metadata
    patch = status_patch(plain(autoscaler.status), status)
    if patch is None:
        return
    patch["metadata"] = {"uid": metadata.uid}
    try:
        await deps.client.patch(
            HORIZONTALPODAUTOSCALERS, metadata.name, patch, metadata.namespace, subresource="status"
        )
    except errors.NotFound:
        return


def _of_autoscaler(old: HorizontalPodAutoscaler | None, new: HorizontalPodAutoscaler | None, _: Deps) -> Iterable[Key]:
    """Its own status is no reason to look at it before it is time."""
    if old is None or new is None or old.spec != new.spec or old.metadata.uid != new.metadata.uid:
        view = new if new is not None else old
        if view is not None:
            yield key_of(view.metadata)


def controller(make: Callable[[Client], Metrics] | None = None) -> Controller:
    """`make` says where figures come from; None asks the metrics APIs."""

    def start(deps: Deps) -> State:
        metrics = make(deps.client) if make is not None else ApiMetrics(deps.client)
        autoscalers = deps.client.informer(HORIZONTALPODAUTOSCALERS, HorizontalPodAutoscaler)
        return State(autoscalers, deps.client.informer(PODS, Pod), metrics)

    return Controller(
        name="horizontal-pod-autoscaler-controller",
        reconciles=HORIZONTALPODAUTOSCALERS,
        view=HorizontalPodAutoscaler,
        reconcile=reconcile,
        reads=(Watch(HORIZONTALPODAUTOSCALERS, HorizontalPodAutoscaler, _of_autoscaler),),
        writes=("horizontalpodautoscalers.autoscaling/status", "*/scale"),
        start=start,
        workers=5,
        component="horizontal-pod-autoscaler",
        hears_own=False,
    )
