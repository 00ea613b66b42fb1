"""Creates the claims that Pods describe in their volumes.

A claim of that name which is not the Pod's is left alone: the Pod waits for somebody to remove it.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.podclaims import claim_name, is_made_for, not_made_for
from wherry.api.types.core_v1 import PersistentVolumeClaim, Pod, Volume
from wherry.client import Informer, Key
from wherry.controllers.core.persistentvolume.indexes import BY_CLAIM, index_by_claim
from wherry.controllers.documents import plain
from wherry.controllers.ownership import controller_reference, key_of
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


class State(Struct, frozen=True):
    pods: Informer[Pod]
    claims: Informer[PersistentVolumeClaim]


def start(deps: Deps) -> State:
    client = deps.client
    state = State(client.informer(PODS, Pod), client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim))
    index_by_claim(state.pods)
    return state


async def reconcile(key: Key, deps: Deps) -> Result:
    pod = deps.state.pods.get(key)
    if pod is None or pod.metadata.deletion_timestamp is not None:
        return DONE
    for volume in pod.spec.volumes:
        if volume.ephemeral is None:
            continue
        claim = deps.state.claims.get(Key(pod.metadata.namespace, claim_name(pod, volume)))
        if claim is None:
            await _create(pod, volume, deps)
        elif not is_made_for(claim, pod):
            _complain(pod, volume, not_made_for(claim, pod), deps)
            break
    return DONE


async def _create(pod: Pod, volume: Volume, deps: Deps) -> None:
    try:
        await deps.client.create(PERSISTENTVOLUMECLAIMS, claim_for(pod, volume), pod.metadata.namespace)
    except errors.ApiError as error:
        _complain(pod, volume, f"create PVC {claim_name(pod, volume)}: {error.message}", deps)
        raise


def _complain(pod: Pod, volume: Volume, why: str, deps: Deps) -> None:
    deps.events.event(pod, "Warning", "FailedBinding", f"ephemeral volume {volume.name}: {why}")


def claim_for(pod: Pod, volume: Volume) -> Obj:
    """The claim that one volume of the Pod describes."""
    source = volume.ephemeral
    template = plain(source.volume_claim_template if source is not None else None)
    given = template.get("metadata") or {}
    metadata: Obj = {
        "name": claim_name(pod, volume),
        "ownerReferences": [controller_reference(PODS, pod.metadata)],
    }
    for name in ("annotations", "labels"):
        if given.get(name):
            metadata[name] = given[name]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        "spec": template.get("spec") or {},
    }


def _pod_changed(old: Pod | None, new: Pod | None, _: Deps) -> Iterable[Key]:
    """A Pod's volumes never change, so one look at it is enough."""
    return (key_of(new.metadata),) if old is None and new is not None and _has_ephemeral(new) else ()


def _claim_changed(old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None, deps: Deps) -> Iterable[Key]:
    """A claim is gone: its Pod wants it again, or another Pod its place."""
    if new is not None or old is None:
        return ()
    path = f"{old.metadata.namespace}/{old.metadata.name}"
    return [key_of(pod.metadata) for pod in deps.state.pods.by_index(BY_CLAIM, path) if _has_ephemeral(pod)]


def _has_ephemeral(pod: Pod) -> bool:
    return any(volume.ephemeral is not None for volume in pod.spec.volumes)


CONTROLLER = Controller(
    name="ephemeral-volume-controller",
    component="ephemeral_volume",
    reconciles=PODS,
    view=Pod,
    reconcile=reconcile,
    reads=(
        Watch(PODS, Pod, _pod_changed),
        Watch(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim, _claim_changed),
    ),
    writes=("persistentvolumeclaims[of Pods]",),
    start=start,
    hears_own=False,
)
