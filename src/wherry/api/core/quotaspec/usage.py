"""What an object uses of a quota, and which kind of object a quota's name counts.

Kinds are called as errors call them: `pods`, `deployments.apps`.
"""

from __future__ import annotations

from collections.abc import Callable

from wherry.api import Obj
from wherry.api.core.quotaspec.amounts import NOTHING, ONE, Usage, amount, count, plus, whole
from wherry.api.core.quotaspec.podusage import pod_usage
from wherry.api.core.resourcenames import DEVICE_CLASS, is_hugepages, is_native

_CLAIMS, DEVICE_CLAIMS = "persistentvolumeclaims", "resourceclaims.resource.k8s.io"
Called = Callable[[str], str]
"""The extended resource that stands for a device class; "" where none does."""
_CLASS = ".storageclass.storage.k8s.io/"
_DEVICES = ".deviceclass.resource.k8s.io/devices"
_DEVICES_OF_PODS = "requests." + DEVICE_CLASS
_OF_A_POD = "resource.kubernetes.io/extended-resource-claim"
"""On a claim that was made because of what a Pod's containers ask for: that has been counted with the Pod."""
_BY_OLD_NAME = frozenset({"configmaps", "replicationcontrollers", "resourcequotas", "secrets"})
_OF_CLAIMS = (_CLAIMS, "requests.storage")
_OF_SERVICES = frozenset({"services", "services.loadbalancers", "services.nodeports"})
_COMPUTE = frozenset(
    {"pods"}
    | {prefix + name for prefix in ("", "requests.", "limits.") for name in ("cpu", "memory", "ephemeral-storage")}
)
_MOST_DEVICES = 32
"""What "all" devices count for."""
_IGNORED = frozenset({"events", "events.events.k8s.io"})


def kinds_of(name: str) -> tuple[str, ...]:
    """The kinds whose objects use what a quota calls `name`; none for what nothing uses."""
    if name.startswith("count/"):
        kind = name.removeprefix("count/")
        return () if kind in _IGNORED else (kind,)
    if name in _BY_OLD_NAME:
        return (name,)
    if name in _OF_SERVICES:
        return ("services",)
    if name in _OF_CLAIMS or any(name.endswith(_CLASS + each) for each in _OF_CLAIMS):
        return (_CLAIMS,)
    if name.endswith(_DEVICES):
        return (DEVICE_CLAIMS,)
    if name in _COMPUTE or is_hugepages(name.removeprefix("requests.")):
        return ("pods",)
    is_extended = name.startswith("requests.") and not is_native(name)
    return ("pods", DEVICE_CLAIMS) if is_extended or name.startswith(_DEVICES_OF_PODS) else ()


def needs_object(kind: str) -> bool:
    """Whether what an object of the kind uses depends on what is in it."""
    return kind in ("pods", "services", _CLAIMS, DEVICE_CLAIMS)


def nothing(_: str) -> str:
    """No device class is called anything."""
    return ""


def usage_of(kind: str, obj: Obj, now: float, called: Called = nothing) -> Usage:
    match kind:
        case "pods":
            return pod_usage(obj, now)
        case "services":
            return _of_service(obj)
        case "persistentvolumeclaims":
            return _of_claim(obj)
    usage: Usage = {f"count/{kind}": ONE}
    if kind in _BY_OLD_NAME:
        usage[kind] = ONE
    elif kind == DEVICE_CLAIMS:
        _add_devices(usage, obj, called)
    return usage


def _of_service(service: Obj) -> Usage:
    """Node ports count by intent: they are given out only after admission."""
    spec = service.get("spec") or {}
    ports = spec.get("ports") or ()
    balancers = node_ports = 0
    if spec.get("type") == "NodePort":
        node_ports = len(ports)
    elif spec.get("type") == "LoadBalancer":
        balancers = 1
        is_left_out = spec.get("allocateLoadBalancerNodePorts") is False
        node_ports = sum(1 for port in ports if port.get("nodePort")) if is_left_out else len(ports)
    return {
        "count/services": ONE,
        "services": ONE,
        "services.loadbalancers": count(balancers),
        "services.nodeports": count(node_ports),
    }


def _of_claim(claim: Obj) -> Usage:
    spec = claim.get("spec") or {}
    usage: Usage = {"count/persistentvolumeclaims": ONE, _CLAIMS: ONE}
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if asked is not None:
        storage = whole(amount(asked))
        granted = ((claim.get("status") or {}).get("allocatedResources") or {}).get("storage")
        if granted is not None and amount(granted).value > storage.value:
            storage = whole(amount(granted))
        usage["requests.storage"] = storage
    annotations = claim["metadata"].get("annotations") or {}
    name = annotations.get("volume.beta.kubernetes.io/storage-class", spec.get("storageClassName"))
    if name:
        usage.update({f"{name}{_CLASS}{each}": usage[each] for each in _OF_CLAIMS if each in usage})
    return usage


def _add_devices(usage: Usage, claim: Obj, called: Called) -> None:
    """Devices by class; of requests with alternatives the most that each class may have to give.

    They count as the extended resources that stand for their class as well, so that Pods that ask for them by these
    names and claims share one quota.
    """
    is_of_a_pod = (claim["metadata"].get("annotations") or {}).get(_OF_A_POD) == "true"
    for request in ((claim.get("spec") or {}).get("devices") or {}).get("requests") or ():
        most: dict[str, int] = {}
        for choice in (request["exactly"],) if request.get("exactly") else request.get("firstAvailable") or ():
            number = _MOST_DEVICES if choice.get("allocationMode") == "All" else choice.get("count") or 1
            name = choice.get("deviceClassName") or ""
            most[name] = max(most.get(name, 0), number)
        for name, number in most.items():
            keys = [name + _DEVICES]
            if not is_of_a_pod:
                keys.append(_DEVICES_OF_PODS + name)
                keys += [f"requests.{extended}" for extended in (called(name),) if extended]
            for key in keys:
                usage[key] = plus(usage.get(key, NOTHING), count(number))
