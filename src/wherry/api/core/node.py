"""Nodes: the machines (or what pretends to be one) that pods run on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wherry.api import Obj
from wherry.api.field import FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.columns import AGE, NAME, NONE, UNKNOWN, Value, text
from wherry.api.meta.conditions import find_condition
from wherry.api.meta.names import cidr_faults, label_value_faults, qualified_name_faults
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
        return next((address.get("address") or "" for address in addresses if address.get("type") == type), NONE)

    return value


_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")


def set_defaults(node: Obj) -> None:
    """All of a node is for pods unless it keeps something back."""
    status = node.get("status")
    if status and status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])
    spec = node.get("spec")
    if spec and spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]
    elif spec and spec.get("podCIDRs") and not spec.get("podCIDR"):
        spec["podCIDR"] = spec["podCIDRs"][0]


def validate(node: Obj) -> list[FieldError]:
    spec, faults = node.get("spec") or {}, []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(spec.get("taints") or ()):
        faults += _validate_taint(taint, seen, f"spec.taints[{index}]")
    for index, cidr in enumerate(spec.get("podCIDRs") or ()):
        faults += [invalid(f"spec.podCIDRs[{index}]", cidr, why) for why in cidr_faults(cidr)]
    return faults


def _validate_taint(taint: dict[str, Any], seen: set[tuple[str, str]], path: str) -> list[FieldError]:
    key, value, effect = taint.get("key") or "", taint.get("value") or "", taint.get("effect") or ""
    faults = [invalid(path + ".key", key, why) for why in qualified_name_faults(key)]
    if reasons := label_value_faults(value):
        faults.append(invalid(path + ".value", value, ";".join(reasons)))
    if not effect:
        faults.append(required(path + ".effect"))
    elif effect not in _EFFECTS:
        faults.append(not_supported(path + ".effect", effect, _EFFECTS))
    if (key, effect) in seen:
        faults.append(replace(duplicate(path, taint), detail="taints must be unique by key and effect pair"))
    seen.add((key, effect))
    return faults


def validate_update(new: Obj, old: Obj) -> list[FieldError]:
    """What a cloud or controller has settled about the machine stays."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    faults: list[FieldError] = []
    if before.get("podCIDRs") and spec.get("podCIDRs") != before["podCIDRs"]:
        why = 'node updates may not change podCIDR except from "" to valid'
        faults.append(forbidden("spec.podCIDRs", why))
    if before.get("providerID") and spec.get("providerID") != before["providerID"]:
        why = 'node updates may not change providerID except from "" to valid'
        faults.append(forbidden("spec.providerID", why))
    return faults


def warnings(new: Obj, old: Obj | None) -> list[str]:
    if old is None and (new.get("spec") or {}).get("configSource") is not None:
        return ["spec.configSource: the feature is removed"]
    return []


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
    defaults=set_defaults,
    validate=validate,
    validate_update=validate_update,
    warnings=warnings,
)
