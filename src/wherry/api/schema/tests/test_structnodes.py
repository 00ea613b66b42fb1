from __future__ import annotations

import pytest

from wherry.api.schema import schema
from wherry.api.schema.nodes import Node, Scalar, Sort
from wherry.api.schema.shapes import kind_struct, names, struct
from wherry.api.schema.structnodes import struct_node


def at(kind: str, *path: str) -> Node:
    """The place below a kind; `*` is any item of a list."""
    api_version, _, name = kind.rpartition("/")
    node = struct_node(kind_struct(api_version, name).name)
    for step in path:
        below = node.item if step == "*" else node.child(step)
        assert below is not None, step
        node = below
    return node


@pytest.mark.parametrize(
    ("kind", "path", "sort", "is_atomic", "keys", "is_set"),
    [
        pytest.param("v1/ConfigMap", ("data",), Sort.MAP, False, (), False, id="a map of strings"),
        pytest.param("v1/ConfigMap", ("metadata", "finalizers"), Sort.LIST, False, (), True, id="a set"),
        pytest.param("v1/Pod", ("spec", "nodeSelector"), Sort.MAP, True, (), False, id="an atomic map"),
        pytest.param("v1/Pod", ("spec", "containers"), Sort.LIST, False, ("name",), False, id="a list with a key"),
        pytest.param("v1/Pod", ("spec", "containers", "*", "args"), Sort.LIST, False, (), False, id="an atomic list"),
        pytest.param("v1/Pod", ("spec", "affinity"), Sort.MAP, False, (), False, id="a struct"),
        pytest.param("apps/v1/Deployment", ("spec", "selector"), Sort.MAP, True, (), False, id="an atomic struct"),
        pytest.param("v1/PersistentVolume", ("spec", "claimRef"), Sort.MAP, False, (), False, id="granular after all"),
    ],
)
def test_places(
    kind: str, path: tuple[str, ...], sort: Sort, is_atomic: bool, keys: tuple[str, ...], is_set: bool
) -> None:
    node = at(kind, *path)
    assert (node.sort, node.is_atomic, node.keys, node.is_set) == (sort, is_atomic, keys, is_set)


def test_keys_stand_for_defaults() -> None:
    ports = at("v1/Pod", "spec", "containers", "*", "ports")
    assert ports.keys == ("containerPort", "protocol")
    assert ports.key_defaults == {"containerPort": 0, "protocol": "TCP"}
    assert at("v1/ServiceAccount", "secrets").key_defaults == {}
    assert at("v1/ServiceAccount", "imagePullSecrets").keys == ()


def test_fields_are_declared_and_keys_are_not() -> None:
    configmap = at("v1/ConfigMap")
    assert configmap.is_field("data")
    assert not configmap.is_field("bogus")
    assert configmap.child("bogus") is None
    data = at("v1/ConfigMap", "data")
    assert not data.is_field("any")
    assert data.child("any") is not None


def test_scalars_know_their_type() -> None:
    assert at("apps/v1/Deployment", "spec", "replicas").scalar is Scalar.NUMERIC
    assert at("v1/Pod", "spec", "hostNetwork").scalar is Scalar.BOOLEAN
    assert at("v1/Pod", "metadata", "name").scalar is Scalar.STRING
    assert at("v1/Pod", "metadata", "creationTimestamp").scalar is Scalar.ANY


def test_what_nothing_is_known_of_is_deduced() -> None:
    data = at("apps/v1/ControllerRevision", "data", "spec")
    assert data.sort is Sort.DEDUCED


def test_a_kind_has_one_node() -> None:
    assert schema("v1", "Pod").node is schema("v1", "Pod").node


def test_every_field_of_every_type_has_a_place() -> None:
    for name in names():
        node = struct_node(name)
        for field in struct(name).fields:
            assert isinstance(node.child(field), Node), f"{name}.{field}"
