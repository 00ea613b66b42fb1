"""The writes of the binder. Each names the version it was decided on, and answers the object as it is then.

Binding takes four: the volume takes the claim, shows it, the claim takes the volume, shows it. Stopped anywhere between
two of them, the next look at either object goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wherry.api import Obj
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.volumematching import BIND_COMPLETED, BOUND_BY_CONTROLLER, versioned, volume_binding
from wherry.api.meta.quantity import parse_quantity
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.decoding import convert
from wherry.client import Client


async def bind(client: Client, volume: PersistentVolume, claim: PersistentVolumeClaim) -> None:
    """Make both name each other and show it; what says so already is not written again."""
    volume = await _bind_volume(client, volume, claim)
    volume = await set_volume_phase(client, volume, "Bound")
    claim = await _bind_claim(client, claim, volume)
    await set_claim_phase(client, claim, "Bound", volume)


async def _bind_volume(client: Client, volume: PersistentVolume, claim: PersistentVolumeClaim) -> PersistentVolume:
    patch = volume_binding(volume, claim)
    return volume if patch is None else await _patch_volume(client, volume, patch)


async def _bind_claim(client: Client, claim: PersistentVolumeClaim, volume: PersistentVolume) -> PersistentVolumeClaim:
    annotations = claim.metadata.annotations
    marks: dict[str, str] = {}
    patch: Obj = {}
    if claim.spec.volume_name != volume.metadata.name:
        patch["spec"] = {"volumeName": volume.metadata.name}
        if BOUND_BY_CONTROLLER not in annotations:
            marks[BOUND_BY_CONTROLLER] = "yes"
    if BIND_COMPLETED not in annotations:
        marks[BIND_COMPLETED] = "yes"
    if marks:
        patch["metadata"] = {"annotations": marks}
    return await _patch_claim(client, claim, patch) if patch else claim


async def annotate(client: Client, claim: PersistentVolumeClaim, marks: Mapping[str, str]) -> None:
    if any(claim.metadata.annotations.get(name) != value for name, value in marks.items()):
        await _patch_claim(client, claim, {"metadata": {"annotations": dict(marks)}})


async def unbind(client: Client, volume: PersistentVolume, *, drops_reservation: bool) -> None:
    """The volume is to be had again; without dropping its reservation only by a claim of the same name."""
    if drops_reservation:
        patch: Obj = {"spec": {"claimRef": None}, "metadata": {"annotations": {BOUND_BY_CONTROLLER: None}}}
    else:
        patch = {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}
    await set_volume_phase(client, await _patch_volume(client, volume, patch), "Available")


async def write_finalizers(
    client: Client, volume: PersistentVolume, names: Sequence[str], *, checks_version: bool = True
) -> PersistentVolume:
    patch: Obj = {"metadata": {"finalizers": list(names) or None}}
    if checks_version:
        return await _patch_volume(client, volume, patch)
    patch["metadata"]["uid"] = volume.metadata.uid
    return convert(PersistentVolume, await client.patch(PERSISTENTVOLUMES, volume.metadata.name, patch))


async def set_volume_phase(client: Client, volume: PersistentVolume, phase: str, message: str = "") -> PersistentVolume:
    if volume.status.phase == phase:
        return volume
    change = {"phase": phase, "message": message or None}
    return await _patch_volume(client, volume, {"status": change}, "status")


async def set_claim_phase(
    client: Client, claim: PersistentVolumeClaim, phase: str, volume: PersistentVolume | None
) -> None:
    """Show what the claim has. Its capacity is written once, when it is bound: from then on it may be less."""
    status, change = claim.status, dict[str, object]()
    if volume is None:
        if status.access_modes:
            change["accessModes"] = None
        if status.capacity:
            change["capacity"] = None
        if status.current_volume_attributes_class_name is not None:
            change["currentVolumeAttributesClassName"] = None
    else:
        if status.access_modes != volume.spec.access_modes:
            change["accessModes"] = list(volume.spec.access_modes)
        if status.phase != phase:
            change |= _received(claim, volume)
    if status.phase != phase:
        change["phase"] = phase
    if change:
        await _patch_claim(client, claim, {"status": change}, "status")


def _received(claim: PersistentVolumeClaim, volume: PersistentVolume) -> Obj:
    status, received = claim.status, volume.spec.capacity.get("storage", "0")
    change: Obj = {}
    shown = status.capacity.get("storage")
    if shown is None or parse_quantity(shown) != parse_quantity(received):
        change["capacity"] = dict(volume.spec.capacity)
    if (name := volume.spec.volume_attributes_class_name) != status.current_volume_attributes_class_name:
        change["currentVolumeAttributesClassName"] = name
    return change


async def _patch_volume(
    client: Client, volume: PersistentVolume, patch: Obj, subresource: str = ""
) -> PersistentVolume:
    meta = volume.metadata
    whole = versioned(patch, meta.resource_version)
    return convert(PersistentVolume, await client.patch(PERSISTENTVOLUMES, meta.name, whole, subresource=subresource))


async def _patch_claim(
    client: Client, claim: PersistentVolumeClaim, patch: Obj, subresource: str = ""
) -> PersistentVolumeClaim:
    meta = claim.metadata
    whole = versioned(patch, meta.resource_version)
    answer = await client.patch(PERSISTENTVOLUMECLAIMS, meta.name, whole, meta.namespace, subresource=subresource)
    return convert(PersistentVolumeClaim, answer)
