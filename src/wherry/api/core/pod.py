"""Pods: containers that live and die together on one node."""

from __future__ import annotations

from collections.abc import Callable

from wherry.api import Obj
from wherry.api.core.podcolumns import COLUMNS
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
