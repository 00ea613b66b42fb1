"""A claim in use outlives its deletion: the finalizer goes once no Pod on a node uses the claim.

Pods that have finished count as well, as upstream has it: their containers may be looked into. Pods without a node do
not: they wait for a claim of that name in vain anyway, and no kubelet starts a Pod whose claim is being deleted.

The condition `Unused` of a bound claim counts otherwise: who waits for a node wants the claim, who has finished does
not. Its transition time tells since when nobody does. (KEP-5541)
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from wherry.api import Obj
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.podclaims import claim_name, claim_names, is_made_for
from wherry.api.features import Gate
from wherry.api.types.core_v1 import PersistentVolumeClaim, Pod
from wherry.client import Informer, Key
from wherry.controllers.conditions import find, placed
from wherry.controllers.core.persistentvolume.indexes import BY_CLAIM, index_by_claim
from wherry.controllers.documents import plain
from wherry.controllers.finalizers import add_finalizer, remove_finalizer
from wherry.controllers.podstate import may_use_volumes
from wherry.lib.clock import format_time
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

FINALIZER = "kubernetes.io/pvc-protection"
UNUSED = "Unused"
_USED = "PodUsingPVC", "At least one pod is currently referencing this PVC"
_NOT_USED = "NoPodsUsingPVC", "No pods are currently referencing this PVC"


class State(Struct, frozen=True):
    claims: Informer[PersistentVolumeClaim]
    pods: Informer[Pod]


def start(deps: Deps) -> State:
    state = State(deps.client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim), deps.client.informer(PODS, Pod))
    index_by_claim(state.pods)
    return state


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    claim = state.claims.get(key)
    if claim is None:
        return DONE
    meta = claim.metadata
    is_protected = FINALIZER in meta.finalizers
    pods = tuple(state.pods.by_index(BY_CLAIM, str(key)))
    if meta.deletion_timestamp is None:
        if not is_protected:
            await add_finalizer(deps.client, PERSISTENTVOLUMECLAIMS, meta, FINALIZER)
        elif claim.status.phase == "Bound" and deps.features.has(Gate.CLAIM_UNUSED_SINCE_TIME):
            await _show_use(claim, pods, deps)
    elif is_protected and not is_in_use(claim, pods):
        await remove_finalizer(deps.client, PERSISTENTVOLUMECLAIMS, meta, FINALIZER)
    return DONE


async def _show_use(claim: PersistentVolumeClaim, pods: Iterable[Pod], deps: Deps) -> None:
    condition = unused_condition(any(may_use_volumes(pod) and _means(pod, claim) for pod in pods), deps.clock.time())
    meta, before = claim.metadata, plain(claim.status).get("conditions") or []
    current = find(before, UNUSED)
    if current is None or current["status"] != condition["status"]:
        patch: Obj = {
            "metadata": {"resourceVersion": meta.resource_version},
            "status": {"conditions": placed(before, condition)},
        }
        await deps.client.patch(PERSISTENTVOLUMECLAIMS, meta.name, patch, meta.namespace, subresource="status")


def unused_condition(is_wanted: bool, now: float) -> Obj:
    reason, message = _USED if is_wanted else _NOT_USED
    status = "False" if is_wanted else "True"
    return {
        "type": UNUSED,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": format_time(now),
    }


def is_in_use(claim: PersistentVolumeClaim, pods: Iterable[Pod]) -> bool:
    """Whether one of the Pods, which all name the claim, has a node and means this very claim."""
    return any(pod.spec.node_name and _means(pod, claim) for pod in pods)


def _means(pod: Pod, claim: PersistentVolumeClaim) -> bool:
    return any(
        claim_name(pod, volume) == claim.metadata.name and (volume.ephemeral is None or is_made_for(claim, pod))
        for volume in pod.spec.volumes
    )


def _pod_changed(old: Pod | None, new: Pod | None, _: Deps) -> Iterable[Key]:
    """Claims of a Pod that came, finished or went."""
    pod = new if new is not None else old
    if pod is None or not pod.spec.volumes:
        return ()
    names = claim_names(pod)
    if not names or (old is not None and new is not None and may_use_volumes(old) == may_use_volumes(new)):
        return ()
    return [Key(pod.metadata.namespace, name) for name in names]


CONTROLLER = Controller(
    name="persistentvolumeclaim-protection-controller",
    reconciles=PERSISTENTVOLUMECLAIMS,
    view=PersistentVolumeClaim,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, _pod_changed),),
    writes=(
        "persistentvolumeclaims/metadata.finalizers[protection]",
        "persistentvolumeclaims/status.conditions[Unused]",
    ),
    start=start,
)
