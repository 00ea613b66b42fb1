"""`eviction`: delete a pod, if its disruption budget still has room.

A pod that does not run (or is going already) costs its budget nothing. Everyone else spends one of the disruptions that
the disruption controller has allowed; the write that spends it is what makes two evictions at once safe. Who goes for
nothing because of the state that he is in goes only in that state: a pod that becomes ready meanwhile stays.

Before a pod goes its status says who wanted it so (the condition `DisruptionTarget`), for those who count failures.
"""

from __future__ import annotations

from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, BadRequest, Conflict, Forbidden, TooManyRequests
from wherry.api.meta.conditions import find_condition, is_true
from wherry.api.meta.labels import selector_of
from wherry.api.policy.eviction import EVICTIONS
from wherry.api.policy.poddisruptionbudget import PODDISRUPTIONBUDGETS
from wherry.apiserver import metadata, pipeline, versions
from wherry.apiserver.core import Call, Core, Outcome
from wherry.apiserver.options import DeleteOptions, delete_options
from wherry.apiserver.subresources import Target
from wherry.apiserver.subresources.answers import success
from wherry.apiserver.verbs.alter import alter
from wherry.apiserver.verbs.delete import delete
from wherry.apiserver.verbs.get import get

_REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
_OLD_VERSION = "policy/v1beta1"
"""What kubectl before 1.22 sends; upstream goes on accepting it here."""
_CONDITION = "DisruptionTarget"
_MOST_UNCONFIRMED = 2000
_SECONDS_TO_PROCESS = 10
_ALWAYS_EVICTED = frozenset({"Succeeded", "Failed", "Pending"})


async def create(core: Core, call: Call, target: Target, body: Obj | None) -> Outcome:
    """POST to `pods/<name>/eviction`."""
    eviction = body if body is not None else {}
    if eviction.get("apiVersion") == _OLD_VERSION:
        eviction["apiVersion"] = EVICTIONS.api_version
    faults = pipeline.intake(EVICTIONS, eviction, call)
    pipeline.refuse_invalid(EVICTIONS, target.name, faults)
    if metadata.name_of(eviction) not in ("", target.name):
        raise BadRequest("name in URL does not match name in Eviction object")
    options = delete_options({}, eviction.get("deleteOptions"))
    call.dry_run = call.dry_run or options.dry_run
    await _admit(core, call, target, eviction)
    while True:
        pod = versions.read(PODS, get(core, PODS, target.namespace, target.name))
        if not _is_free(pod):
            break
        try:
            await _remove(core, call, pod, _in_this_state(options, pod) if _may_become_ready(pod) else options)
        except Conflict:
            if options.resource_version or options.uid not in ("", pod["metadata"]["uid"]):
                raise
            continue
        return success()
    await _evict(core, call, pod, options)
    return success()


async def _admit(core: Core, call: Call, target: Target, eviction: Obj) -> None:
    get(core, PODS, target.namespace, target.name)
    key = (target.namespace, target.name)
    for plugins in (core.mutating, core.validating):
        pipeline.admit(plugins, core, call, "CREATE", PODS, "eviction", key, eviction, None)


async def _evict(core: Core, call: Call, pod: Obj, options: DeleteOptions) -> None:
    """Evict a pod that its budget protects."""
    budget = _budget(core, pod)
    if budget is None or not _needs_no_budget(pod, budget):
        if budget is not None:
            await _spend(core, call, pod, budget)
        await _remove(core, call, pod, options)
        return
    try:
        await _remove(core, call, pod, _in_this_state(options, pod))
    except Conflict:
        if options.resource_version:
            raise
        raise _still_processed(budget["metadata"]["name"]) from None


async def _remove(core: Core, call: Call, pod: Obj, options: DeleteOptions) -> None:
    """Say why, then delete; never a successor of the pod whose eviction was judged."""
    if not options.uid:
        options = replace(options, uid=pod["metadata"]["uid"])
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    if not call.dry_run:
        now = core.now()

        def announce(current: Obj) -> None:
            metadata.check_preconditions(PODS, current, options.uid, options.resource_version)
            _announce(current, now)

        announced = await alter(core, call, PODS, namespace, name, announce)
        if options.resource_version:
            options = replace(options, resource_version=announced.decoded()["metadata"]["resourceVersion"])
    await delete(core, call, PODS, namespace, name, options)


def _announce(pod: Obj, now: str) -> None:
    found = pod.setdefault("status", {}).setdefault("conditions", [])
    current = find_condition(found, _CONDITION)
    is_announced = current is not None and current.get("status") == "True"
    verdict = {
        "type": _CONDITION,
        "status": "True",
        "lastTransitionTime": current.get("lastTransitionTime", now) if current is not None and is_announced else now,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "observedGeneration": pod["metadata"].get("generation", 0),
    }
    if current is None:
        found.append(verdict)
    else:
        found[found.index(current)] = verdict


