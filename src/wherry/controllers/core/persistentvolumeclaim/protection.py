"""A claim in use outlives its deletion: the finalizer goes once no Pod on a node uses the claim.

Pods that have finished count as well, as upstream has it: their containers may be looked into. Pods without a node do
not: they wait for a claim of that name in vain anyway, and no kubelet starts a Pod whose claim is being deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.podclaims import claim_name, claim_names, is_made_for
from wherry.api.types.core_v1 import PersistentVolumeClaim, Pod
from wherry.client import Informer, Key
from wherry.controllers.core.persistentvolume.indexes import BY_CLAIM, index_by_claim
from wherry.controllers.finalizers import add_finalizer, remove_finalizer
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

FINALIZER = "kubernetes.io/pvc-protection"


@dataclass(frozen=True, slots=True)
class State:
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
    if meta.deletion_timestamp is None:
        if not is_protected:
            await add_finalizer(deps.client, PERSISTENTVOLUMECLAIMS, meta, FINALIZER)
    elif is_protected and not is_in_use(claim, state.pods.by_index(BY_CLAIM, str(key))):
        await remove_finalizer(deps.client, PERSISTENTVOLUMECLAIMS, meta, FINALIZER)
    return DONE


def is_in_use(claim: PersistentVolumeClaim, pods: Iterable[Pod]) -> bool:
    """Whether one of the Pods, which all name the claim, has a node and means this very claim."""
    return any(pod.spec.node_name and _means(pod, claim) for pod in pods)


def _means(pod: Pod, claim: PersistentVolumeClaim) -> bool:
    return any(
        claim_name(pod, volume) == claim.metadata.name and (volume.ephemeral is None or is_made_for(claim, pod))
        for volume in pod.spec.volumes
    )


def _pod_changed(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """Claims of a Pod that is gone, as far as they wait for that."""
    if new is not None or old is None or not old.spec.volumes:
        return ()
    claims: Informer[PersistentVolumeClaim] = deps.state.claims
    keys = [Key(old.metadata.namespace, name) for name in claim_names(old)]
    found = [(key, claims.get(key)) for key in keys]
    return [key for key, claim in found if claim is not None and claim.metadata.deletion_timestamp is not None]


CONTROLLER = Controller(
    name="persistentvolumeclaim-protection-controller",
    reconciles=PERSISTENTVOLUMECLAIMS,
    view=PersistentVolumeClaim,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, _pod_changed),),
    writes=("persistentvolumeclaims/metadata.finalizers[protection]",),
    start=start,
)
