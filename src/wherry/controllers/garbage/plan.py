"""What is to become of an object, given what became of its owners."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from wherry.api import Obj
from wherry.api.types.decoding import to_obj
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.controllers.garbage.graph import FOREGROUND, ORPHAN, is_waiting


class Owner(Enum):
    """What an owner reference points at."""

    SOLID = "there"
    WAITING = "there, being deleted in the foreground"
    ABSENT = "not there"


class Delete(Struct, frozen=True):
    """Delete the object with a propagation policy; `unblock` its owners first to break a circle."""

    propagation: str
    unblock: bool = False


class KeepOwners(Struct, frozen=True):
    """Drop all owner references but these."""

    references: tuple[Obj, ...]


def plan(metadata: ObjectMeta, owners: Sequence[Owner], dependents: Sequence[ObjectMeta]) -> Delete | KeepOwners | None:
    """Decide for an object with owner references. `owners` tells of each, in their order.

    An object with at least one solid owner stays and loses the references to the others. One owner may be named twice,
    rightly and wrongly.
    """
    if not metadata.owner_references or (metadata.deletion_timestamp is not None and not is_waiting(metadata)):
        return None
    found = set(owners)
    if Owner.SOLID in found:
        if found == {Owner.SOLID}:
            return None
        told = zip(metadata.owner_references, owners, strict=True)
        return KeepOwners(tuple(to_obj(reference) for reference, owner in told if owner is Owner.SOLID))
    if metadata.deletion_timestamp is not None:
        return None
    if Owner.WAITING in found and dependents:
        return Delete("Foreground", unblock=any(is_waiting(dependent) for dependent in dependents))
    return Delete(_policy(metadata))


def without_owner(metadata: ObjectMeta, uid: str) -> list[Obj]:
    """The owner references that remain when an owner frees the object."""
    return [to_obj(reference) for reference in metadata.owner_references if reference.uid != uid]


def unblocked(metadata: ObjectMeta) -> list[Obj]:
    """The owner references, none of which keeps its owner from going any more."""
    return [{**to_obj(reference), "blockOwnerDeletion": False} for reference in metadata.owner_references]


def blocks(metadata: ObjectMeta, owner_uid: str) -> bool:
    """Whether a dependent keeps its owner from going."""
    return any(r.uid == owner_uid and r.block_owner_deletion for r in metadata.owner_references)


def _policy(metadata: ObjectMeta) -> str:
    """A finalizer that asks for a policy is honoured even when the garbage collector does the deleting."""
    if ORPHAN in metadata.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in metadata.finalizers else "Background"
