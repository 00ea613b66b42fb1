"""The kinds of storage whose changes may help a Pod that waits."""

from __future__ import annotations

from typing import Any

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.csinode import CSINODES
from wherry.api.storage.csistoragecapacity import CSISTORAGECAPACITIES
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.storage_v1 import CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment
from wherry.scheduler.model import PodInfo
from wherry.scheduler.rules import Source
from wherry.scheduler.volumes.claims import claims_of

CLAIM = Source("PersistentVolumeClaim", PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim)
VOLUME = Source("PersistentVolume", PERSISTENTVOLUMES, PersistentVolume)
CLASS = Source("StorageClass", STORAGECLASSES, StorageClass)
CSI_NODE = Source("CSINode", CSINODES, CSINode)
CSI_DRIVER = Source("CSIDriver", CSIDRIVERS, CSIDriver)
CAPACITY = Source("CSIStorageCapacity", CSISTORAGECAPACITIES, CSIStorageCapacity)
ATTACHMENT = Source("VolumeAttachment", VOLUMEATTACHMENTS, VolumeAttachment)


def own_claim_helps(pod: PodInfo, _: Any, new: PersistentVolumeClaim) -> bool:
    """One of the Pod's own claims came or changed."""
    if new.metadata.namespace != pod.key.namespace:
        return False
    return any(wanted.key.name == new.metadata.name for wanted in claims_of(pod))
