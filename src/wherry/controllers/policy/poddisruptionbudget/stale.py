"""Takes back the announcement of a Pod's disruption when the Pod is still there two minutes later."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import Obj, errors
from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.client import Key
from wherry.controllers.conditions import find, without
from wherry.controllers.documents import plain
from wherry.controllers.ownership import key_of
from wherry.controllers.policy.poddisruptionbudget.plan import stale_in
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

_CONDITION = "DisruptionTarget"


async def reconcile(key: Key, deps: Deps) -> Result:
    pod = deps.client.informer(PODS, Pod).get(key)
    left = stale_in(pod, deps.clock.time()) if pod is not None else None
    if pod is None or left is None:
        return DONE
    if left > 0:
        return Result(left)
    before: list[Obj] = plain(pod.status).get("conditions", [])
    denied: Obj = {
        "type": _CONDITION,
        "status": "False",
        "lastTransitionTime": format_time(deps.clock.time()),
        "observedGeneration": pod.metadata.generation,
    }
    announced = find(before, _CONDITION)
    where = before.index(announced) if announced is not None else len(before)
    after = without(before, _CONDITION)
    after.insert(where, denied)
    metadata = pod.metadata
    patch = {
        "metadata": {"uid": metadata.uid, "resourceVersion": metadata.resource_version},
        "status": {"conditions": after},
    }
    try:
        await deps.client.patch(PODS, metadata.name, patch, metadata.namespace, subresource="status")
    except errors.NotFound:
        return DONE
    return DONE


def _of_pod(_: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """Most Pods have nothing announced."""
    if new is not None and stale_in(new, deps.clock.time()) is not None:
        yield key_of(new.metadata)


CONTROLLER = Controller(
    name="stale-pod-disruption-controller",
    reconciles=PODS,
    view=Pod,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, _of_pod),),
    writes=("pods/status.conditions[DisruptionTarget]",),
    workers=1,
    component="controllermanager",
    hears_own=False,
)
