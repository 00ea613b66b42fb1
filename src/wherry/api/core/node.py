"""Nodes: the machines (or what pretends to be one) that pods run on."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.meta.columns import AGE, NAME, NONE, UNKNOWN, Value, text
from wherry.api.meta.conditions import find_condition
from wherry.api.resource import STATUS, Cell, Column, GroupVersionKind, Resource, Scope, Subresource
from wherry.api.schema import schema

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def _state(node: Obj, _: float) -> Cell:
    ready = find_condition((node.get("status") or {}).get("conditions"), "Ready")
    state = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return state + ",SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else state


def _roles(node: Obj, _: float) -> Cell:
    labels: dict[str, Any] = node["metadata"].get("labels") or {}
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    roles.add(labels.get(_ROLE_LABEL) or "")
    return ",".join(sorted(roles - {""})) or NONE


def _address(type: str) -> Value:
    def value(node: Obj, _: float) -> Cell:
        addresses = (node.get("status") or {}).get("addresses") or ()
        return next((address["address"] for address in addresses if address["type"] == type), NONE)

    return value


NODES = Resource(
    group="",
    version="v1",
    kind="Node",
    plural="nodes",
    schema=schema("v1", "Node"),
    short_names=("no",),
    scope=Scope.CLUSTER,
    keeps_status_on_create=True,
    columns=(
        NAME,
        Column("Status", _state, description="The status of the node"),
        Column("Roles", _roles, description="The roles of the node"),
        AGE,
        Column("Version", text("status.nodeInfo.kubeletVersion")),
        Column("Internal-IP", _address("InternalIP"), priority=1),
        Column("External-IP", _address("ExternalIP"), priority=1),
        Column("OS-Image", text("status.nodeInfo.osImage", UNKNOWN), priority=1),
        Column("Kernel-Version", text("status.nodeInfo.kernelVersion", UNKNOWN), priority=1),
        Column("Container-Runtime", text("status.nodeInfo.containerRuntimeVersion", UNKNOWN), priority=1),
    ),
    fields={"spec.unschedulable": lambda node: "true" if (node.get("spec") or {}).get("unschedulable") else "false"},
    subresources=(
        Subresource(
            "proxy", ("create", "delete", "get", "patch", "update"), GroupVersionKind("", "v1", "NodeProxyOptions")
        ),
        STATUS,
    ),
)
