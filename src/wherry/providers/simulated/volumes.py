"""Volumes out of nothing: what stands where a cluster has a CSI driver with its provisioner and resizer.

A claim of the class `standard` is bound a moment later (or after `delay` seconds), grows when it is told to, and its
volume goes with it. There is nothing behind such a volume: simulated Pods need no files. What is written is what
upstream's external-provisioner and external-resizer write, so that binder, scheduler and people see no difference.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.volumematching import (
    BETA_PROVISIONER,
    PROVISIONED_BY,
    PROVISIONER,
    SELECTED_NODE,
    capacity,
    class_of,
    is_fully_bound,
    requested,
    versioned,
    waits_for_consumer,
)
from wherry.api.meta.quantity import parse_quantity
from wherry.api.resource import Resource
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.storage_v1 import StorageClass
from wherry.client import Client, Informer, Key
from wherry.lib.clock import Clock
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops

DRIVER = "simulated.wherry.dev"
CLASS = "standard"
FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"


class Provisioner:
    """At work from `start` to `close`."""

    def __init__(self, client: Client, clock: Clock, chance: random.Random, delay: float) -> None:
        self._client = client
        self._recorder = Recorder(client, clock, DRIVER)
        self._loops = Loops([_controller(delay)], client, clock, chance, self._recorder)

    async def start(self) -> None:
        """Offer the class, unless there is one of its name, and serve the claims there are."""
        for resource, obj in ((CSIDRIVERS, _DRIVER), (STORAGECLASSES, _CLASS)):
            try:
                await self._client.create(resource, obj)
            except errors.AlreadyExists:
                continue
        await self._loops.start()

    async def close(self) -> None:
        """Stop; classes, claims and volumes stay."""
        await self._loops.stop()
        await self._recorder.close()


def provisioner(client: Client, clock: Clock, chance: random.Random, delay: float = 0.0) -> Provisioner:
    """Makes volumes for claims of the class `standard`, each `delay` seconds after it is wanted."""
    return Provisioner(client, clock, chance, delay)


_DRIVER: Obj = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "CSIDriver",
    "metadata": {"name": DRIVER},
    "spec": {"attachRequired": False},
}
_CLASS: Obj = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": DRIVER,
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "Immediate",
    "allowVolumeExpansion": True,
}


class _State(Struct, frozen=True):
    claims: Informer[PersistentVolumeClaim]
    volumes: Informer[PersistentVolume]
    classes: Informer[StorageClass]
    delay: float


def _controller(delay: float) -> Controller:
    def start(deps: Deps) -> _State:
        client = deps.client
        return _State(
            client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim),
            client.informer(PERSISTENTVOLUMES, PersistentVolume),
            client.informer(STORAGECLASSES, StorageClass),
            delay,
        )

    return Controller(
        name="simulated-provisioner",
        component=DRIVER,
        reconciles=PERSISTENTVOLUMECLAIMS,
        view=PersistentVolumeClaim,
        reconcile=_reconcile,
        reads=(Watch(PERSISTENTVOLUMES, PersistentVolume, _volume_changed),),
        start=start,
    )


def _volume_changed(old: PersistentVolume | None, new: PersistentVolume | None, _: Deps) -> Iterable[Key]:
    """Ours, once its claim is gone. The key of a volume has no namespace."""
    if new is None or new.metadata.annotations.get(PROVISIONED_BY) != DRIVER:
        return ()
    return (Key("", new.metadata.name),) if new.status.phase in ("Released", "Failed") else ()


async def _reconcile(key: Key, deps: Deps) -> Result:
    state: _State = deps.state
    if not key.namespace:
        await _reclaim(state.volumes.get(key), deps)
        return DONE
    claim = state.claims.get(key)
    if claim is None or claim.metadata.deletion_timestamp is not None:
        return DONE
    if is_fully_bound(claim):
        await _resize(claim, deps)
        return DONE
    storage_class = state.classes.get(Key("", class_of(claim)))
    if storage_class is None or not _is_wanted(claim, storage_class):
        return DONE
    asked_at = claim.metadata.creation_timestamp
    left = state.delay - (deps.clock.time() - asked_at.timestamp()) if asked_at is not None else 0.0
    if state.delay and left > 0:
        return Result(left)
    await _provision(claim, storage_class, deps)
    return DONE


def _is_wanted(claim: PersistentVolumeClaim, storage_class: StorageClass) -> bool:
    annotations = claim.metadata.annotations
    if claim.spec.volume_name or DRIVER not in (annotations.get(PROVISIONER), annotations.get(BETA_PROVISIONER)):
        return False
    return not waits_for_consumer(storage_class) or SELECTED_NODE in annotations


async def _provision(claim: PersistentVolumeClaim, storage_class: StorageClass, deps: Deps) -> None:
    meta = claim.metadata
    volume = volume_for(claim, storage_class)
    name = volume["metadata"]["name"]
    if deps.state.volumes.get(Key("", name)) is not None:
        return
    said = f'External provisioner is provisioning volume for claim "{meta.namespace}/{meta.name}"'
    deps.events.event(claim, "Normal", "Provisioning", said)
    try:
        await deps.client.create(PERSISTENTVOLUMES, volume)
    except errors.AlreadyExists:
        return
    deps.events.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}")


def volume_for(claim: PersistentVolumeClaim, storage_class: StorageClass) -> Obj:
    """The volume that the claim gets: of just the size it asks for, and bound to it from the start."""
    meta, spec = claim.metadata, claim.spec
    name = f"pvc-{meta.uid}"
    asked = spec.resources.requests.get("storage", "0") if spec.resources is not None else "0"
    wanted: Obj = {
        "accessModes": list(spec.access_modes),
        "capacity": {"storage": asked},
        "claimRef": {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": meta.namespace,
            "name": meta.name,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        },
        "csi": {"driver": DRIVER, "volumeHandle": name},
        "persistentVolumeReclaimPolicy": storage_class.reclaim_policy or "Delete",
        "storageClassName": storage_class.metadata.name,
        "volumeMode": spec.volume_mode or "Filesystem",
    }
    if storage_class.mount_options:
        wanted["mountOptions"] = list(storage_class.mount_options)
    if spec.volume_attributes_class_name:
        wanted["volumeAttributesClassName"] = spec.volume_attributes_class_name
    metadata: Obj = {"name": name, "annotations": {PROVISIONED_BY: DRIVER}}
    if storage_class.reclaim_policy != "Retain":
        metadata["finalizers"] = [FINALIZER]
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": wanted}


async def _reclaim(volume: PersistentVolume | None, deps: Deps) -> None:
    """Delete a volume whose claim is gone, if that is its policy, and let the object go."""
    if volume is None or volume.spec.persistent_volume_reclaim_policy != "Delete":
        return
    meta = volume.metadata
    try:
        if meta.deletion_timestamp is None:
            await deps.client.delete(PERSISTENTVOLUMES, meta.name, uid=meta.uid)
        if FINALIZER in meta.finalizers:
            shown = await deps.client.get(PERSISTENTVOLUMES, meta.name)
            left = [name for name in shown["metadata"].get("finalizers") or () if name != FINALIZER]
            patch = versioned({"metadata": {"finalizers": left or None}}, shown["metadata"]["resourceVersion"])
            await deps.client.patch(PERSISTENTVOLUMES, meta.name, patch)
    except errors.NotFound:
        return


async def _resize(claim: PersistentVolumeClaim, deps: Deps) -> None:
    """Have volume and claim be as large as the claim asks, in the steps of the resizer."""
    volume = deps.state.volumes.get(Key("", claim.spec.volume_name or ""))
    if volume is None or volume.spec.csi is None or volume.spec.csi.driver != DRIVER:
        return
    wanted = requested(claim)
    if parse_quantity(claim.status.capacity.get("storage", "0")) >= wanted or claim.status.phase != "Bound":
        return
    asked = claim.spec.resources.requests["storage"] if claim.spec.resources is not None else "0"
    said = f"External resizer is resizing volume {volume.metadata.name}"
    deps.events.event(claim, "Normal", "Resizing", said)
    if capacity(volume) < wanted:
        await _patch(deps.client, PERSISTENTVOLUMES, volume, {"spec": {"capacity": {"storage": asked}}})
    change: Obj = {"capacity": {"storage": asked}, "allocatedResources": {"storage": asked}}
    await _patch(deps.client, PERSISTENTVOLUMECLAIMS, claim, {"status": change}, "status")
    deps.events.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")


async def _patch(client: Client, resource: Resource, view: Any, patch: Obj, subresource: str = "") -> None:
    meta = view.metadata
    whole = versioned(patch, meta.resource_version)
    await client.patch(resource, meta.name, whole, meta.namespace, subresource=subresource)
