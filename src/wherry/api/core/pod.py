"""Pods: containers that live and die together on one node. The rules for what they may be stand in `podspec`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wherry.api import Obj
from wherry.api.core.podcolumns import COLUMNS
from wherry.api.core.podspec.annotations import validate_agreement, validate_annotations
from wherry.api.core.podspec.defaults import set_pod_defaults
from wherry.api.core.podspec.qos import qos_class
from wherry.api.core.podspec.scheduling import merge_label_keys
from wherry.api.core.podspec.status import validate_pod_status_update
from wherry.api.core.podspec.update import validate_pod_update
from wherry.api.core.podspec.validate import validate_pod_spec
from wherry.api.core.podspec.warnings import warn
from wherry.api.field import FieldError, forbidden
from wherry.api.resource import STATUS, GroupVersionKind, Resource, Subresource
from wherry.api.schema import schema

_GET_CREATE = ("create", "get")
_PROXY = ("create", "delete", "get", "patch", "update")


def _core(kind: str) -> GroupVersionKind:
    return GroupVersionKind("", "v1", kind)


def _spec(field: str) -> Callable[[Obj], str]:
    return lambda pod: (pod.get("spec") or {}).get(field) or ""


def _status(field: str) -> Callable[[Obj], str]:
    return lambda pod: (pod.get("status") or {}).get(field) or ""


def _host_network(pod: Obj) -> str:
    return "true" if (pod.get("spec") or {}).get("hostNetwork") else "false"


def _ips(pod: Obj) -> str:
    return ",".join(address.get("ip") or "" for address in (pod.get("status") or {}).get("podIPs") or ())


def set_defaults(pod: Obj) -> None:
    """Fill in the specification, and keep the two spellings of the pod's address in step."""
    set_pod_defaults(pod.setdefault("spec", {}))
    if status := pod.get("status"):
        _align_addresses(status)


def _align_addresses(status: dict[str, Any]) -> None:
    address, addresses = status.get("podIP"), status.get("podIPs")
    if address and not addresses:
        status["podIPs"] = [{"ip": address}]
    elif addresses and not address:
        status["podIP"] = addresses[0].get("ip")


def prepare_create(pod: Obj) -> None:
    """A new pod waits; how well it will be treated is settled now."""
    spec = pod["spec"]
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    if "affinity" in spec or "topologySpreadConstraints" in spec:
        merge_label_keys(spec, pod["metadata"].get("labels") or {})
    status: dict[str, Any] = {"phase": "Pending", "qosClass": qos_class(spec)}
    if spec.get("schedulingGates"):
        status["conditions"] = [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }
        ]
    pod["status"] = status


def prepare_status_update(new: Obj, old: Obj) -> None:
    """A report changes neither owners nor the class that was settled at the start."""
    _restore(new["metadata"], old["metadata"], "ownerReferences")
    status = new.setdefault("status", {})
    if qos := (old.get("status") or {}).get("qosClass"):
        status["qosClass"] = qos
    _align_addresses(status)


def _restore(new: dict[str, Any], old: dict[str, Any], field: str) -> None:
    if field in old:
        new[field] = old[field]
    else:
        new.pop(field, None)


def validate(pod: Obj) -> list[FieldError]:
    """What holds for every state of a pod."""
    metadata, faults = pod["metadata"], list[FieldError]()
    if annotations := metadata.get("annotations"):
        validate_annotations(annotations, pod["spec"], "metadata.annotations", faults)
    return faults + validate_pod_spec(pod["spec"], "spec", metadata.get("name") or "")


def validate_create(pod: Obj) -> list[FieldError]:
    """What holds only for a pod that is being made."""
    spec = pod["spec"]
    faults: list[FieldError] = []
    if spec.get("ephemeralContainers"):
        faults.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        why = "cannot be set until all schedulingGates have been cleared"
        faults.append(forbidden("spec.nodeName", why))
    if annotations := pod["metadata"].get("annotations"):
        validate_agreement(annotations, spec, "spec", faults)
    return faults


def grace_seconds(pod: Obj, requested: int | None) -> int:
    """How long the pod may take to end; nothing waits for one that runs nowhere or has ended."""
    spec, phase = pod["spec"], (pod.get("status") or {}).get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    seconds = spec.get("terminationGracePeriodSeconds") or 0 if requested is None else requested
    return 1 if seconds < 0 else seconds


PODS = Resource(
    group="",
    version="v1",
    kind="Pod",
    plural="pods",
    schema=schema("v1", "Pod"),
    short_names=("po",),
    categories=("all",),
    has_generation=True,
    columns=COLUMNS,
    defaults=set_defaults,
    prepare_create=prepare_create,
    prepare_status_update=prepare_status_update,
    validate=validate,
    validate_create=validate_create,
    validate_update=validate_pod_update,
    validate_status_update=validate_pod_status_update,
    warnings=warn,
    grace_seconds=grace_seconds,
    returns_deleted=True,
    fields={
        "spec.nodeName": _spec("nodeName"),
        "spec.restartPolicy": _spec("restartPolicy"),
        "spec.schedulerName": _spec("schedulerName"),
        "spec.serviceAccountName": _spec("serviceAccountName"),
        "spec.hostNetwork": _host_network,
        "status.phase": _status("phase"),
        "status.podIP": _status("podIP"),
        "status.podIPs": _ips,
        "status.nominatedNodeName": _status("nominatedNodeName"),
    },
    subresources=(
        Subresource("attach", _GET_CREATE, _core("PodAttachOptions")),
        Subresource("binding", ("create",), _core("Binding")),
        Subresource("ephemeralcontainers"),
        Subresource("eviction", ("create",), GroupVersionKind("policy", "v1", "Eviction")),
        Subresource("exec", _GET_CREATE, _core("PodExecOptions")),
        Subresource("log", ("get",)),
        Subresource("portforward", _GET_CREATE, _core("PodPortForwardOptions")),
        Subresource("proxy", _PROXY, _core("PodProxyOptions")),
        Subresource("resize"),
        STATUS,
    ),
)
