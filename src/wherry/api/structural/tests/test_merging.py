from __future__ import annotations

from wherry.api import Obj
from wherry.api.schema.nodes import DEDUCED, Node, Scalar, Sort
from wherry.api.schema.structnodes import struct_node
from wherry.api.structural.schema import StructuralSchema


def _node(schema: Obj, *path: str) -> Node:
    node = StructuralSchema.of({"type": "object", **schema}).node
    for step in path:
        inner = node.item if step == "[]" else node.child(step)
        assert inner is not None
        node = inner
    return node


FIELDS: Obj = {
    "s": {"type": "string"},
    "t": {"type": "string", "format": "date-time"},
    "n": {"type": "integer"},
    "b": {"type": "boolean"},
    "x": {"x-kubernetes-int-or-string": True},
    "atomic": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "string"}}},
    "list": {"type": "array", "items": {"type": "string"}},
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "map": {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k", "p"],
        "items": {"type": "object", "properties": {"k": {"type": "string"}, "p": {"type": "string", "default": "TCP"}}},
    },
    "free": {"type": "object", "additionalProperties": {"type": "integer"}},
    "any": {"type": "object"},
    "open": {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
        "properties": {"in": {"type": "object", "properties": {"a": {"type": "string"}}}},
    },
    "template": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}},
}
SPEC: Obj = {"properties": {"spec": {"type": "object", "properties": FIELDS}}}


def test_scalars() -> None:
    scalars = {name: _node(SPEC, "spec", name).scalar for name in ("s", "t", "n", "b")}
    assert scalars == {"s": Scalar.STRING, "t": Scalar.ANY, "n": Scalar.NUMERIC, "b": Scalar.BOOLEAN}
    assert _node(SPEC, "spec", "x") is DEDUCED


def test_every_object_has_metadata() -> None:
    root = _node({"properties": {"metadata": {"type": "object"}}})
    assert root.child("metadata") is struct_node("meta.v1.ObjectMeta")
    assert root.is_field("metadata") and root.is_field("kind")
    assert root.child("other") is None
    assert _node(SPEC, "spec", "template", "metadata") is struct_node("meta.v1.ObjectMeta")


def test_maps() -> None:
    spec = _node(SPEC, "spec")
    assert spec.sort is Sort.MAP and not spec.is_atomic
    assert spec.is_field("s") and not spec.is_field("other") and spec.child("other") is None
    assert _node(SPEC, "spec", "atomic").is_atomic
    free = _node(SPEC, "spec", "free")
    assert free.child("k") is not None and not free.is_field("k")
    assert _node(SPEC, "spec", "any", "k") is DEDUCED


def test_unknown_fields_are_preserved_from_there_on() -> None:
    assert _node(SPEC, "spec", "open", "k") is DEDUCED
    assert _node(SPEC, "spec", "open", "in", "k") is DEDUCED
    assert _node({"x-kubernetes-preserve-unknown-fields": True}, "k") is DEDUCED


def test_lists() -> None:
    plain, as_set, as_map = (_node(SPEC, "spec", name) for name in ("list", "set", "map"))
    assert (plain.sort, plain.is_set, plain.keys) == (Sort.LIST, False, ())
    assert as_set.is_set
    assert (as_map.keys, dict(as_map.key_defaults)) == (("k", "p"), {"p": "TCP"})
    assert _node(SPEC, "spec", "map", "[]", "k").scalar is Scalar.STRING


def test_nodes_are_made_once() -> None:
    schema = StructuralSchema.of({"type": "object", **SPEC})
    assert _node(SPEC, "spec", "map") is _node(SPEC, "spec", "map")
    assert schema.node.child("spec") is _node(SPEC, "spec")