def _in_this_state(options: DeleteOptions, pod: Obj) -> DeleteOptions:
    """Unless the client names a state itself."""
    return replace(options, resource_version=options.resource_version or pod["metadata"]["resourceVersion"])


def _may_become_ready(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") == "Pending" and not pod["metadata"].get("deletionTimestamp")


def _is_free(pod: Obj) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase in _ALWAYS_EVICTED or bool(pod["metadata"].get("deletionTimestamp"))


def _budget(core: Core, pod: Obj) -> Obj | None:
    """The pod's budget; raises if it has several."""
    budgets = _budgets(core, pod)
    if len(budgets) > 1:
        raise ApiError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    return budgets[0] if budgets else None


async def _spend(core: Core, call: Call, pod: Obj, budget: Obj) -> None:
    """Take one disruption from a budget; raises what the client is to hear otherwise."""
    meta = budget["metadata"]
    name, now = pod["metadata"]["name"], core.now()
    namespace = meta["namespace"]
    await alter(core, call, PODDISRUPTIONBUDGETS, namespace, meta["name"], lambda current: _take(current, name, now))


def _budgets(core: Core, pod: Obj) -> list[Obj]:
    labels = pod["metadata"].get("labels") or {}
    items = core.kind(PODDISRUPTIONBUDGETS).items(pod["metadata"]["namespace"])
    budgets = [versions.read(PODDISRUPTIONBUDGETS, item) for item in items]
    return [budget for budget in budgets if selector_of((budget.get("spec") or {}).get("selector")).matches(labels)]


def _needs_no_budget(pod: Obj, budget: Obj) -> bool:
    """A running pod that is not ready serves nobody, and may go if the policy says so or the others are healthy."""
    if is_true((pod.get("status") or {}).get("conditions"), "Ready"):
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired = status.get("desiredHealthy") or 0
    return desired > 0 and (status.get("currentHealthy") or 0) >= desired


def _take(budget: Obj, pod_name: str, now: str) -> None:
    meta, status = budget["metadata"], budget.setdefault("status", {})
    if (status.get("observedGeneration") or 0) < (meta.get("generation") or 0):
        raise _still_processed(meta["name"])
    allowed = status.get("disruptionsAllowed") or 0
    disrupted = status.get("disruptedPods") or {}
    if allowed < 0:
        raise Forbidden.of(PODDISRUPTIONBUDGETS, meta["name"], "pdb disruptions allowed is negative")
    if len(disrupted) > _MOST_UNCONFIRMED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise Forbidden.of(PODDISRUPTIONBUDGETS, meta["name"], why)
    if allowed == 0:
        raise _too_many(f"The disruption budget {meta['name']} {_shortage(status)}", 0)
    status["disruptionsAllowed"] = allowed - 1
    status["disruptedPods"] = {**disrupted, pod_name: now}
    if allowed == 1:
        _exhausted(status, meta.get("generation") or 0, now)


def _shortage(status: Obj) -> str:
    """Why nothing may go; the numbers say nothing where counting failed, or where they would allow it."""
    condition = find_condition(status.get("conditions"), "DisruptionAllowed") or {}
    reason, message = condition.get("reason"), condition.get("message") if condition.get("status") == "False" else ""
    none_may_go = "does not allow evicting pods currently"
    if message and reason == "SyncFailed":
        return f"{none_may_go} because it failed sync: {message}"
    desired, current = status.get("desiredHealthy") or 0, status.get("currentHealthy") or 0
    if current <= desired:
        return f"needs {desired} healthy pods and has {current} currently"
    return f"{none_may_go} ({reason}): {message}" if message else none_may_go


def _exhausted(status: Obj, generation: int, now: str) -> None:
    """The condition says at once what the controller would say later."""
    others = [each for each in status.get("conditions") or () if each.get("type") != "DisruptionAllowed"]
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "reason": "InsufficientPods",
        "message": "",
        "observedGeneration": generation,
        "lastTransitionTime": now,
    }
    status["conditions"] = [*others, condition]


def _still_processed(name: str) -> TooManyRequests:
    return _too_many(f"The disruption budget {name} is still being processed by the server.", _SECONDS_TO_PROCESS)


def _too_many(text: str, seconds: int) -> TooManyRequests:
    details: Obj = {"causes": [{"reason": "DisruptionBudget", "message": text}]}
    if not seconds:
        return TooManyRequests(_REFUSED, details)
    return TooManyRequests.retry_after(_REFUSED, seconds, details)
