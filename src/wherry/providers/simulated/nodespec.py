"""What a simulated node is like, and the Node object that it registers as. Pure."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec import Struct, field
from msgspec.structs import replace

from wherry.api import Obj
from wherry.kubelet.node.description import (
    KUBELET_VERSION,
    Health,
    NodeSettings,
    capacity,
    node_conditions,
    node_labels,
)
from wherry.kubelet.node.machine import Machine, Pressure

ADDRESSES = ipaddress.ip_network("172.16.0.0/12")
"""Where nodes have their addresses that say nothing else."""
POD_ADDRESSES = ipaddress.ip_network("10.64.0.0/10")
"""Where their Pods have theirs."""
RUNTIME = "simulated"
SIMULATED = "simulate.wherry.dev/simulated"
"""The label by which simulated nodes are told from others."""

_PLENTY = Pressure(
    memory_available=1 << 60,
    disk_available=1 << 60,
    disk_capacity=1 << 60,
    inodes_available=0,
    inodes=0,
    pids_used=0,
    pids=1 << 22,
)


class NodeSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """One node, also as JSON says it.

    `address` and `pod_cidr` are found when they are ""; `resources` adds to the four that all have.
    """

    name: str
    cpu: str = "32"
    memory: str = "256Gi"
    pods: int = 110
    storage: str = "1Ti"
    resources: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Obj] = ()
    zone: str = ""
    region: str = ""
    architecture: str = "amd64"
    address: str = ""
    pod_cidr: str = ""


def node_specs(
    count: int, prefix: str = "node-", *, zones: Sequence[str] = (), like: NodeSpec | None = None
) -> list[NodeSpec]:
    """`count` nodes of one kind, `node-1` and so on, spread over `zones`."""
    model = like or NodeSpec(name="")
    return [
        replace(model, name=f"{prefix}{number + 1}", zone=zones[number % len(zones)] if zones else model.zone)
        for number in range(count)
    ]


def placed(spec: NodeSpec, number: int) -> NodeSpec:
    """The spec with an address, and addresses for its Pods, that no other number gets."""
    prefix = pod_prefix(spec.pods)
    block = int(POD_ADDRESSES.network_address) + (number << (32 - prefix))
    return replace(
        spec,
        address=spec.address or str(ADDRESSES[number + 1]),
        pod_cidr=spec.pod_cidr or f"{ipaddress.ip_address(block)}/{prefix}",
    )


def pod_prefix(pods: int) -> int:
    """How long the prefix of a node's Pods is: room for twice as many, a /24 at least."""
    return min(24, 32 - (2 * pods + 2).bit_length())


def node_object(spec: NodeSpec, now: float, images: Sequence[Obj] = ()) -> Obj:
    """The Node as it registers, with its status: one write."""
    settings = _settings(spec)
    labels = {**node_labels(settings, _machine(spec)), SIMULATED: "true"}
    if spec.zone:
        labels["topology.kubernetes.io/zone"] = spec.zone
    if spec.region:
        labels["topology.kubernetes.io/region"] = spec.region
    body: Obj = {"podCIDR": spec.pod_cidr, "podCIDRs": [spec.pod_cidr]}
    if spec.taints:
        body["taints"] = [dict(each) for each in spec.taints]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": spec.name,
            "labels": {**labels, **spec.labels},
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true", **spec.annotations},
        },
        "spec": body,
        "status": node_status(spec, now, images),
    }


def node_status(spec: NodeSpec, now: float, images: Sequence[Obj] = (), old: Sequence[Obj] = ()) -> Obj:
    """All that the node says of itself."""
    resources = _resources(spec)
    identity = _machine(spec)
    return {
        "addresses": [{"type": "InternalIP", "address": spec.address}, {"type": "Hostname", "address": spec.name}],
        "capacity": resources,
        "allocatable": resources,
        "conditions": node_conditions(_PLENTY, Health(), old, now),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": identity.machine_id,
            "systemUUID": identity.system_uuid,
            "bootID": identity.boot_id,
            "kernelVersion": identity.kernel,
            "osImage": identity.os_image,
            "containerRuntimeVersion": f"{RUNTIME}://{KUBELET_VERSION[1:].partition('+')[0]}",
            "kubeletVersion": KUBELET_VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": identity.architecture,
        },
        "images": list(images),
    }


def _resources(spec: NodeSpec) -> dict[str, str]:
    counted = capacity(_settings(spec), _machine(spec), _PLENTY)
    return {
        **counted,
        "cpu": spec.cpu,
        "memory": spec.memory,
        "ephemeral-storage": spec.storage,
        **spec.resources,
    }


def _settings(spec: NodeSpec) -> NodeSettings:
    return NodeSettings(spec.name, (spec.address,), spec.name, 10250, max_pods=spec.pods)


def _machine(spec: NodeSpec) -> Machine:
    return _identity(spec.name, spec.architecture)


@lru_cache(maxsize=8)
def _identity(name: str, architecture: str) -> Machine:
    digest = hashlib.sha256(name.encode()).hexdigest()
    uuid = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    return Machine(
        cores=0,
        memory=0,
        machine_id=digest[:32],
        system_uuid=uuid,
        boot_id=uuid[::-1],
        kernel="simulated",
        os_image="Simulated",
        architecture=architecture,
        hugepages={},
    )
