"""What is to be done about a volume. Pure: views in, one decision out."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from wherry.api.core.volumematching import BOUND_BY_CONTROLLER, MIGRATED_TO, PROVISIONED_BY, is_mode_mismatch
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.controllers.core.persistentvolume.plan.claim import WARNING
from wherry.controllers.notes import Note

IN_TREE_FINALIZER = "kubernetes.io/pv-controller"
EXTERNAL_FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
_IN_TREE = "kubernetes.io/"


class Show(Struct, frozen=True):
    """The volume is in this phase."""

    phase: str


class AskClaim(Struct, frozen=True):
    """The claim's own turn will finish the binding."""


class Mismatch(Struct, frozen=True):
    """Volume and claim name each other's sides but differ in how they are used: one Event for each."""

    on_volume: Note
    on_claim: Note


class Unbind(Struct, frozen=True):
    """Take back a binding that the claim did not follow; what a person reserved stays reserved."""

    drops_reservation: bool


class Reclaim(Struct, frozen=True):
    """The claim is gone: the volume is released, and then kept, deleted or declared failed."""

    then: Keep | Delete | Recycle | Fail


class Keep(Struct, frozen=True):
    """Somebody else will look after it: a person, or the provisioner that made it."""


class Delete(Struct, frozen=True):
    """Nothing lies behind the object that anybody would have to clear away first."""


class Recycle(Struct, frozen=True):
    """A Pod removes what is on it, and then it is to be had again."""


class Fail(Struct, frozen=True):
    note: Note


VolumeDecision: TypeAlias = Show | AskClaim | Mismatch | Unbind | Reclaim


def plan_volume(volume: PersistentVolume, claim: PersistentVolumeClaim | None) -> VolumeDecision:
    """`claim` is the one that the volume names, with the very UID; None when there is no such claim."""
    reference = volume.spec.claim_ref
    if reference is None or not reference.uid:
        return Show("Available")
    if claim is None:
        return Reclaim(plan_reclaim(volume))
    if not claim.spec.volume_name:
        return _mismatch(volume, claim) if is_mode_mismatch(claim, volume) else AskClaim()
    if claim.spec.volume_name == volume.metadata.name:
        return Show("Bound")
    annotations = volume.metadata.annotations
    if PROVISIONED_BY in annotations and volume.spec.persistent_volume_reclaim_policy == "Delete":
        return Reclaim(plan_reclaim(volume))
    return Unbind(drops_reservation=BOUND_BY_CONTROLLER in annotations)


def _mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim) -> Mismatch:
    ours, theirs = volume.metadata.name, claim.metadata.name
    what = f'requested PersistentVolumeClaim "{theirs}" due to incompatible volumeMode.'
    return Mismatch(
        Note(WARNING, "VolumeMismatch", f"Cannot bind PersistentVolume to {what}"),
        Note(WARNING, "VolumeMismatch", f'Cannot bind PersistentVolume "{ours}" to {what}'),
    )


def plan_reclaim(volume: PersistentVolume) -> Keep | Delete | Recycle | Fail:
    """What the reclaim policy asks for, as far as it is the binder's business."""
    if volume.metadata.annotations.get(MIGRATED_TO):
        return Keep()
    match volume.spec.persistent_volume_reclaim_policy:
        case "Retain":
            return Keep()
        case "Recycle":
            if volume.spec.host_path is not None or volume.spec.nfs is not None:
                return Recycle()
            return Fail(Note(WARNING, "VolumeFailedRecycle", "No recycler plugin found for the volume!"))
        case "Delete":
            return _plan_deletion(volume)
    why = "Volume has unrecognized PersistentVolumeReclaimPolicy"
    return Fail(Note(WARNING, "VolumeUnknownReclaimPolicy", why))


def _plan_deletion(volume: PersistentVolume) -> Keep | Delete | Fail:
    """Who made the volume deletes it; of the kinds that are built in, only host paths can be deleted at all."""
    maker = volume.metadata.annotations.get(PROVISIONED_BY, "")
    if maker and not maker.startswith(_IN_TREE):
        return Keep()
    path = volume.spec.host_path.path if volume.spec.host_path is not None else None
    if maker and (maker != "kubernetes.io/host-path" or path is None):
        return _failed(f"no volume plugin matched name: {maker}")
    if path is not None:
        if path.startswith("/tmp/") and len(path) > len("/tmp/"):  # noqa: S108  # the one place that may be cleared
            return Delete()
        return _failed(f"host_path deleter only supports /tmp/.+ but received provided {path}")
    is_known = volume.spec.local is not None or volume.spec.nfs is not None
    why = "no deletable volume plugin matched" if is_known else "no volume plugin matched"
    return _failed(f'error getting deleter volume plugin for volume "{volume.metadata.name}": {why}')


def _failed(why: str) -> Fail:
    return Fail(Note(WARNING, "VolumeFailedDelete", why))


def finalizers(volume: PersistentVolume) -> tuple[str, ...]:
    """The finalizers that the volume ought to have: what the binder is to delete must not vanish before it has."""
    current = volume.metadata.finalizers
    if not volume.metadata.annotations.get(PROVISIONED_BY, "").startswith(_IN_TREE):
        return current
    wanted = tuple(name for name in current if name != EXTERNAL_FINALIZER)
    if volume.spec.persistent_volume_reclaim_policy != "Delete":
        return tuple(name for name in wanted if name != IN_TREE_FINALIZER)
    return wanted if IN_TREE_FINALIZER in wanted else (*wanted, IN_TREE_FINALIZER)
