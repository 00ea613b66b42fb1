"""Nodes: the machines (or what pretends to be one) that pods run on."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.core.podspec.resources import validate_quantity
from wherry.api.field import ErrorType, FieldError, duplicate, forbidden, invalid, not_supported, required
from wherry.api.meta.addresses import parse_cidr, validate_legacy_cidr
from wherry.api.meta.columns import AGE, NAME, NONE, UNKNOWN, Value, text
from wherry.api.meta.conditions import find_condition
from wherry.api.meta.names import (
    config_key_faults,
    dns1123_label_faults,
    dns1123_subdomain_faults,
    label_value_faults,
    qualified_name_faults,
)
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


Faults = list[FieldError]

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_NO_CHANGE = 'node updates may not change {} except from "" to valid'


def set_defaults(node: Obj) -> None:
    """All of a node is for pods unless it keeps something back."""
    status = node.get("status")
    if status and status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])
    spec = node.get("spec")
    if spec:
        _agree(spec)


def _agree(spec: Obj) -> None:
    """`podCIDR` is the first of `podCIDRs`; where they differ it wins, as who writes it may know no other."""
    first, ranges = spec.get("podCIDR"), spec.get("podCIDRs")
    if first and (not ranges or ranges[0] != first):
        spec["podCIDRs"] = [first]
    elif ranges and not first:
        spec["podCIDR"] = ranges[0]


def validate(node: Obj) -> Faults:
    spec = node.get("spec") or {}
    faults: Faults = []
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(spec.get("taints") or ()):
        # Upstream's path: they were annotations once.
        _validate_taint(taint, seen, f"metadata.taints[{index}]", faults)
    _validate_resources(node, faults)
    return faults


def _validate_taint(taint: dict[str, Any], seen: set[tuple[str, str]], path: str, faults: Faults) -> None:
    key, value, effect = taint.get("key") or "", taint.get("value") or "", taint.get("effect") or ""
    faults += [invalid(path + ".key", key, why) for why in qualified_name_faults(key)]
    if reasons := label_value_faults(value):
        faults.append(invalid(path + ".value", value, ";".join(reasons)))
    if not effect:
        faults.append(required(path + ".effect"))
    elif effect not in _EFFECTS:
        faults.append(not_supported(path + ".effect", effect, _EFFECTS))
    if (key, effect) in seen:
        shown = {"Key": key, "Value": value, "Effect": effect, "TimeAdded": taint.get("timeAdded")}
        faults.append(replace(duplicate(path, shown), detail="taints must be unique by key and effect pair"))
    seen.add((key, effect))


def _validate_resources(node: Obj, faults: Faults) -> None:
    for kind in ("capacity", "allocatable"):
        for name, amount in ((node.get("status") or {}).get(kind) or {}).items():
            if amount[0] == "-" or name not in _USUAL:
                validate_quantity(name, amount, f"status.{kind}.{name}", faults)


_USUAL = frozenset({"cpu", "memory", "ephemeral-storage"})
"""What may be a fraction."""


def validate_create(node: Obj) -> Faults:
    cidrs = (node.get("spec") or {}).get("podCIDRs") or []
    faults: Faults = []
    for index, cidr in enumerate(cidrs):
        faults += validate_legacy_cidr(cidr, f"spec.podCIDRs[{index}]")
    if len(cidrs) < 2:
        return faults
    parsed = [parse_cidr(cidr) for cidr in cidrs]
    if wrong := [cidr for cidr, ranges in zip(cidrs, parsed, strict=True) if ranges is None]:
        why = "invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR address: " + wrong[0]
        faults.append(FieldError(ErrorType.INTERNAL, "spec.podCIDRs", why))
    families = {ranges[1].version for ranges in parsed if ranges is not None}
    if len(families) < 2 or len(cidrs) > 2:
        faults.append(invalid("spec.podCIDRs", cidrs, "may specify no more than one CIDR for each IP family"))
    faults += [duplicate(f"spec.podCIDRs[{i}]", cidr) for i, cidr in enumerate(cidrs) if cidr in cidrs[:i]]
    return faults


def validate_update(new: Obj, old: Obj) -> Faults:
    """What a cloud or controller has settled about the machine stays."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    faults: Faults = []
    _validate_addresses(new, faults)
    cidrs, had = spec.get("podCIDRs") or [], before.get("podCIDRs") or []
    if had:
        pairs = zip(cidrs, had, strict=True) if len(cidrs) == len(had) else [("", "-")]
        for value, previous in pairs:
            if value != previous:
                faults.append(forbidden("spec.podCIDRs", _NO_CHANGE.format("podCIDR")))
    if before.get("providerID") and spec.get("providerID") != before["providerID"]:
        faults.append(forbidden("spec.providerID", _NO_CHANGE.format("providerID")))
    if (source := spec.get("configSource")) is not None:
        _validate_source(source, "spec.configSource", False, faults)
    for field in ("assigned", "active", "lastKnownGood"):
        source = ((new.get("status") or {}).get("config") or {}).get(field)
        if source is not None:
            _validate_source(source, f"status.config.{field}", True, faults)
    if (spec.get("externalID") or "") != (before.get("externalID") or ""):
        faults.append(forbidden("spec.externalID", "may not be updated"))
    return faults


def _validate_addresses(node: Obj, faults: Faults) -> None:
    known: set[tuple[str, str]] = set()
    for index, address in enumerate((node.get("status") or {}).get("addresses") or ()):
        key = (address.get("type") or "", address.get("address") or "")
        if key in known:
            faults.append(duplicate(f"status.addresses[{index}]", {"Type": key[0], "Address": key[1]}))
        known.add(key)


def _validate_source(source: Obj, path: str, is_status: bool, faults: Faults) -> None:
    """Of the kubelet's configuration, which nothing heeds any more."""
    config = source.get("configMap")
    if config is None:
        faults.append(invalid(path, {"ConfigMap": None}, "exactly one reference subfield must be non-nil"))
        return
    path += ".configMap"
    for field in ("uid", "resourceVersion"):
        if is_status and not config.get(field):
            faults.append(required(f"{path}.{field}", f"{field} must be set in status"))
        elif not is_status and config.get(field):
            faults.append(forbidden(f"{path}.{field}", f"{field} must not be set in spec"))
    for field, judge in _SOURCE_NAMES:
        if value := config.get(field):
            faults += [invalid(f"{path}.{field}", value, why) for why in judge(value)]
        else:
            faults.append(required(f"{path}.{field}", f"{field} must be set"))


_SOURCE_NAMES = (
    ("namespace", dns1123_label_faults),
    ("name", dns1123_subdomain_faults),
    ("kubeletConfigKey", config_key_faults),
)


def validate_status_update(new: Obj, old: Obj) -> Faults:
    return [*validate(new), *validate_update(new, old)]


def warnings(new: Obj, old: Obj | None) -> list[str]:
    spec, before = new.get("spec") or {}, (old or {}).get("spec") or {}
    found = []
    if spec.get("configSource") is not None and (old is None or before.get("configSource") is None):
        found.append("spec.configSource: the feature is removed")
    if spec.get("externalID"):
        found.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    return found


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
    validate_create=validate_create,
    validate_update=validate_update,
    validate_status_update=validate_status_update,
    warnings=warnings,
)
