"""`eviction`: delete a pod, if its disruption budget still has room.

A pod that does not run (or is going already) costs its budget nothing. Everyone else spends one of the disruptions that
the disruption controller has allowed; the write that spends it is what makes two evictions at once safe.
"""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.core.pod import PODS
from wherry.api.errors import ApiError, BadRequest, Forbidden, TooManyRequests
from wherry.api.meta.conditions import is_true
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
    pod = versions.read(PODS, get(core, PODS, target.namespace, target.name))
    key = (target.namespace, target.name)
    for plugins in (core.mutating, core.validating):
        pipeline.admit(plugins, core, call, "CREATE", PODS, "eviction", key, eviction, None)
    if not _is_free(pod):
        await _spend(core, call, pod)
    if not options.uid:
        options = _exactly(options, pod)
    await delete(core, call, PODS, target.namespace, target.name, options)
    return success()


def _exactly(options: DeleteOptions, pod: Obj) -> DeleteOptions:
    """Never delete a successor of the pod whose eviction was paid for."""
    return DeleteOptions(
        options.grace_seconds, options.propagation, pod["metadata"]["uid"], options.resource_version, options.dry_run
    )


def _is_free(pod: Obj) -> bool:
    phase = (pod.get("status") or {}).get("phase")
    return phase in _ALWAYS_EVICTED or bool(pod["metadata"].get("deletionTimestamp"))


async def _spend(core: Core, call: Call, pod: Obj) -> None:
    """Take one disruption from the pod's budget, if it has one; raises what the client is to hear otherwise."""
    budgets = _budgets(core, pod)
    if len(budgets) > 1:
        raise ApiError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    if not budgets or _needs_no_budget(pod, budgets[0]):
        return
    meta = budgets[0]["metadata"]
    name, now = pod["metadata"]["name"], core.now()
    await alter(
        core,
        call,
        PODDISRUPTIONBUDGETS,
        meta["namespace"],
        meta["name"],
        lambda budget: _take(budget, name, now),
    )


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
        text = f"The disruption budget {meta['name']} is still being processed by the server."
        raise _too_many(text, _SECONDS_TO_PROCESS)
    allowed = status.get("disruptionsAllowed") or 0
    disrupted = status.get("disruptedPods") or {}
    if allowed < 0:
        raise Forbidden.of(PODDISRUPTIONBUDGETS, meta["name"], "pdb disruptions allowed is negative")
    if len(disrupted) > _MOST_UNCONFIRMED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise Forbidden.of(PODDISRUPTIONBUDGETS, meta["name"], why)
    if allowed == 0:
        desired, current = status.get("desiredHealthy") or 0, status.get("currentHealthy") or 0
        raise _too_many(
            f"The disruption budget {meta['name']} needs {desired} healthy pods and has {current} currently", 0
        )
    status["disruptionsAllowed"] = allowed - 1
    status["disruptedPods"] = {**disrupted, pod_name: now}
    if allowed == 1:
        _exhausted(status, meta.get("generation") or 0, now)


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


def _too_many(text: str, seconds: int) -> TooManyRequests:
    details: Obj = {"causes": [{"reason": "DisruptionBudget", "message": text}]}
    if not seconds:
        return TooManyRequests(_REFUSED, details)
    return TooManyRequests.retry_after(_REFUSED, seconds, details)
