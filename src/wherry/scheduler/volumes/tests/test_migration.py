"""What the drivers of today call the volumes of those before them."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import PersistentVolume, Volume
from wherry.api.types.decoding import convert
from wherry.scheduler.volumes.migration import AWS, AZURE, CINDER, GCE, PORTWORX, driver_of, inline_id, volume_id

ZONE, OLD_ZONE = "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"


def volume(source: dict[str, Any], **labels: str) -> PersistentVolume:
    return convert(PersistentVolume, {"metadata": {"name": "v", "labels": labels}, "spec": source})


@pytest.mark.parametrize(
    ("source", "known_as"),
    [
        ({"awsElasticBlockStore": {"volumeID": "vol-1"}}, (AWS, "vol-1")),
        ({"awsElasticBlockStore": {"volumeID": "aws://us-east-1a/vol-1"}}, (AWS, "vol-1")),
        ({"awsElasticBlockStore": {"volumeID": "aws:///vol-1"}}, (AWS, "vol-1")),
        ({"awsElasticBlockStore": {"volumeID": "aws://us-east-1a/disk-1"}}, None),
        ({"azureDisk": {"diskName": "d", "diskURI": "/x/d"}}, (AZURE, "/x/d")),
        ({"cinder": {"volumeID": "c"}}, (CINDER, "c")),
        ({"portworxVolume": {"volumeID": "p"}}, (PORTWORX, "p")),
        ({"gcePersistentDisk": {"pdName": "d"}}, (GCE, "projects/UNSPECIFIED/zones/UNSPECIFIED/disks/d")),
        ({"vsphereVolume": {"volumePath": "x"}}, None),
        ({"nfs": {"server": "x", "path": "/"}}, None),
    ],
    ids=["aws", "aws url", "aws without zone", "not aws", "azure", "cinder", "portworx", "gce", "vsphere", "nfs"],
)
def test_volumes_by_their_source(source: dict[str, Any], known_as: object) -> None:
    assert volume_id(volume(source)) == known_as
    assert inline_id(convert(Volume, {"name": "v", **source})) == known_as


@pytest.mark.parametrize(
    ("labels", "place"),
    [
        ({ZONE: "eu-west1-b"}, "zones/eu-west1-b"),
        ({OLD_ZONE: "eu-west1-c", ZONE: "eu-west1-b"}, "zones/eu-west1-c"),
        ({ZONE: "eu-west1-b__eu-west1-c"}, "regions/eu-west1"),
        ({ZONE: "eu-west1-b__eu-west2-c"}, None),
        ({ZONE: "b__c"}, None),
    ],
    ids=["zone", "old label", "region", "two regions", "no region"],
)
def test_where_disks_of_gce_are(labels: dict[str, str], place: str | None) -> None:
    found = volume_id(volume({"gcePersistentDisk": {"pdName": "d"}}, **labels))
    assert found == (None if place is None else (GCE, f"projects/UNSPECIFIED/{place}/disks/d"))


def test_who_makes_volumes_now() -> None:
    assert driver_of("kubernetes.io/aws-ebs") == AWS
    assert driver_of("example.com/disks") == "example.com/disks"
