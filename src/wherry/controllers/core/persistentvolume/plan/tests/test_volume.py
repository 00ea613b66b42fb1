from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.decoding import convert, to_obj
from wherry.controllers.core.persistentvolume.plan.volume import (
    AskClaim,
    Delete,
    Fail,
    Keep,
    Mismatch,
    Reclaim,
    Recycle,
    Show,
    Unbind,
    finalizers,
    plan_reclaim,
    plan_volume,
)
from wherry.controllers.notes import Note

NO_RECYCLER = Note("Warning", "VolumeFailedRecycle", "No recycler plugin found for the volume!")
BY_US = {"pv.kubernetes.io/bound-by-controller": "yes"}
REFERENCE = {"namespace": "ns", "name": "data", "uid": "u"}


def made_by(name: str) -> dict[str, str]:
    return {"pv.kubernetes.io/provisioned-by": name}


def volume(annotations: dict[str, str] | None = None, held: tuple[str, ...] = (), **spec: Any) -> PersistentVolume:
    meta = {"name": "disk", "annotations": annotations or {}, "finalizers": list(held)}
    return convert(PersistentVolume, {"metadata": meta, "spec": {"claimRef": REFERENCE, **spec}})


def claim(volume_name: str = "", **spec: Any) -> PersistentVolumeClaim:
    meta = {"namespace": "ns", "name": "data", "uid": "u"}
    return convert(PersistentVolumeClaim, {"metadata": meta, "spec": {"volumeName": volume_name, **spec}})


@pytest.mark.parametrize(
    ("one", "holder", "decision"),
    [
        (volume(claimRef=None), None, Show("Available")),
        (volume(claimRef={"namespace": "ns", "name": "data"}), None, Show("Available")),
        (volume(), claim("disk"), Show("Bound")),
        (volume(), claim(), AskClaim()),
        (volume(BY_US), claim("other"), Unbind(drops_reservation=True)),
        (volume(), claim("other"), Unbind(drops_reservation=False)),
        (volume(persistentVolumeReclaimPolicy="Retain"), None, Reclaim(Keep())),
        (volume(hostPath={"path": "/x"}, persistentVolumeReclaimPolicy="Recycle"), None, Reclaim(Recycle())),
        (volume(nfs={"path": "/x", "server": "s"}, persistentVolumeReclaimPolicy="Recycle"), None, Reclaim(Recycle())),
        (volume(persistentVolumeReclaimPolicy="Recycle"), None, Reclaim(Fail(NO_RECYCLER))),
        (
            volume(made_by("x.io/y"), persistentVolumeReclaimPolicy="Delete"),
            claim("other"),
            Reclaim(Keep()),
        ),
    ],
    ids=[
        "free",
        "reserved",
        "bound",
        "half bound",
        "in vain",
        "reserved in vain",
        "released",
        "recycled",
        "on a server",
        "nobody recycles",
        "made in vain",
    ],
)
def test_what_becomes_of_a_volume(
    one: PersistentVolume, holder: PersistentVolumeClaim | None, decision: object
) -> None:
    assert plan_volume(one, holder) == decision


def test_both_sides_are_told_of_a_mismatch() -> None:
    decision = plan_volume(volume(volumeMode="Block"), claim())
    assert isinstance(decision, Mismatch)
    what = 'requested PersistentVolumeClaim "data" due to incompatible volumeMode.'
    assert decision.on_volume.message == f"Cannot bind PersistentVolume to {what}"
    assert decision.on_claim.message == f'Cannot bind PersistentVolume "disk" to {what}'


NO_PLUGIN = 'error getting deleter volume plugin for volume "disk": '


@pytest.mark.parametrize(
    ("one", "outcome"),
    [
        (volume(made_by("x.io/y")), Keep()),
        (volume({"pv.kubernetes.io/migrated-to": "x.io/y"}), Keep()),
        (volume(hostPath={"path": "/tmp/a"}), Delete()),
        (volume(hostPath={"path": "/tmp/"}), "host_path deleter only supports /tmp/.+ but received provided /tmp/"),
        (volume(csi={"driver": "d", "volumeHandle": "h"}), NO_PLUGIN + "no volume plugin matched"),
        (volume(nfs={"server": "s", "path": "/"}), NO_PLUGIN + "no deletable volume plugin matched"),
        (volume(made_by("kubernetes.io/aws-ebs")), "no volume plugin matched name: kubernetes.io/aws-ebs"),
    ],
    ids=["made elsewhere", "moved", "scratch", "not scratch", "driver", "built in", "gone"],
)
def test_who_deletes_a_volume(one: PersistentVolume, outcome: object) -> None:
    policy = {"persistentVolumeReclaimPolicy": "Delete"}
    decision = plan_reclaim(convert(PersistentVolume, _with(one, policy)))
    assert (decision.note.message if isinstance(decision, Fail) else decision) == outcome


def _with(one: PersistentVolume, spec: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = to_obj(one)
    whole["spec"] |= spec
    return whole


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        (volume(made_by("x.io/y"), ("a",), persistentVolumeReclaimPolicy="Delete"), ("a",)),
        (
            volume(made_by("kubernetes.io/host-path"), ("a",), persistentVolumeReclaimPolicy="Delete"),
            ("a", "kubernetes.io/pv-controller"),
        ),
        (
            volume(
                made_by("kubernetes.io/host-path"),
                ("kubernetes.io/pv-controller", "external-provisioner.volume.kubernetes.io/finalizer", "a"),
                persistentVolumeReclaimPolicy="Retain",
            ),
            ("a",),
        ),
    ],
    ids=["not ours", "ours to delete", "ours to keep"],
)
def test_what_the_binder_is_to_delete_waits_for_it(one: PersistentVolume, wanted: tuple[str, ...]) -> None:
    assert finalizers(one) == wanted
