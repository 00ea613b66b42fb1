from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.core.volumematching import (
    best_by_access,
    best_match,
    capacity,
    class_of,
    default_class,
    has_class,
    is_bound_to,
    offers_access,
    requested,
    volume_binding,
)
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.api.types.decoding import convert
from wherry.api.types.storage_v1 import StorageClass

MINE = {"namespace": "ns", "name": "data", "uid": "u-data"}
LABELS = {"topology.kubernetes.io/zone": "a"}


def volume(name: str, storage: str = "1Gi", labels: dict[str, str] | None = None, **spec: Any) -> PersistentVolume:
    whole = {"capacity": {"storage": storage}, "accessModes": ["ReadWriteOnce"], "storageClassName": "slow", **spec}
    return convert(PersistentVolume, {"metadata": {"name": name, "labels": labels or {}}, "spec": whole})


def claim(storage: str = "1Gi", annotations: dict[str, str] | None = None, **spec: Any) -> PersistentVolumeClaim:
    requests = {"requests": {"storage": storage}}
    whole = {"resources": requests, "accessModes": ["ReadWriteOnce"], "storageClassName": "slow", **spec}
    return convert(PersistentVolumeClaim, {"metadata": {**MINE, "annotations": annotations or {}}, "spec": whole})


def of_zone(zone: str) -> dict[str, Any]:
    wanted = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}}


@pytest.mark.parametrize(
    ("wanted", "offered", "chosen"),
    [
        (claim("2Gi"), [volume("a", "3Gi"), volume("b", "2Gi"), volume("c", "1Gi")], "b"),
        (claim(), [volume("a", storageClassName="fast")], ""),
        (claim(storageClassName=""), [volume("a", storageClassName=None)], "a"),
        (claim(volumeMode="Block"), [volume("a"), volume("b", volumeMode="Block")], "b"),
        (claim(), [volume("a", claimRef={"namespace": "ns", "name": "other"})], ""),
        (claim(), [volume("a"), volume("b", "9Gi", claimRef={"namespace": "ns", "name": "data"})], "b"),
        (claim("2Gi"), [volume("a", claimRef={"namespace": "ns", "name": "data"}), volume("b", "3Gi")], "b"),
        (claim(selector={"matchLabels": {"x": "y"}}), [volume("a"), volume("b", labels={"x": "y"})], "b"),
        (claim(volumeAttributesClassName="gold"), [volume("a"), volume("b", volumeAttributesClassName="gold")], "b"),
        (claim(accessModes=["ReadWriteMany"]), [volume("a")], ""),
        (claim(), [volume("a", accessModes=["ReadWriteOnce", "ReadWriteMany"]), volume("b", "9Gi")], "b"),
    ],
    ids=[
        "smallest",
        "other class",
        "no class",
        "mode",
        "kept for another",
        "kept for it",
        "too small though kept for it",
        "selector",
        "attributes",
        "access",
        "fewest modes",
    ],
)
def test_what_the_binder_chooses(
    wanted: PersistentVolumeClaim, offered: Sequence[PersistentVolume], chosen: str
) -> None:
    found = best_by_access(wanted, offered, waits=False)
    assert (found.metadata.name if found is not None else "") == chosen


def test_a_claim_that_waits_gets_only_what_is_kept_for_it() -> None:
    free, kept = volume("a"), volume("b", claimRef={"namespace": "ns", "name": "data"})
    assert best_by_access(claim(), [free], waits=True) is None
    assert best_by_access(claim(), [free, kept], waits=True) is kept


def test_what_the_scheduler_chooses_is_within_reach_and_not_taken() -> None:
    near, far = volume("near", "2Gi", nodeAffinity=of_zone("a")), volume("far", nodeAffinity=of_zone("b"))
    assert best_match(claim(), [far, near], node=(LABELS, "n")) is near
    assert best_match(claim(), [far, near], node=(LABELS, "n"), taken={"near"}) is None
    kept = volume("kept", claimRef={"namespace": "ns", "name": "data"}, nodeAffinity=of_zone("b"))
    assert best_match(claim(), [kept, near], node=(LABELS, "n")) is None


@pytest.mark.parametrize(
    ("reference", "is_bound"),
    [
        (None, False),
        ({"namespace": "ns", "name": "data"}, True),
        (MINE, True),
        ({**MINE, "uid": "u-other"}, False),
        ({**MINE, "namespace": "else"}, False),
    ],
    ids=["nobody", "by name", "for good", "an earlier one", "elsewhere"],
)
def test_whose_a_volume_is(reference: dict[str, str] | None, is_bound: bool) -> None:
    assert is_bound_to(volume("a", claimRef=reference), claim()) is is_bound


@pytest.mark.parametrize(
    ("reference", "writes"),
    [(None, ["spec", "metadata"]), ({"namespace": "ns", "name": "data"}, ["spec"]), (MINE, None)],
    ids=["free", "reserved", "bound"],
)
def test_only_what_the_binder_chose_is_marked_as_its_choice(
    reference: dict[str, str] | None, writes: list[str] | None
) -> None:
    patch = volume_binding(volume("a", claimRef=reference), claim())
    assert (list(patch) if patch is not None else None) == writes


def test_an_annotation_still_names_a_class() -> None:
    beta = "volume.beta.kubernetes.io/storage-class"
    assert class_of(claim(annotations={beta: "old"})) == "old"
    assert has_class(claim(storageClassName="")) and not has_class(claim(storageClassName=None))
    assert has_class(claim(annotations={beta: ""}, storageClassName=None))


def test_the_newest_default_class_counts() -> None:
    def of(name: str, created: str, mark: str = "storageclass.kubernetes.io/is-default-class") -> StorageClass:
        meta = {"name": name, "creationTimestamp": created, "annotations": {mark: "true"}}
        return convert(StorageClass, {"metadata": meta, "provisioner": "p"})

    beta = "storageclass.beta.kubernetes.io/is-default-class"
    classes = [
        of("old", "2026-01-01T00:00:00Z"),
        of("b", "2026-01-02T00:00:00Z"),
        of("a", "2026-01-02T00:00:00Z", beta),
        of("none", "2026-01-03T00:00:00Z", "other"),
    ]
    found = default_class(classes)
    assert found is not None and found.metadata.name == "a"
    assert default_class([]) is None


MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany")
VOLUMES = st.lists(
    st.builds(
        lambda number, size, modes, free: volume(
            f"v{number}",
            f"{size}Gi",
            accessModes=sorted(modes),
            claimRef=None if free else {"namespace": "ns", "name": "other"},
        ),
        st.integers(0, 99),
        st.integers(1, 5),
        st.sets(st.sampled_from(MODES), min_size=1),
        st.booleans(),
    ),
    max_size=8,
)


@given(VOLUMES, st.integers(1, 5), st.sets(st.sampled_from(MODES), min_size=1))
def test_the_choice_suits_and_is_found_if_there_is_one(
    offered: Sequence[PersistentVolume], size: int, modes: set[str]
) -> None:
    wanted = claim(f"{size}Gi", accessModes=sorted(modes))
    suits = [
        one
        for one in offered
        if one.spec.claim_ref is None and offers_access(wanted, one) and capacity(one) >= requested(wanted)
    ]
    found = best_by_access(wanted, offered, waits=False)
    assert (found in suits) if suits else found is None
    if found is not None:
        peers = [one for one in suits if set(one.spec.access_modes) == set(found.spec.access_modes)]
        assert capacity(found) == min(capacity(one) for one in peers)
