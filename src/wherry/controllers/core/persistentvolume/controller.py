"""Acts on the plans of claims and volumes.

One queue for both, since both sides of a binding are written together: the key of a volume has no namespace.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from wherry.api import Obj, errors
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.podclaims import claim_paths
from wherry.api.core.volumematching import (
    BETA_PROVISIONER,
    PROVISIONER,
    by_name,
    class_of,
    default_class,
    has_class,
    is_default,
    is_fully_bound,
)
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Pod
from wherry.api.types.decoding import convert
from wherry.api.types.storage_v1 import StorageClass
from wherry.client import Informer, Key
from wherry.controllers.core.persistentvolume.indexes import (
    BY_CLAIM,
    BY_VOLUME,
    FREE,
    UNBOUND,
    index_by_claim,
    index_claims,
    index_volumes,
)
from wherry.controllers.core.persistentvolume.plan.claim import (
    AssignClass,
    Bind,
    Lose,
    Provision,
    Refuse,
    Scene,
    Wait,
    external_provisioning,
    plan_claim,
)
from wherry.controllers.core.persistentvolume.plan.volume import (
    IN_TREE_FINALIZER,
    AskClaim,
    Delete,
    Fail,
    Mismatch,
    Reclaim,
    Recycle,
    Show,
    Unbind,
    finalizers,
    plan_volume,
)
from wherry.controllers.core.persistentvolume.recycling import recycle, recycled_by
from wherry.controllers.core.persistentvolume.writing import (
    annotate,
    bind,
    set_claim_phase,
    set_volume_phase,
    unbind,
    write_finalizers,
)
from wherry.controllers.notes import Note
from wherry.controllers.ownership import key_of
from wherry.controllers.podstate import condition, is_finished
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


class State(Struct, frozen=True):
    volumes: Informer[PersistentVolume]
    claims: Informer[PersistentVolumeClaim]
    classes: Informer[StorageClass]
    pods: Informer[Pod]
    failures: dict[str, float] = field(default_factory=dict)
    """When recycling failed last, by the volume's name."""


def start(deps: Deps) -> State:
    client = deps.client
    state = State(
        client.informer(PERSISTENTVOLUMES, PersistentVolume),
        client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim),
        client.informer(STORAGECLASSES, StorageClass),
        client.informer(PODS, Pod),
    )
    index_volumes(state.volumes)
    index_claims(state.claims)
    index_by_claim(state.pods)
    return state


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    if not key.namespace:
        volume = state.volumes.get(key)
        if volume is None:
            state.failures.pop(key.name, None)
            return DONE
        return await _sync_volume(volume, deps)
    claim = state.claims.get(key)
    if claim is not None:
        await _sync_claim(claim, deps)
    return DONE


async def _sync_claim(claim: PersistentVolumeClaim, deps: Deps) -> None:
    decision = plan_claim(claim, _scene(claim, deps.state))
    match decision:
        case Bind(volume):
            await bind(deps.client, volume, claim)
        case AssignClass(name):
            patch: Obj = {"metadata": _version(claim), "spec": {"storageClassName": name}}
            await deps.client.patch(PERSISTENTVOLUMECLAIMS, claim.metadata.name, patch, claim.metadata.namespace)
        case Provision(provisioner):
            await annotate(deps.client, claim, {BETA_PROVISIONER: provisioner, PROVISIONER: provisioner})
            _note(deps, claim, external_provisioning(provisioner))
        case Wait(note):
            if note is not None:
                _note(deps, claim, note)
            await set_claim_phase(deps.client, claim, "Pending", None)
        case Refuse(note):
            _note(deps, claim, note)
        case Lose(note):
            if claim.status.phase != "Lost":
                await set_claim_phase(deps.client, claim, "Lost", None)
                _note(deps, claim, note)


def _scene(claim: PersistentVolumeClaim, state: State) -> Scene:
    meta = claim.metadata
    if claim.spec.volume_name:
        return Scene(volume=state.volumes.get(Key("", claim.spec.volume_name)))
    name, path = class_of(claim), f"{meta.namespace}/{meta.name}"
    chosen = default_class(state.classes.list()) if not has_class(claim) else None
    found = (*state.volumes.by_index(BY_CLAIM, path), *state.volumes.by_index(FREE, name))
    return Scene(
        candidates=by_name(found),
        storage_class=state.classes.get(Key("", name)) if name else None,
        default_class=chosen.metadata.name if chosen is not None else "",
        waiting_pods=sorted(p.metadata.name for p in state.pods.by_index(BY_CLAIM, path) if not p.spec.node_name),
    )


async def _sync_volume(volume: PersistentVolume, deps: Deps) -> Result:
    wanted = finalizers(volume)
    if wanted != volume.metadata.finalizers:
        volume = await write_finalizers(deps.client, volume, wanted)
    claim = await _find_claim(volume, deps)
    match plan_volume(volume, claim):
        case Show(phase):
            await set_volume_phase(deps.client, volume, phase)
        case AskClaim():
            if claim is not None:
                deps.enqueue(key_of(claim.metadata))
        case Mismatch(on_volume, on_claim):
            _note(deps, volume, on_volume)
            _note(deps, claim, on_claim)
        case Unbind(drops_reservation):
            await unbind(deps.client, volume, drops_reservation=drops_reservation)
        case Reclaim(then):
            return await _reclaim(volume, then, deps)
    return DONE


