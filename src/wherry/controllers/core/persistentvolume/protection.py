"""A volume that is bound outlives its deletion: the finalizer goes once its claim has gone."""

from __future__ import annotations

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.types.core_v1 import PersistentVolume
from wherry.client import Informer, Key
from wherry.controllers.finalizers import add_finalizer, remove_finalizer
from wherry.reconcile.controller import DONE, Controller, Deps, Result

FINALIZER = "kubernetes.io/pv-protection"


def start(deps: Deps) -> Informer[PersistentVolume]:
    return deps.client.informer(PERSISTENTVOLUMES, PersistentVolume)


async def reconcile(key: Key, deps: Deps) -> Result:
    volume: PersistentVolume | None = deps.state.get(key)
    if volume is None:
        return DONE
    meta = volume.metadata
    is_protected = FINALIZER in meta.finalizers
    if meta.deletion_timestamp is None:
        if not is_protected:
            await add_finalizer(deps.client, PERSISTENTVOLUMES, meta, FINALIZER)
    elif is_protected and volume.status.phase != "Bound":
        await remove_finalizer(deps.client, PERSISTENTVOLUMES, meta, FINALIZER)
    return DONE


CONTROLLER = Controller(
    name="persistentvolume-protection-controller",
    reconciles=PERSISTENTVOLUMES,
    view=PersistentVolume,
    reconcile=reconcile,
    writes=("persistentvolumes/metadata.finalizers[protection]",),
    start=start,
)
