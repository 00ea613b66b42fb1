"""What is to be done about a claim. Pure: views in, one decision out.

A claim without the annotation `bind-completed` was never bound: everything about it is still open. With it, only the
volume it was bound to will do, and if that is gone so are its data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from wherry.api.core.volumematching import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    NO_PROVISIONER,
    SELECTED_NODE,
    best_by_access,
    class_of,
    has_class,
    is_bound_to,
    mismatch,
    waits_for_consumer,
)
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.storage_v1 import StorageClass
from wherry.controllers.notes import Note

NORMAL, WARNING = "Normal", "Warning"


class Scene(Struct, frozen=True):
    """What there is around a claim."""

    volume: PersistentVolume | None = None
    """The one that the claim names."""
    candidates: Sequence[PersistentVolume] = ()
    storage_class: StorageClass | None = None
    default_class: str = ""
    waiting_pods: Sequence[str] = ()
    """Pods without a node that use the claim."""


class Bind(Struct, frozen=True):
    """Make volume and claim name each other, and show both as bound."""

    volume: PersistentVolume


class Wait(Struct, frozen=True):
    """The claim stays pending, and `note` says why; None where there is nothing to say."""

    note: Note | None = None


class AssignClass(Struct, frozen=True):
    """The claim said nothing of classes, and meanwhile there is a default one."""

    name: str


class Provision(Struct, frozen=True):
    """Tell the provisioner that a volume is wanted."""

    provisioner: str


class Refuse(Struct, frozen=True):
    """No volume can come; say so and change nothing."""

    note: Note


class Lose(Struct, frozen=True):
    """What the claim was bound to is gone for good."""

    note: Note


Decision: TypeAlias = Bind | Wait | AssignClass | Provision | Refuse | Lose


class Misbound(Exception):
    """The binder's own marks contradict each other; somebody edited them."""


def plan_claim(claim: PersistentVolumeClaim, scene: Scene) -> Decision:
    if BIND_COMPLETED in claim.metadata.annotations:
        return _plan_bound(claim, scene)
    if claim.spec.volume_name:
        return _plan_requested(claim, scene)
    return _plan_open(claim, scene)


def _plan_open(claim: PersistentVolumeClaim, scene: Scene) -> Decision:
    """Any volume will do that suits."""
    waits = waits_for_consumer(scene.storage_class)
    volume = best_by_access(claim, scene.candidates, waits=waits)
    if volume is not None:
        return Bind(volume)
    if scene.default_class and not has_class(claim):
        return AssignClass(scene.default_class)
    if waits and SELECTED_NODE not in claim.metadata.annotations:
        return Wait(_waiting(scene.waiting_pods))
    if class_of(claim):
        return _plan_provisioning(class_of(claim), scene.storage_class)
    why = "no persistent volumes available for this claim and no storage class is set"
    return Wait(Note(NORMAL, "FailedBinding", why))


def _plan_provisioning(name: str, storage_class: StorageClass | None) -> Decision:
    if storage_class is None:
        why = f'storageclass.storage.k8s.io "{name}" not found'
        return Refuse(Note(WARNING, "ProvisioningFailed", why))
    provisioner = storage_class.provisioner
    if provisioner == NO_PROVISIONER or provisioner.startswith("kubernetes.io/"):
        return Refuse(Note(WARNING, "ProvisioningFailed", f"no volume plugin matched name: {provisioner}"))
    return Provision(provisioner)


def _waiting(pods: Sequence[str]) -> Note:
    if not pods:
        return Note(NORMAL, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")
    which = f"pods {','.join(pods)}" if len(pods) > 1 else f"pod {pods[0]}"
    return Note(NORMAL, "WaitForPodScheduled", f"waiting for {which} to be scheduled")


def external_provisioning(provisioner: str) -> Note:
    return Note(
        NORMAL,
        "ExternalProvisioning",
        f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the "
        "system administrator. If volume creation is delayed, please verify that the provisioner is running and "
        "correctly registered.",
    )


def _plan_requested(claim: PersistentVolumeClaim, scene: Scene) -> Decision:
    """Only the volume that the claim names will do."""
    volume = scene.volume
    if volume is None:
        return Wait()
    name = volume.metadata.name
    if volume.spec.claim_ref is None:
        if why := mismatch(claim, volume):
            return Wait(Note(WARNING, "VolumeMismatch", f'Cannot bind to requested volume "{name}": {why}'))
        return Bind(volume)
    if is_bound_to(volume, claim):
        return Bind(volume)
    if BOUND_BY_CONTROLLER not in claim.metadata.annotations:
        return Wait(Note(WARNING, "FailedBinding", f'volume "{name}" already bound to a different claim.'))
    theirs = f"{volume.spec.claim_ref.namespace}/{volume.spec.claim_ref.name}"
    ours = f"{claim.metadata.namespace}/{claim.metadata.name}"
    raise Misbound(f'invalid binding of claim "{ours}" to volume "{name}": volume already claimed by "{theirs}"')


def _plan_bound(claim: PersistentVolumeClaim, scene: Scene) -> Decision:
    if not claim.spec.volume_name:
        why = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
        return Lose(Note(WARNING, "ClaimLost", why))
    volume = scene.volume
    if volume is None:
        return Lose(
            Note(WARNING, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
        )
    if volume.spec.claim_ref is None or volume.spec.claim_ref.uid == claim.metadata.uid:
        return Bind(volume)
    why = "Two claims are bound to the same volume, this one is bound incorrectly"
    return Lose(Note(WARNING, "ClaimMisbound", why))
