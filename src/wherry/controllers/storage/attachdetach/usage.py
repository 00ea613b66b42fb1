"""Which volumes the Pods of a node need attached. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from msgspec import Struct

from wherry.api.core.podclaims import claim_name
from wherry.api.types.core_v1 import CSIPersistentVolumeSource, PersistentVolume, PersistentVolumeClaim, Pod
from wherry.client import Key
from wherry.controllers.podstate import may_use_volumes

MANAGED = "volumes.kubernetes.io/controller-managed-attach-detach"
"""On a node: its kubelet leaves attaching to the controller."""


class Wanted(Struct, frozen=True):
    """A volume that Pods of a node use."""

    volume: PersistentVolume
    source: CSIPersistentVolumeSource
    pods: tuple[Pod, ...]

    @property
    def name(self) -> str:
        """As nodes report it."""
        return reported_name(self.source)

    @property
    def is_exclusive(self) -> bool:
        """Whether one node at a time may have it."""
        modes = self.volume.spec.access_modes
        return bool(modes) and not any(mode in ("ReadWriteMany", "ReadOnlyMany") for mode in modes)


def reported_name(source: CSIPersistentVolumeSource) -> str:
    return f"kubernetes.io/csi/{source.driver}^{source.volume_handle}"


def attachment_name(source: CSIPersistentVolumeSource, node: str) -> str:
    """The name of the one VolumeAttachment of a volume on a node; drivers' tools rely on it."""
    text = f"{source.volume_handle}{source.driver}{node}"
    return f"csi-{hashlib.sha256(text.encode()).hexdigest()}"


def wanted_volumes(
    pods: Iterable[Pod],
    claim_of: Callable[[Key], PersistentVolumeClaim | None],
    volume_of: Callable[[str], PersistentVolume | None],
    attaches: Callable[[str], bool],
) -> dict[str, Wanted]:
    """By reported name. `attaches` says whether volumes of a driver are attached at all."""
    users: dict[str, list[Pod]] = {}
    volumes: dict[str, PersistentVolume] = {}
    for pod in pods:
        if not may_use_volumes(pod):
            continue
        for one in pod.spec.volumes:
            name = claim_name(pod, one)
            claim = claim_of(Key(pod.metadata.namespace, name)) if name else None
            if claim is None or claim.status.phase != "Bound" or not claim.spec.volume_name:
                continue
            volume = volume_of(claim.spec.volume_name)
            if volume is not None and volume.spec.csi is not None and attaches(volume.spec.csi.driver):
                volumes[volume.metadata.name] = volume
                users.setdefault(volume.metadata.name, []).append(pod)
    found = [_wanted(volumes[name], users[name]) for name in sorted(volumes)]
    return {one.name: one for one in found}


def _wanted(volume: PersistentVolume, pods: list[Pod]) -> Wanted:
    source = volume.spec.csi
    assert source is not None
    return Wanted(volume, source, tuple(sorted(pods, key=lambda pod: (pod.metadata.namespace, pod.metadata.name))))
