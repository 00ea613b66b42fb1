"""A class of attributes that is in use outlives its deletion.

In use means: a volume has it, or a claim wants it, has it, or is on its way to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.storage.volumeattributesclass import VOLUMEATTRIBUTESCLASSES
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.storage_v1 import VolumeAttributesClass
from wherry.client import Informer, Key
from wherry.controllers.finalizers import add_finalizer, remove_finalizer
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

FINALIZER = "kubernetes.io/vac-protection"
BY_CLASS = "attributes class"


class State(Struct, frozen=True):
    classes: Informer[VolumeAttributesClass]
    claims: Informer[PersistentVolumeClaim]
    volumes: Informer[PersistentVolume]


def start(deps: Deps) -> State:
    client = deps.client
    state = State(
        client.informer(VOLUMEATTRIBUTESCLASSES, VolumeAttributesClass),
        client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim),
        client.informer(PERSISTENTVOLUMES, PersistentVolume),
    )
    state.claims.add_index(BY_CLASS, _classes_of_claim)
    state.volumes.add_index(BY_CLASS, _classes_of_volume)
    return state


def _classes_of_claim(claim: PersistentVolumeClaim) -> tuple[str, ...]:
    status = claim.status
    target = status.modify_volume_status.target_volume_attributes_class_name if status.modify_volume_status else None
    named = (claim.spec.volume_attributes_class_name, status.current_volume_attributes_class_name, target)
    return tuple(dict.fromkeys(name for name in named if name))


def _classes_of_volume(volume: PersistentVolume) -> tuple[str, ...]:
    return (volume.spec.volume_attributes_class_name,) if volume.spec.volume_attributes_class_name else ()


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    found = state.classes.get(key)
    if found is None:
        return DONE
    meta = found.metadata
    is_protected = FINALIZER in meta.finalizers
    if meta.deletion_timestamp is None:
        if not is_protected:
            await add_finalizer(deps.client, VOLUMEATTRIBUTESCLASSES, meta, FINALIZER)
    elif is_protected and not _is_in_use(meta.name, state):
        await remove_finalizer(deps.client, VOLUMEATTRIBUTESCLASSES, meta, FINALIZER)
    return DONE


def _is_in_use(name: str, state: State) -> bool:
    claims, volumes = state.claims.by_index(BY_CLASS, name), state.volumes.by_index(BY_CLASS, name)
    return any(True for _ in claims) or any(True for _ in volumes)


def _claim_changed(old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None, _: Deps) -> Iterable[Key]:
    """The classes that the claim has let go of."""
    return _lost(_classes_of_claim(old) if old is not None else (), _classes_of_claim(new) if new is not None else ())


def _volume_changed(old: PersistentVolume | None, new: PersistentVolume | None, _: Deps) -> Iterable[Key]:
    return _lost(_classes_of_volume(old) if old is not None else (), _classes_of_volume(new) if new is not None else ())


def _lost(before: tuple[str, ...], now: tuple[str, ...]) -> list[Key]:
    return [Key("", name) for name in before if name not in now]


CONTROLLER = Controller(
    name="volumeattributesclass-protection-controller",
    reconciles=VOLUMEATTRIBUTESCLASSES,
    view=VolumeAttributesClass,
    reconcile=reconcile,
    reads=(
        Watch(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim, _claim_changed),
        Watch(PERSISTENTVOLUMES, PersistentVolume, _volume_changed),
    ),
    writes=("volumeattributesclasses.storage.k8s.io/metadata.finalizers[protection]",),
    start=start,
)
