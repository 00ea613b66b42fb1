"""What pods use: the Summary API's JSON, and Prometheus' text for metrics-server and the like. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.node.machine import Machine, Pressure
from wherry.kubelet.runtime.model import ContainerUsage
from wherry.lib.clock import format_time


def summary(
    node: str, machine: Machine, pressure: Pressure, pods: Iterable[Pod], usage: Sequence[ContainerUsage], now: float
) -> Obj:
    """`/stats/summary`, as far as the runtime's own accounts go."""
    by_pod: dict[str, list[ContainerUsage]] = {}
    for each in usage:
        by_pod.setdefault(each.uid, []).append(each)
    used = machine.memory - pressure.memory_available
    return {
        "node": {
            "nodeName": node,
            "memory": {
                "time": format_time(now),
                "availableBytes": pressure.memory_available,
                "usageBytes": used,
                "workingSetBytes": used,
            },
            "fs": {
                "time": format_time(now),
                "availableBytes": pressure.disk_available,
                "capacityBytes": pressure.disk_capacity,
                "usedBytes": pressure.disk_capacity - pressure.disk_available,
                "inodes": pressure.inodes,
                "inodesFree": pressure.inodes_available,
            },
            "rlimit": {"time": format_time(now), "maxpid": pressure.pids, "curproc": pressure.pids_used},
        },
        "pods": [_pod(pod, by_pod.get(pod.metadata.uid, []), now) for pod in pods],
    }


def _pod(pod: Pod, usage: Sequence[ContainerUsage], now: float) -> Obj:
    meta = pod.metadata
    return {
        "podRef": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
        "containers": [_container(each) for each in usage],
        "cpu": {
            "time": format_time(now),
            "usageNanoCores": sum(each.cpu_nanocores for each in usage),
            "usageCoreNanoSeconds": sum(each.cpu_nanoseconds for each in usage),
        },
        "memory": {
            "time": format_time(now),
            "usageBytes": sum(each.memory_usage for each in usage),
            "workingSetBytes": sum(each.memory_working_set for each in usage),
        },
    }


def _container(usage: ContainerUsage) -> Obj:
    time = format_time(usage.time / 1e9)
    return {
        "name": usage.name,
        "cpu": {
            "time": time,
            "usageNanoCores": usage.cpu_nanocores,
            "usageCoreNanoSeconds": usage.cpu_nanoseconds,
        },
        "memory": {
            "time": time,
            "usageBytes": usage.memory_usage,
            "workingSetBytes": usage.memory_working_set,
            "rssBytes": usage.memory_rss,
        },
        "rootfs": {"time": time, "usedBytes": usage.disk_bytes, "inodesUsed": usage.disk_inodes},
    }


def resource_metrics(pods: Iterable[Pod], usage: Sequence[ContainerUsage]) -> str:
    """`/metrics/resource`: what metrics-server reads."""
    names = {pod.metadata.uid: (pod.metadata.namespace, pod.metadata.name) for pod in pods}
    cpu = ["# TYPE container_cpu_usage_seconds_total counter"]
    memory = ["# TYPE container_memory_working_set_bytes gauge"]
    for each in usage:
        if each.uid not in names:
            continue
        namespace, pod = names[each.uid]
        labels = f'{{container="{each.name}",namespace="{namespace}",pod="{pod}"}}'
        stamp = each.time // 1_000_000
        cpu.append(f"container_cpu_usage_seconds_total{labels} {each.cpu_nanoseconds / 1e9:.9g} {stamp}")
        memory.append(f"container_memory_working_set_bytes{labels} {each.memory_working_set} {stamp}")
    return "\n".join([*cpu, *memory]) + "\n"
