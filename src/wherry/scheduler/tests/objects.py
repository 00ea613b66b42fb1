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
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    return msgspec.convert({"metadata": metadata, "spec": {"containers": containers, **spec}}, Pod)


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
