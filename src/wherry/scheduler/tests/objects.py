"""Pods and nodes for the tests, as short as the point of each test allows."""

from __future__ import annotations

from typing import Any

import msgspec

from wherry.api.types.core_v1 import Node, Pod
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import Asks, PodInfo

_ASKS = Asks()


def pod(name: str = "web", cpu: str = "", memory: str = "", **spec: Any) -> Pod:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    containers = [{"name": "c", "image": "app:1", "resources": {"requests": requests}}]
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "labels": spec.pop("labels", {})}
    if spec.pop("deleted", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    status = spec.pop("status", {})
    body = {"metadata": metadata, "spec": {"containers": containers, **spec}, "status": status}
    return msgspec.convert(body, Pod)


def info(name: str = "web", cpu: str = "", memory: str = "", **spec: Any) -> PodInfo:
    return _ASKS.pod_info(pod(name, cpu, memory, **spec))


def node(name: str, cpu: str = "2", memory: str = "4Gi", pods: str = "110", **more: Any) -> Node:
    labels = {"kubernetes.io/hostname": name, **more.pop("labels", {})}
    status = {"allocatable": {"cpu": cpu, "memory": memory, "pods": pods}, "images": more.pop("images", [])}
    return msgspec.convert({"metadata": {"name": name, "labels": labels}, "spec": more, "status": status}, Node)


def cluster(*nodes: Node) -> Cluster:
    made = Cluster()
    for one in nodes:
        made.set_node(one)
    return made
