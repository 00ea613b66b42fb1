"""Volumes of drivers that were once part of Kubernetes, as those know them that took their place. Pure.

A node's limit is that of a CSI driver; such volumes are attached by the same driver, and count. The others of that
time (Azure's files, vSphere's disks, Ceph's) have no limits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeSpec, Volume

VolumeId: TypeAlias = tuple[str, str]
"""(driver, the driver's name of the volume)"""

AWS, GCE, AZURE = "ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com"
CINDER, PORTWORX = "cinder.csi.openstack.org", "pxd.portworx.com"
_SUCCESSORS = {
    "kubernetes.io/aws-ebs": AWS,
    "kubernetes.io/gce-pd": GCE,
    "kubernetes.io/azure-disk": AZURE,
    "kubernetes.io/cinder": CINDER,
    "kubernetes.io/portworx-volume": PORTWORX,
}
_AWS_ID = re.compile(r"vol-[^/]*")
_ZONES = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")
_UNSPECIFIED = "UNSPECIFIED"


def driver_of(provisioner: str) -> str:
    """Who makes the volumes of a class now."""
    return _SUCCESSORS.get(provisioner, provisioner)


def volume_id(volume: PersistentVolume) -> VolumeId | None:
    """What a driver calls the volume; None where no driver that could have a limit has it."""
    spec = volume.spec
    if spec.csi is not None:
        return spec.csi.driver, spec.csi.volume_handle
    if spec.gce_persistent_disk is not None:
        place = _place(volume.metadata.labels)
        return (GCE, f"projects/{_UNSPECIFIED}/{place}/disks/{spec.gce_persistent_disk.pd_name}") if place else None
    return _plain(spec)


def inline_id(volume: Volume) -> VolumeId | None:
    """The same of a volume that stands in a Pod itself."""
    if volume.gce_persistent_disk is not None:
        disk = volume.gce_persistent_disk.pd_name
        return GCE, f"projects/{_UNSPECIFIED}/zones/{_UNSPECIFIED}/disks/{disk}"
    return _plain(volume)


def _plain(source: PersistentVolumeSpec | Volume) -> VolumeId | None:
    if source.aws_elastic_block_store is not None:
        name = _aws_id(source.aws_elastic_block_store.volume_id)
        return (AWS, name) if name else None
    if source.azure_disk is not None:
        return AZURE, source.azure_disk.disk_uri
    if source.cinder is not None:
        return CINDER, source.cinder.volume_id
    if source.portworx_volume is not None:
        return PORTWORX, source.portworx_volume.volume_id
    return None


def _aws_id(text: str) -> str:
    """`vol-1` of `aws://zone/vol-1`; "" where there is none in it."""
    if not text.startswith("aws://"):
        return text
    name = text.removeprefix("aws://").strip("/").rpartition("/")[2]
    return name if _AWS_ID.fullmatch(name) else ""


def _place(labels: Mapping[str, str]) -> str:
    """The zone, or the region of several zones; "" when these are not of one region."""
    text = next((labels[name] for name in _ZONES if labels.get(name)), "")
    zones = text.split("__")
    if len(zones) == 1:
        return f"zones/{text or _UNSPECIFIED}"
    if any(zone.count("-") != 2 for zone in zones):
        return ""
    regions = {zone.rpartition("-")[0] for zone in zones}
    return f"regions/{regions.pop()}" if len(regions) == 1 else ""
