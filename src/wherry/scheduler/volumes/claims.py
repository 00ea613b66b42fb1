"""Which claims a Pod wants, by name."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from wherry.api.types.core_v1 import PersistentVolumeClaim, Volume
from wherry.client import Key
from wherry.scheduler.model import PodInfo


class Wanted(Struct, frozen=True):
    """A claim that a Pod names, or that is made for one of its volumes."""

    key: Key
    is_ephemeral: bool


def claims_of(pod: PodInfo) -> Iterator[Wanted]:
    for volume in pod.volumes:
        if (wanted := wanted_of(pod, volume)) is not None:
            yield wanted


def wanted_of(pod: PodInfo, volume: Volume) -> Wanted | None:
    """The claim behind one volume, if there is one."""
    if volume.persistent_volume_claim is not None:
        return Wanted(Key(pod.key.namespace, volume.persistent_volume_claim.claim_name), is_ephemeral=False)
    if volume.ephemeral is not None:
        return Wanted(Key(pod.key.namespace, f"{pod.key.name}-{volume.name}"), is_ephemeral=True)
    return None


def is_made_for(claim: PersistentVolumeClaim, pod: PodInfo) -> bool:
    """Whether the claim of an ephemeral volume belongs to this very Pod."""
    return any(one.controller and one.uid == pod.uid for one in claim.metadata.owner_references)
