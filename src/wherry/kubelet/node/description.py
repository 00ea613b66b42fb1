"""The Node object from what is known of the machine: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from wherry.api import Obj
from wherry.kubelet.node.machine import Machine, Pressure
from wherry.kubelet.runtime.model import Image, RuntimeVersion
from wherry.lib.clock import format_time

KUBELET_VERSION = "v1.37.0+wherry"
MAX_IMAGES = 50

_HARD_MEMORY = 100 << 20
_HARD_DISK_SHARE = 0.10
_HARD_INODES_SHARE = 0.05
_HARD_PIDS_SHARE = 0.05


class NodeSettings(Struct, frozen=True):
    """What the operator says of the node."""

    name: str
    addresses: tuple[str, ...]
    hostname: str
    port: int
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Obj, ...] = ()
    max_pods: int = 110
    provider_id: str = ""


class Health(Struct, frozen=True):
    """What may be wrong with a node. Empty messages mean that all is well."""

    runtime: str = ""
    network: str = ""


def node_object(settings: NodeSettings, machine: Machine) -> Obj:
    """What a node registers itself as; its status follows in a write of its own."""
    spec: Obj = {}
    if settings.taints:
        spec["taints"] = list(settings.taints)
    if settings.provider_id:
        spec["providerID"] = settings.provider_id
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": settings.name,
            "labels": node_labels(settings, machine),
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": spec,
    }


def node_labels(settings: NodeSettings, machine: Machine) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": machine.architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": machine.architecture,
        "kubernetes.io/hostname": settings.hostname,
        "kubernetes.io/os": "linux",
        **settings.labels,
    }


def capacity(settings: NodeSettings, machine: Machine, pressure: Pressure) -> dict[str, str]:
    return {
        "cpu": str(machine.cores),
        "memory": f"{machine.memory // 1024}Ki",
        "ephemeral-storage": f"{pressure.disk_capacity // 1024}Ki",
        "pods": str(settings.max_pods),
        **{name: _size(amount) for name, amount in machine.hugepages.items()},
    }


def allocatable(settings: NodeSettings, machine: Machine, pressure: Pressure) -> dict[str, str]:
    """Capacity without what eviction would keep free."""
    return {
        **capacity(settings, machine, pressure),
        "memory": f"{(machine.memory - sum(machine.hugepages.values()) - _HARD_MEMORY) // 1024}Ki",
        "ephemeral-storage": str(int(pressure.disk_capacity * (1 - _HARD_DISK_SHARE))),
    }


def node_status(
    settings: NodeSettings,
    machine: Machine,
    pressure: Pressure,
    health: Health,
    version: RuntimeVersion,
    images: Sequence[Image],
) -> Obj:
    """Everything of the status but the conditions."""
    return {
        "addresses": [
            *({"type": "InternalIP", "address": address} for address in settings.addresses),
            {"type": "Hostname", "address": settings.hostname},
        ],
        "capacity": capacity(settings, machine, pressure),
        "allocatable": allocatable(settings, machine, pressure),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": settings.port}},
        "nodeInfo": {
            "machineID": machine.machine_id,
            "systemUUID": machine.system_uuid,
            "bootID": machine.boot_id,
            "kernelVersion": machine.kernel,
            "osImage": machine.os_image,
            "containerRuntimeVersion": f"{version.name}://{version.version}",
            "kubeletVersion": KUBELET_VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": machine.architecture,
        },
        "images": node_images(images),
    }


def node_images(images: Sequence[Image]) -> list[Obj]:
    """The largest images, by all their names: the scheduler prefers nodes that have what a pod needs."""
    largest = sorted(images, key=lambda image: (-image.size, image.id))[:MAX_IMAGES]
    return [{"names": [*image.digests, *image.tags][:5], "sizeBytes": image.size} for image in largest]


def node_conditions(pressure: Pressure, health: Health, old: Sequence[Obj], now: float) -> list[Obj]:
    """The node's conditions, in upstream's words, with transition times carried over where nothing changed."""
    low_disk = pressure.disk_available < pressure.disk_capacity * _HARD_DISK_SHARE
    low_inodes = pressure.inodes > 0 and pressure.inodes_available < pressure.inodes * _HARD_INODES_SHARE
    low_memory = pressure.memory_available < _HARD_MEMORY
    low_pids = pressure.pids - pressure.pids_used < pressure.pids * _HARD_PIDS_SHARE
    troubles = [text for text in (health.runtime, health.network) if text]
    made = [
        _pressure(
            "MemoryPressure",
            low_memory,
            "KubeletHasInsufficientMemory",
            "KubeletHasSufficientMemory",
            "memory available",
        ),
        _pressure("DiskPressure", low_disk or low_inodes, "KubeletHasDiskPressure", "KubeletHasNoDiskPressure", "disk"),
        _pressure("PIDPressure", low_pids, "KubeletHasInsufficientPID", "KubeletHasSufficientPID", "PID available"),
        {
            "type": "Ready",
            "status": "False" if troubles else "True",
            "reason": "KubeletNotReady" if troubles else "KubeletReady",
            "message": ", ".join(troubles) if troubles else "kubelet is posting ready status",
        },
    ]
    before = {each["type"]: each for each in old}
    for each in made:
        was = before.get(each["type"])
        is_same = was is not None and was.get("status") == each["status"]
        each["lastHeartbeatTime"] = format_time(now)
        each["lastTransitionTime"] = was["lastTransitionTime"] if was is not None and is_same else format_time(now)
    return made


def _pressure(type: str, holds: bool, bad: str, good: str, what: str) -> Obj:
    sentences = {
        "disk": ("kubelet has disk pressure", "kubelet has no disk pressure"),
        "memory available": (
            "kubelet has insufficient memory available",
            "kubelet has sufficient memory available",
        ),
        "PID available": ("kubelet has insufficient PID available", "kubelet has sufficient PID available"),
    }
    return {
        "type": type,
        "status": "True" if holds else "False",
        "reason": bad if holds else good,
        "message": sentences[what][0 if holds else 1],
    }


def _size(amount: int) -> str:
    if amount == 0:
        return "0"
    return f"{amount >> 30}Gi" if amount % (1 << 30) == 0 else f"{amount >> 20}Mi"
