"""Counts the Pods of each budget whenever one of them changes."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.core.pod import PODS
from wherry.api.policy.poddisruptionbudget import PODDISRUPTIONBUDGETS
from wherry.api.types.core_v1 import Pod
from wherry.api.types.policy_v1 import PodDisruptionBudget
from wherry.client import Informer, Key
from wherry.controllers.documents import plain, status_patch
from wherry.controllers.policy.poddisruptionbudget.members import Member, Membership
from wherry.controllers.policy.poddisruptionbudget.plan import (
    Assessment,
    Demand,
    asks_for_scale,
    assess,
    demand,
    failed,
)
from wherry.controllers.policy.poddisruptionbudget.scales import Uncountable, wanted_by_controllers
from wherry.controllers.selectors import describe
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

_UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of "
    "the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please "
    'set ".spec.minAvailable" field of the PDB to an integer value.'
)


class State(Struct, frozen=True):
    budgets: Informer[PodDisruptionBudget]
    pods: Informer[Pod]
    membership: Membership


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    return State(deps.client.informer(PODDISRUPTIONBUDGETS, PodDisruptionBudget), pods, Membership(pods))


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    budget = state.budgets.get(key)
    if budget is None:
        state.membership.forget(key)
        return DONE
    pods = list(state.membership.of(budget))
    if not pods:
        deps.events.event(budget, "Normal", "NoPods", "No matching pods found")
    try:
        wants = await _demand(budget, pods, deps)
    except (Uncountable, ValueError, errors.ApiError) as why:
        if isinstance(why, errors.Conflict):
            raise
        message = f"Failed to calculate the number of expected pods: {why}"
        deps.events.event(budget, "Warning", "CalculateExpectedPodCountFailed", message)
        await _write(budget, failed(budget, str(why), deps.clock.time()), deps)
        return DONE
    found = assess(budget, pods, wants, deps.clock.time())
    await _write(budget, found.status, deps)
    _report(budget, found, deps)
    return Result(found.look_again)


async def _demand(budget: PodDisruptionBudget, pods: list[Member], deps: Deps) -> Demand:
    if not asks_for_scale(budget):
        return demand(budget, len(pods), 0)
    wanted, has_unmanaged = await wanted_by_controllers(deps.client, budget.metadata.namespace, pods)
    if has_unmanaged:
        deps.events.event(budget, "Warning", "UnmanagedPods", _UNMANAGED.format(describe(budget.spec.selector)))
    return demand(budget, len(pods), wanted)


def _report(budget: PodDisruptionBudget, found: Assessment, deps: Deps) -> None:
    namespace = budget.metadata.namespace
    for name in found.survivors:
        pod = deps.state.pods.get(Key(namespace, name))
        message = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
        if pod is not None:
            deps.events.event(pod, "Warning", "NotDeleted", message)


async def _write(budget: PodDisruptionBudget, status: Obj, deps: Deps) -> None:
    """The resource version keeps an eviction that was allowed meanwhile from being forgotten."""
    metadata = budget.metadata
    patch = status_patch(plain(budget.status), status, metadata.resource_version)
    if patch is not None:
        await deps.client.patch(PODDISRUPTIONBUDGETS, metadata.name, patch, metadata.namespace, subresource="status")


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """The budgets that count differently now."""
    state: State = deps.state
    keys = state.membership.hear(old, new)
    if keys and new is not None and len(names := state.membership.selecting(new)) > 1:
        message = (
            f'Pod "{new.metadata.namespace}"/"{new.metadata.name}" matches multiple PodDisruptionBudgets.  '
            f'Chose "{min(names)}" arbitrarily.'
        )
        deps.events.event(new, "Warning", "MultiplePodDisruptionBudgets", message)
    return keys


CONTROLLER = Controller(
    name="disruption-controller",
    reconciles=PODDISRUPTIONBUDGETS,
    view=PodDisruptionBudget,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, _of_pod),),
    writes=("poddisruptionbudgets.policy/status",),
    start=start,
    workers=1,
    component="controllermanager",
)