async def _find_claim(volume: PersistentVolume, deps: Deps) -> PersistentVolumeClaim | None:
    """The very claim that the volume is bound to. That it is gone is believed only if the API itself says so."""
    reference = volume.spec.claim_ref
    if reference is None or not reference.uid:
        return None
    key = Key(reference.namespace or "", reference.name or "")
    claim = deps.state.claims.get(key)
    if claim is not None and claim.metadata.uid == reference.uid:
        found: PersistentVolumeClaim = claim
        return found
    if volume.status.phase in ("Released", "Failed"):
        return None
    try:
        asked = convert(PersistentVolumeClaim, await deps.client.get(PERSISTENTVOLUMECLAIMS, key.name, key.namespace))
    except errors.NotFound:
        return None
    return asked if asked.metadata.uid == reference.uid else None


async def _reclaim(volume: PersistentVolume, then: Any, deps: Deps) -> Result:
    if volume.status.phase not in ("Released", "Failed"):
        volume = await set_volume_phase(deps.client, volume, "Released")
    match then:
        case Delete():
            await _delete(volume, deps)
        case Fail(note):
            if volume.status.phase != "Failed":
                volume = await set_volume_phase(deps.client, volume, "Failed", note.message)
                _note(deps, volume, note)
        case Recycle():
            return await recycle(volume, deps)
    return DONE


async def _delete(volume: PersistentVolume, deps: Deps) -> None:
    meta = volume.metadata
    try:
        if meta.deletion_timestamp is None:
            await deps.client.delete(PERSISTENTVOLUMES, meta.name, uid=meta.uid)
        if IN_TREE_FINALIZER in meta.finalizers:
            kept = tuple(name for name in meta.finalizers if name != IN_TREE_FINALIZER)
            await write_finalizers(deps.client, volume, kept, checks_version=False)
    except errors.NotFound:
        return


def _note(deps: Deps, about: Any, note: Note) -> None:
    deps.events.event(about, note.type, note.reason, note.message)


def _version(obj: PersistentVolumeClaim) -> Obj:
    return {"resourceVersion": obj.metadata.resource_version}


def _claim_changed(old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None, deps: Deps) -> Iterable[Key]:
    """Volumes that name the claim look whether it still names them, once that can have changed."""
    if old is None or (new is not None and old.spec.volume_name == new.spec.volume_name):
        return ()
    path = f"{old.metadata.namespace}/{old.metadata.name}"
    return [key_of(volume.metadata) for volume in deps.state.volumes.by_index(BY_CLAIM, path)]


def _volume_changed(old: PersistentVolume | None, new: PersistentVolume | None, deps: Deps) -> Iterable[Key]:
    """The volume itself, the claims that are concerned, and those that might want it."""
    view = new if new is not None else old
    if view is None:
        return []
    keys = [] if new is None else [key_of(new.metadata)]
    if old is not None and new is not None and old.spec == new.spec:
        return keys
    for seen in (old, new):
        if seen is not None and (reference := seen.spec.claim_ref) is not None:
            keys.append(Key(reference.namespace or "", reference.name or ""))
    state: State = deps.state
    keys += [key_of(claim.metadata) for claim in state.claims.by_index(BY_VOLUME, view.metadata.name)]
    if new is not None and new.spec.claim_ref is None:
        keys += [key_of(claim.metadata) for claim in state.claims.by_index(UNBOUND, class_of(new))]
    return keys


def _class_changed(old: StorageClass | None, new: StorageClass | None, deps: Deps) -> Iterable[Key]:
    """Claims that wait for a volume of the class; those without a class too, when it is the default one."""
    if new is None:
        return []
    claims = deps.state.claims
    found = [*claims.by_index(UNBOUND, new.metadata.name)]
    if is_default(new) and (old is None or not is_default(old)):
        found += [claim for claim in claims.by_index(UNBOUND, "") if not has_class(claim)]
    return [key_of(claim.metadata) for claim in found]


def _pod_changed(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """A Pod was found to fit nowhere: its claims can say that they wait for it. Or a recycler has ended, or is gone."""
    pod = new or old
    if pod is not None and (recycled := recycled_by(pod)):
        return (Key("", recycled),) if new is None or is_finished(new) else ()
    if new is None or not new.spec.volumes or new.spec.node_name:
        return ()
    said = condition(new, "PodScheduled")
    if said is None or said.status != "False" or (old is not None and condition(old, "PodScheduled") is not None):
        return ()
    keys = [Key(*path.split("/", 1)) for path in claim_paths(new)]
    found = [(key, deps.state.claims.get(key)) for key in keys]
    return [key for key, claim in found if claim is not None and not is_fully_bound(claim)]


CONTROLLER = Controller(
    name="persistentvolume-binder-controller",
    component="persistentvolume-controller",
    reconciles=PERSISTENTVOLUMECLAIMS,
    view=PersistentVolumeClaim,
    reconcile=reconcile,
    reads=(
        Watch(PERSISTENTVOLUMES, PersistentVolume, _volume_changed),
        Watch(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim, _claim_changed),
        Watch(STORAGECLASSES, StorageClass, _class_changed),
        Watch(PODS, Pod, _pod_changed),
    ),
    writes=(
        "persistentvolumeclaims/spec.volumeName",
        "persistentvolumeclaims/status.phase",
        "persistentvolumes/spec.claimRef",
        "persistentvolumes/status",
        "pods[recycler]",
    ),
    start=start,
    workers=1,
)
