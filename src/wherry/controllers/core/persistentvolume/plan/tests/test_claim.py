"""The cases of upstream's binder, one by one: what a claim gets in which situation."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.decoding import convert
from wherry.api.types.storage_v1 import StorageClass
from wherry.controllers.core.persistentvolume.plan.claim import (
    AssignClass,
    Bind,
    Lose,
    Misbound,
    Provision,
    Refuse,
    Scene,
    Wait,
    plan_claim,
)

DONE = {"pv.kubernetes.io/bind-completed": "yes"}
OURS = {"pv.kubernetes.io/bound-by-controller": "yes"}
SELECTED = {"volume.kubernetes.io/selected-node": "n1"}
MINE = {"namespace": "ns", "name": "data", "uid": "u"}


def claim(annotations: Obj | None = None, **spec: Any) -> PersistentVolumeClaim:
    requests = {"requests": {"storage": "1Gi"}}
    whole = {"resources": requests, "accessModes": ["ReadWriteOnce"], "storageClassName": "", **spec}
    return convert(PersistentVolumeClaim, {"metadata": {**MINE, "annotations": annotations or {}}, "spec": whole})


def volume(name: str = "v", size: str = "1Gi", **spec: Any) -> PersistentVolume:
    whole = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], **spec}
    return convert(PersistentVolume, {"metadata": {"name": name}, "spec": whole})


def storage(name: str, provisioner: str = "x.io/p", *, waits: bool = False) -> StorageClass:
    mode = "WaitForFirstConsumer" if waits else "Immediate"
    return convert(StorageClass, {"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode})


def reserved(**reference: str) -> Obj:
    return {"claimRef": {"namespace": "ns", "name": "data", **reference}}


OPEN = [
    pytest.param(claim(), Scene(candidates=[volume("a", "9Gi"), volume("b", "2Gi")]), (Bind, "b"), id="smallest"),
    pytest.param(
        claim(),
        Scene(candidates=[volume("a", "9Gi", **reserved()), volume("b")]),
        (Bind, "a"),
        id="kept for it by name",
    ),
    pytest.param(
        claim(), Scene(candidates=[volume("a", **reserved(uid="u"))]), (Bind, "a"), id="kept for it, or a crash between"
    ),
    pytest.param(
        claim(), Scene(candidates=[volume("a", **reserved(uid="old"))]), (Wait, "FailedBinding"), id="of its forerunner"
    ),
    pytest.param(claim(), Scene(candidates=[volume("a", "1Mi")]), (Wait, "FailedBinding"), id="too small"),
    pytest.param(
        claim(storageClassName="late"),
        Scene(candidates=[volume("a", storageClassName="late")], storage_class=storage("late", waits=True)),
        (Wait, "WaitForFirstConsumer"),
        id="waits for a consumer",
    ),
    pytest.param(
        claim(storageClassName="late"),
        Scene(storage_class=storage("late", waits=True), waiting_pods=["a"]),
        (Wait, "WaitForPodScheduled"),
        id="waits for a Pod",
    ),
    pytest.param(
        claim(storageClassName="late"),
        Scene(
            candidates=[volume("a", storageClassName="late", **reserved())], storage_class=storage("late", waits=True)
        ),
        (Bind, "a"),
        id="waits, but one is kept for it",
    ),
    pytest.param(
        claim(SELECTED, storageClassName="late"),
        Scene(storage_class=storage("late", waits=True)),
        (Provision, "x.io/p"),
        id="has waited",
    ),
    pytest.param(claim(storageClassName="gone"), Scene(), (Refuse, "ProvisioningFailed"), id="no such class"),
    pytest.param(
        claim(storageClassName="static"),
        Scene(storage_class=storage("static", "kubernetes.io/no-provisioner")),
        (Refuse, "ProvisioningFailed"),
        id="nobody provisions",
    ),
    pytest.param(
        claim(storageClassName="fast"), Scene(storage_class=storage("fast")), (Provision, "x.io/p"), id="provisions"
    ),
    pytest.param(
        claim(storageClassName=None),
        Scene(default_class="fast"),
        (AssignClass, "fast"),
        id="a default class came later",
    ),
    pytest.param(
        claim(storageClassName=None),
        Scene(default_class="fast", candidates=[volume("a")]),
        (Bind, "a"),
        id="a volume without a class goes first",
    ),
    pytest.param(
        claim(storageClassName=""), Scene(default_class="fast"), (Wait, "FailedBinding"), id="wants no class at all"
    ),
]
REQUESTED = [
    pytest.param(claim(volumeName="v"), Scene(), (Wait, ""), id="not there yet"),
    pytest.param(claim(volumeName="v"), Scene(volume("v", "9Gi")), (Bind, "v"), id="free"),
    pytest.param(claim(volumeName="v"), Scene(volume("v", **reserved())), (Bind, "v"), id="kept for it by name"),
    pytest.param(claim(volumeName="v"), Scene(volume("v", **reserved(uid="u"))), (Bind, "v"), id="kept for it"),
    pytest.param(
        claim(volumeName="v"), Scene(volume("v", **reserved(uid="old"))), (Wait, "FailedBinding"), id="another's"
    ),
    pytest.param(
        claim(volumeName="v"),
        Scene(volume("v", claimRef={"name": "x"})),
        (Wait, "FailedBinding"),
        id="kept for another",
    ),
    pytest.param(claim(volumeName="v"), Scene(volume("v", "1Mi")), (Wait, "VolumeMismatch"), id="too small"),
    pytest.param(
        claim(volumeName="v"),
        Scene(volume("v", "1Mi", **reserved())),
        (Bind, "v"),
        id="too small, but a person kept it for this",
    ),
]
BOUND = [
    pytest.param(claim(DONE), Scene(), (Lose, "ClaimLost"), id="names no volume any more"),
    pytest.param(claim(DONE, volumeName="v"), Scene(), (Lose, "ClaimLost"), id="volume gone"),
    pytest.param(claim(DONE, volumeName="v"), Scene(volume("v")), (Bind, "v"), id="volume forgot"),
    pytest.param(
        claim(DONE, volumeName="v"), Scene(volume("v", **reserved(uid="u"))), (Bind, "v"), id="as it should be"
    ),
    pytest.param(
        claim(DONE, volumeName="v"),
        Scene(volume("v", **reserved(uid="x"))),
        (Lose, "ClaimMisbound"),
        id="another has it",
    ),
    pytest.param(
        claim(DONE, volumeName="v"), Scene(volume("v", **reserved())), (Lose, "ClaimMisbound"), id="kept for it only"
    ),
]


@pytest.mark.parametrize(("wants", "scene", "outcome"), [*OPEN, *REQUESTED, *BOUND])
def test_what_becomes_of_a_claim(wants: PersistentVolumeClaim, scene: Scene, outcome: tuple[type, str]) -> None:
    decision = plan_claim(wants, scene)
    match decision:
        case Bind(found):
            said = found.metadata.name
        case AssignClass(name) | Provision(name):
            said = name
        case Wait(note) | Refuse(note) | Lose(note):
            said = note.reason if note is not None else ""
    assert (type(decision), said) == outcome


def test_a_mark_of_ours_on_a_claim_whose_volume_is_anothers_is_a_contradiction() -> None:
    with pytest.raises(Misbound, match='"ns/data" to volume "v": volume already claimed by "ns/data"'):
        plan_claim(claim(OURS, volumeName="v"), Scene(volume("v", **reserved(uid="old"))))
