"""What may be there, and what may happen, in a scenario: steps to be taken one by one, and parts of Pods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.resource import Resource
from wherry.api.storage.csinode import CSINODES
from wherry.api.storage.csistoragecapacity import CSISTORAGECAPACITIES
from wherry.api.storage.storageclass import STORAGECLASSES
from wherry.scheduler.tests.scene import Scene

Step = Callable[[Scene], Awaitable[object]]
ZONE = "topology.kubernetes.io/zone"


def node(name: str, cpu: str = "2", **more: Any) -> Step:
    return lambda on: on.node(name, cpu, **more)


def pod(name: str, node: str = "n1", **more: Any) -> Step:
    return lambda on: on.pod(name, nodeName=node, **more)


def gone(name: str) -> Step:
    return lambda on: on.delete(name)


def node_gone(name: str) -> Step:
    return lambda on: on.client.delete(NODES, name)


def labels(name: str, **changed: str | None) -> Step:
    return lambda on: on.client.patch(PODS, name, {"metadata": {"labels": changed}}, "default")


def node_labels(name: str, **changed: str | None) -> Step:
    return lambda on: on.client.patch(NODES, name, {"metadata": {"labels": changed}})


def node_spec(name: str, **changed: Any) -> Step:
    return lambda on: on.client.patch(NODES, name, {"spec": changed})


def allocatable(name: str, **amounts: str) -> Step:
    change = {"status": {"allocatable": {"gpu": amounts.pop("gpu"), **amounts} if "gpu" in amounts else amounts}}
    return lambda on: on.client.patch(NODES, name, change, subresource="status")


def resized(name: str, cpu: str) -> Step:
    change = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}}
    return lambda on: on.client.patch(PODS, name, change, "default", subresource="resize")


def status(name: str, **changed: Any) -> Step:
    return lambda on: on.client.patch(PODS, name, {"status": changed}, "default", subresource="status")


def put(resource: Resource, name: str, **more: Any) -> Step:
    """`more` is laid over a bare object; what its status says is written as such."""
    told = more.pop("status", None)

    async def step(on: Scene) -> None:
        namespace = "default" if resource.is_namespaced else ""
        meta = {"name": name, **more.pop("metadata", {})}
        version = f"{resource.group}/{resource.version}" if resource.group else resource.version
        obj: Obj = {"apiVersion": version, "kind": resource.kind, **more, "metadata": meta}
        await on.client.create(resource, obj, namespace)
        if told is not None:
            await on.client.patch(resource, name, {"status": told}, namespace, subresource="status")

    return step


def patch(resource: Resource, name: str, **change: Any) -> Step:
    namespace = "default" if resource.is_namespaced else ""
    return lambda on: on.client.patch(resource, name, change, namespace)


def removed(resource: Resource, name: str) -> Step:
    namespace = "default" if resource.is_namespaced else ""
    return lambda on: on.client.delete(resource, name, namespace)


def both(*steps: Step) -> Step:
    async def step(on: Scene) -> None:
        for one in steps:
            await one(on)

    return step


def requests(**amounts: str) -> Obj:
    named = {
        {"gpu": "example.com/gpu", "other": "example.com/other"}.get(name, name): amounts[name] for name in amounts
    }
    limits = {name: amount for name, amount in named.items() if "/" in name}
    return {"containers": [{"name": "c", "image": "app:1", "resources": {"requests": named, "limits": limits}}]}


def taint(key: str) -> Obj:
    return {"key": key, "effect": "NoSchedule"}


def tolerates(key: str) -> Obj:
    return {"tolerations": [{"key": key, "operator": "Exists"}]}


def exists(label: str) -> Obj:
    return {"matchExpressions": [{"key": label, "operator": "Exists"}]}


def near(label: str, key: str, kind: str = "podAffinity") -> Obj:
    term = {"labelSelector": exists(label), "topologyKey": key}
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def far(label: str, key: str) -> Obj:
    return {**near(label, key, "podAntiAffinity"), "labels": {label: "yes"}}


def in_group(group: str) -> Obj:
    expression = {"key": "group", "operator": "In", "values": [group]}
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def on_node(name: str) -> Obj:
    field = {"key": "metadata.name", "operator": "In", "values": [name]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


def spread(label: str, key: str, least: int = 3, **more: Any) -> Obj:
    """Over no fewer domains than there will be, so that one more Pod is one too many."""
    constraint = {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": exists(label),
        "minDomains": least,
    }
    return {"topologySpreadConstraints": [{**constraint, **more}], "labels": {label: "yes"}}


def port(number: int) -> Obj:
    return {"containers": [{"name": "c", "image": "app:1", "ports": [{"containerPort": 80, "hostPort": number}]}]}


def uses(claim: str) -> Obj:
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]}


def claim(name: str, volume: str = "", mode: str = "ReadWriteOnce", **more: Any) -> Step:
    spec: Obj = {
        "accessModes": [mode],
        "resources": {"requests": {"storage": "1Mi"}},
        "storageClassName": "",
        **more,
    }
    if not volume:
        return put(PERSISTENTVOLUMECLAIMS, name, spec=spec)
    bound = {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}
    spec["volumeName"] = volume
    return put(PERSISTENTVOLUMECLAIMS, name, metadata=bound, spec=spec, status={"phase": "Bound"})


def volume(name: str, zone: str = "", reached_from: str = "", **more: Any) -> Step:
    spec: Obj = {
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "1Mi"},
        "csi": {"driver": "disks", "volumeHandle": name},
        "storageClassName": "",
        **more,
    }
    if reached_from:
        expression = {"key": "place", "operator": "In", "values": [reached_from]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    return put(PERSISTENTVOLUMES, name, metadata={"labels": {ZONE: zone} if zone else {}}, spec=spec)


def a_class(name: str, *zones: str, **more: Any) -> Step:
    terms = [{"matchLabelExpressions": [{"key": ZONE, "values": list(zones)}]}] if zones else []
    late = {"provisioner": "disks", "volumeBindingMode": "WaitForFirstConsumer", **more}
    return put(STORAGECLASSES, name, allowedTopologies=terms, **late)


def csi_node(limit: int) -> Step:
    driver = {"name": "disks", "nodeID": "n1", "allocatable": {"count": limit}}
    return put(CSINODES, "n1", spec={"drivers": [driver]})


def capacity(name: str, of_class: str, amount: str) -> Step:
    return put(CSISTORAGECAPACITIES, name, storageClassName=of_class, capacity=amount, nodeTopology={})
