"""Small kinds for the tests: places of every sort, and objects as short as can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wherry.api import Obj
from wherry.api.managedfields.updating import Kind, Writer
from wherry.api.schema.nodes import DEDUCED, Node, Scalar, Sort

TEXT = Node(Sort.SCALAR, scalar=Scalar.STRING)
NUMBER = Node(Sort.SCALAR, scalar=Scalar.NUMERIC)
FLAG = Node(Sort.SCALAR, scalar=Scalar.BOOLEAN)
ANY = Node(Sort.SCALAR)


def struct(fields: Mapping[str, Node], *, is_atomic: bool = False) -> Node:
    return Node(Sort.MAP, is_atomic, child=fields.get, is_field=fields.__contains__)


def free(item: Node, *, is_atomic: bool = False) -> Node:
    return Node(Sort.MAP, is_atomic, child=lambda _: item)


PORT = struct({"port": NUMBER, "protocol": TEXT, "name": TEXT})
ITEM = struct({"name": TEXT, "value": NUMBER, "labels": free(TEXT), "args": Node(Sort.LIST, item=TEXT)})
SPEC = struct(
    {
        "text": TEXT,
        "number": NUMBER,
        "flag": FLAG,
        "any": ANY,
        "data": free(TEXT),
        "nested": free(struct({"a": NUMBER, "b": NUMBER})),
        "whole": struct({"a": NUMBER, "b": NUMBER}, is_atomic=True),
        "inner": struct({"a": NUMBER, "b": NUMBER}),
        "args": Node(Sort.LIST, item=TEXT),
        "set": Node(Sort.LIST, is_set=True, item=TEXT),
        "items": Node(Sort.LIST, keys=("name",), item=ITEM),
        "ports": Node(Sort.LIST, keys=("port", "protocol"), key_defaults={"protocol": "TCP"}, item=PORT),
        "deduced": DEDUCED,
    }
)
META = struct(
    {
        "name": TEXT,
        "namespace": TEXT,
        "uid": TEXT,
        "resourceVersion": TEXT,
        "labels": free(TEXT),
        "annotations": free(TEXT),
        "finalizers": Node(Sort.LIST, is_set=True, item=TEXT),
        "managedFields": Node(Sort.LIST),
    }
)
THING = struct({"apiVersion": TEXT, "kind": TEXT, "metadata": META, "spec": SPEC, "status": SPEC})


@dataclass(frozen=True)
class Renaming:
    """Versions of which `v2` calls `number` otherwise."""

    nodes: Mapping[str, Node]

    def node(self, api_version: str) -> Node | None:
        return self.nodes.get(api_version)

    def convert(self, obj: Obj, api_version: str) -> Obj:
        spec = dict(obj.get("spec") or {})
        old, new = ("count", "number") if api_version == "v1" else ("number", "count")
        if old in spec:
            spec[new] = spec.pop(old)
        return {**obj, "apiVersion": api_version, "spec": spec}


def _second_spec(name: str) -> Node | None:
    return NUMBER if name == "count" else None if name == "number" else SPEC.child(name)


SPEC_2 = Node(Sort.MAP, child=_second_spec, is_field=lambda name: _second_spec(name) is not None)
THING_2 = struct({"apiVersion": TEXT, "kind": TEXT, "metadata": META, "spec": SPEC_2})
VERSIONS = Renaming({"v1": THING, "v2": THING_2})
KIND = Kind("v1", THING, VERSIONS)
KIND_2 = Kind("v2", THING_2, VERSIONS)


def thing(meta: Mapping[str, Any] | None = None, version: str = "v1", **spec: Any) -> Obj:
    obj: Obj = {"apiVersion": version, "kind": "Thing", "metadata": {"name": "t", **(meta or {})}}
    if spec:
        obj["spec"] = spec
    return obj


def writer(manager: str, time: int = 0, subresource: str = "") -> Writer:
    return Writer(manager, subresource, f"2026-01-01T00:00:{time:02d}Z")
