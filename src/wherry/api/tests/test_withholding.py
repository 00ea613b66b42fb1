"""What is kept out of objects while features are off."""

from __future__ import annotations

from copy import deepcopy as copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.pod import PODS
from wherry.api.features import DEFAULTS, features
from wherry.api.withholding import Withheld, Withholding, withholding


def of(api_version: str, kind: str, **gates: bool) -> Withholding:
    found = withholding(api_version, kind, features(gates))
    assert found is not None
    return found


def pod(**spec: Any) -> Obj:
    return {"spec": {"containers": [{"name": "c"}], **spec}}


def test_kinds_without_features_are_passed_by() -> None:
    withheld = Withheld(DEFAULTS)
    assert withheld[CONFIGMAPS] is None
    assert withheld[PODS] is withheld[PODS] is not None


def test_nothing_is_behind_what_is_on() -> None:
    assert withholding("apps/v1", "Deployment", features({"AllAlpha": True, "GenericWorkload": True})) is None


def test_fields_are_dropped_wherever_they_are() -> None:
    obj: Obj = {
        "spec": {
            "template": pod(
                evictionResponders=[{"name": "r"}],
                volumes=[{"name": "a", "emptyDir": {"mode": 448}}, {"name": "b", "secret": {"defaultUser": 1}}],
            )
        }
    }
    assert of("apps/v1", "Deployment").drop(obj, None) == []
    spec = obj["spec"]["template"]["spec"]
    assert spec == {
        "containers": [{"name": "c"}],
        "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "secret": {}}],
    }


class _Watched(dict[str, Any]):
    """A part of an object that notes whether somebody has looked into it."""

    is_seen = False

    def __getitem__(self, name: str) -> Any:
        self.is_seen = True
        return super().__getitem__(name)


def test_what_is_shared_with_the_stored_object_is_not_looked_at() -> None:
    spec = _Watched(pod()["spec"])
    for old, is_seen in (({"spec": spec}, False), ({"spec": dict(spec)}, True)):
        assert of("v1", "Pod").drop({"spec": spec, "status": {"phase": "Running"}}, old) == []
        assert spec.is_seen is is_seen


def test_fields_in_maps_are_found() -> None:
    slice_: Obj = {"spec": {"devices": [{"name": "d", "attributes": {"a": {"ints": [1]}, "b": {"int": 1}}}]}}
    of("resource.k8s.io/v1", "ResourceSlice").drop(slice_, None)
    assert slice_["spec"]["devices"][0]["attributes"] == {"a": {}, "b": {"int": 1}}


def test_what_is_stored_stays_and_may_be_changed() -> None:
    old = pod(volumes=[{"name": "a", "emptyDir": {"mode": 448}}])
    new = pod(volumes=[{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {"mode": 1}}], evictionResponders=[{}])
    of("v1", "Pod").drop(new, old)
    assert new == pod(volumes=[{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {"mode": 1}}])


@pytest.mark.parametrize(
    ("lifecycle", "kept"),
    [
        ({"stopSignal": "SIGUSR1"}, None),
        ({"stopSignal": "SIGUSR1", "preStop": {"sleep": {"seconds": 1}}}, {"preStop": {"sleep": {"seconds": 1}}}),
        ({"preStop": {"sleep": {"seconds": 1}}}, {"preStop": {"sleep": {"seconds": 1}}}),
        ({}, {}),
    ],
)
def test_a_lifecycle_of_nothing_but_a_signal_goes_with_it(lifecycle: Obj, kept: Obj | None) -> None:
    stored = pod(initContainers=[{"name": "i", "lifecycle": {"stopSignal": "SIGTERM"}}])
    for old, left in ((None, kept), (stored, lifecycle)):
        new = pod(containers=[{"name": "c", "lifecycle": copy(lifecycle)}])
        assert of("v1", "Pod").drop(new, old) == []
        assert new["spec"]["containers"][0].get("lifecycle") == left


def test_a_reference_to_another_namespace_goes_as_a_whole() -> None:
    for reference, kept in (({"name": "s", "namespace": "other"}, False), ({"name": "s"}, True)):
        claim: Obj = {"spec": {"dataSourceRef": dict(reference)}}
        of("v1", "PersistentVolumeClaim").drop(claim, None)
        assert ("dataSourceRef" in claim["spec"]) is kept


@pytest.mark.parametrize(
    ("operator", "said"),
    [
        ("Exists", ""),
        ("Lt", 'Unsupported value: "Lt": supported values: "Equal", "Exists"'),
        ("Bogus", 'Unsupported value: "Bogus": supported values: "Equal", "Exists"'),
    ],
)
def test_operators_are_refused(operator: str, said: str) -> None:
    faults = of("v1", "Pod").drop(pod(tolerations=[{"operator": "Exists"}, {"operator": operator}]), None)
    assert [(fault.path, fault.body) for fault in faults] == ([("spec.tolerations[1].operator", said)] if said else [])


def test_operators_that_are_stored_are_let_pass() -> None:
    old, new = (pod(tolerations=[{"key": key, "operator": "Gt", "value": "1"}]) for key in "ab")
    assert of("v1", "Pod").drop(new, old) == []


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(
    ("new", "old", "is_refused"),
    [(0, None, True), (-1, None, True), (1, None, False), (0, 0, False), (0, 1, True), (-1, 0, False)],
)
def test_autoscalers_to_zero(version: str, new: int, old: int | None, is_refused: bool) -> None:
    before = None if old is None else {"spec": {"minReplicas": old}}
    looked = of(f"autoscaling/{version}", "HorizontalPodAutoscaler", HPAScaleToZero=False)
    faults = looked.drop({"spec": {"minReplicas": new}}, before)
    assert [fault.body for fault in faults] == (
        [f"Invalid value: {new}: must be greater than or equal to 1"] if is_refused else []
    )


SOURCES: st.SearchStrategy[dict[str, int]] = st.builds(dict) | st.builds(dict, mode=st.integers(0, 2))


@given(st.lists(st.fixed_dictionaries({"name": st.text(max_size=2)}, optional={"emptyDir": SOURCES})))
def test_dropping_twice_is_dropping_once_and_nothing_else_changes(volumes: list[Obj]) -> None:
    new = pod(volumes=copy(volumes))
    looked = of("v1", "Pod")
    looked.drop(new, None)
    for before, after in zip(volumes, new["spec"]["volumes"], strict=True):
        assert after.keys() == before.keys()
        assert after.get("name") == before.get("name")
        assert "mode" not in after.get("emptyDir", {})
    again = copy(new)
    looked.drop(again, None)
    assert again == new
