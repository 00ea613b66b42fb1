"""The merge `Node`s of built-in types, made from their shapes when first looked at and shared by the whole process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec.structs import replace

from wherry.api.schema.nodes import DEDUCED, Node, Scalar, Sort
from wherry.api.schema.shapes import Field, Struct, struct

_SCALARS = {
    "s": Node(Sort.SCALAR, scalar=Scalar.STRING),
    "y": Node(Sort.SCALAR, scalar=Scalar.STRING),
    "i": Node(Sort.SCALAR, scalar=Scalar.NUMERIC),
    "l": Node(Sort.SCALAR, scalar=Scalar.NUMERIC),
    "d": Node(Sort.SCALAR, scalar=Scalar.NUMERIC),
    "b": Node(Sort.SCALAR, scalar=Scalar.BOOLEAN),
    "t": Node(Sort.SCALAR),
    "u": Node(Sort.SCALAR),
    "q": Node(Sort.SCALAR),
    "x": Node(Sort.SCALAR),
}

_FREE_OBJECT = Node(Sort.MAP, child=lambda _: DEDUCED)
_OTHERS = {"o": _FREE_OBJECT, "f": _FREE_OBJECT, "j": DEDUCED, "A": DEDUCED, "B": DEDUCED, "S": DEDUCED}

_KEY_DEFAULTS = {
    ("core.v1.ContainerPort", "protocol"): "TCP",
    ("core.v1.ServicePort", "protocol"): "TCP",
    ("core.v1.LocalObjectReference", "name"): "",
}
"""Keys with a default of their own. A required key without one stands for its zero value, as Go writes it."""

_ALWAYS = frozenset(
    {
        "apps.v1.DaemonSetSpec.updateStrategy",
        "apps.v1.DeploymentSpec.strategy",
        "apps.v1.ReplicaSetSpec.template",
        "apps.v1.StatefulSetSpec.updateStrategy",
        "core.v1.Container.resources",
        "core.v1.ContainerStatus.lastState",
        "core.v1.ContainerStatus.state",
        "core.v1.Event.source",
        "core.v1.NodeDaemonEndpoints.kubeletEndpoint",
        "core.v1.NodeStatus.daemonEndpoints",
        "core.v1.NodeStatus.nodeInfo",
        "core.v1.PersistentVolumeClaimSpec.resources",
        "core.v1.PodTemplate.template",
        "core.v1.ServiceStatus.loadBalancer",
        "events.v1.Event.deprecatedSource",
        "events.v1.Event.regarding",
        "networking.v1.IngressStatus.loadBalancer",
        "networking.v1.NetworkPolicySpec.podSelector",
        "resource.v1.AllocationResult.devices",
        "resource.v1.ResourceClaimSpec.devices",
    }
)
"""Structs that Go keeps by value although OpenAPI does not require them, beside `metadata`, `spec` and `status`."""
_BY_VALUE = frozenset({"metadata", "spec", "status"})
_NOT_ALWAYS = frozenset(
    {
        "networking.v1.IPAddressSpec.parentRef",
        "resource.v1.CounterSet.counters",
        "resource.v1.DeviceCounterConsumption.counters",
    }
)
"""Required, but left out by Go when empty."""

ZERO: Mapping[str, Any] = {"s": "", "i": 0, "l": 0, "b": False}


@cache
def struct_node(name: str) -> Node:
    """The place of a value of a type such as `core.v1.PodSpec` (`meta.v1.ObjectMeta` for any object's metadata)."""
    shape = struct(name)
    children = _Children(shape)
    return Node(
        Sort.MAP,
        is_atomic=shape.map_type == "atomic",
        child=children.__getitem__,
        is_field=shape.fields.__contains__,
    )


class _Children(dict[str, Node | None]):
    """The places of a type's fields; each is made when first asked for. Unknown names are not remembered."""

    __slots__ = ("_shape",)

    def __init__(self, shape: Struct) -> None:
        super().__init__()
        self._shape = shape

    def __missing__(self, name: str) -> Node | None:
        field = self._shape.fields.get(name)
        if field is None:
            return None
        node = _field_node(field)
        if node.sort in (Sort.MAP, Sort.LIST) and is_always(self._shape, name, field):
            node = replace(node, is_always=True)
        self[name] = node
        return node


def is_always(shape: Struct, name: str, field: Field) -> bool:
    """Whether Go writes the field even when nothing was said in it."""
    qualified = f"{shape.name}.{name}"
    if qualified in _ALWAYS or (name in _BY_VALUE and field.type[0] == "@"):
        return True
    return name in shape.required and qualified not in _NOT_ALWAYS


def _field_node(field: Field) -> Node:
    node = _node(field.type)
    if node.sort is Sort.LIST:
        return _list_node(field, node)
    if field.map_type and node.sort is Sort.MAP:
        return Node(Sort.MAP, field.map_type == "atomic", child=node.child, is_field=node.is_field)
    return node


def _list_node(field: Field, plain: Node) -> Node:
    if field.list_type == "set" or (not field.list_type and _merges(field) and not field.patch_key):
        return Node(Sort.LIST, is_set=True, item=plain.item)
    keys = field.list_keys if field.list_type == "map" else ()
    if not field.list_type and _merges(field):
        keys = (field.patch_key,)
    if not keys:
        return plain
    return Node(Sort.LIST, keys=keys, key_defaults=_defaults(field.type[2:], keys), item=plain.item)


def _merges(field: Field) -> bool:
    return field.patch_strategy in ("merge", "merge,retainKeys")


def _defaults(item: str, keys: tuple[str, ...]) -> dict[str, Any]:
    shape = struct(item)
    defaults: dict[str, Any] = {}
    for key in keys:
        if (item, key) in _KEY_DEFAULTS:
            defaults[key] = _KEY_DEFAULTS[item, key]
        elif key in shape.required:
            defaults[key] = ZERO.get(shape.fields[key].type, "")
    return defaults


@cache
def _node(expression: str) -> Node:
    """The place of a value of a type expression, as long as its field says nothing special."""
    first, rest = expression[0], expression[1:]
    if first == "@":
        return struct_node(rest)
    if first == "[":
        return Node(Sort.LIST, item=_node(rest))
    if first == "{":
        inner = _node(rest)
        return Node(Sort.MAP, child=lambda _: inner)
    return _SCALARS.get(first) or _OTHERS[first]
