"""What a scheduling decision looks at, in integers and sets, computed once per change rather than once per question.

Amounts are milli-CPU, bytes, and counts. A Pod's request is the larger of what its containers need together and what
any moment of its initialization needs (KEP-753 for restartable init containers), plus its RuntimeClass overhead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from wherry.api.meta.quantity import ceiling, milli
from wherry.api.types.core_v1 import Affinity, Container, Node, Pod, Taint, Toleration
from wherry.client import Key

CPU, MEMORY, EPHEMERAL, PODS = "cpu", "memory", "ephemeral-storage", "pods"
DEFAULT_CPU_SCORE, DEFAULT_MEMORY_SCORE = 100, 200 * 1024 * 1024
"""What a container without requests counts as when nodes are scored, so that such pods spread too."""

Amounts = dict[str, int]
HostPort = tuple[str, str, int]
"""(host IP, protocol, port)"""


@dataclass(frozen=True, slots=True)
class PodInfo:
    """A Pod as the scheduler sees it."""

    key: Key
    uid: str
    scheduler_name: str
    node_name: str
    priority: int
    created: float
    requests: Mapping[str, int]
    score_requests: Mapping[str, int]
    node_selector: Mapping[str, str]
    affinity: Affinity | None
    tolerations: tuple[Toleration, ...]
    host_ports: tuple[HostPort, ...]
    images: tuple[str, ...]
    is_gated: bool


@dataclass(slots=True)
class NodeInfo:
    """A node and the sum of what is placed on it."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False
    allocatable: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)
    """Size in bytes by image name."""
    exists: bool = False
    """False while only pods speak of it: nothing new is placed there."""
    pods: dict[str, PodInfo] = field(default_factory=dict)
    requested: Amounts = field(default_factory=dict)
    score_requested: Amounts = field(default_factory=dict)
    host_ports: dict[HostPort, int] = field(default_factory=dict)

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.uid] = pod
        self._count(pod, 1)

    def remove(self, uid: str) -> None:
        if (pod := self.pods.pop(uid, None)) is not None:
            self._count(pod, -1)

    def _count(self, pod: PodInfo, sign: int) -> None:
        for name, amount in pod.requests.items():
            self.requested[name] = self.requested.get(name, 0) + sign * amount
        for name, amount in pod.score_requests.items():
            self.score_requested[name] = self.score_requested.get(name, 0) + sign * amount
        for port in pod.host_ports:
            count = self.host_ports.get(port, 0) + sign
            if count:
                self.host_ports[port] = count
            else:
                self.host_ports.pop(port, None)


def pod_info(pod: Pod) -> PodInfo:
    """Take from a Pod's view what decisions need."""
    spec, meta = pod.spec, pod.metadata
    return PodInfo(
        key=Key(meta.namespace, meta.name),
        uid=meta.uid,
        scheduler_name=spec.scheduler_name or "default-scheduler",
        node_name=spec.node_name or "",
        priority=spec.priority or 0,
        created=meta.creation_timestamp.timestamp() if meta.creation_timestamp else 0.0,
        requests=pod_requests(pod),
        score_requests=_score_requests(pod),
        node_selector=spec.node_selector,
        affinity=spec.affinity,
        tolerations=spec.tolerations,
        host_ports=_host_ports(spec.containers, spec.init_containers),
        images=tuple(container.image for container in spec.containers if container.image),
        is_gated=bool(spec.scheduling_gates),
    )


def update_node(info: NodeInfo, node: Node) -> None:
    """Carry a Node's view over into its info."""
    spec, status = node.spec, node.status
    info.exists = True
    info.labels = node.metadata.labels
    info.taints = spec.taints
    info.unschedulable = bool(spec.unschedulable)
    info.allocatable = amounts(status.allocatable)
    info.images = {name: image.size_bytes or 0 for image in status.images for name in image.names}


def pod_requests(pod: Pod) -> Amounts:
    """All that a Pod asks of a node."""
    spec = pod.spec
    total = _sum(_requests(container) for container in spec.containers)
    if spec.init_containers:
        total = _with_init(total, spec.init_containers)
    if spec.resources is not None and spec.resources.requests:
        total |= amounts(spec.resources.requests)
    if spec.overhead:
        total = _sum((total, amounts(spec.overhead)))
    total[PODS] = 1
    return total


def _with_init(total: Amounts, containers: Iterable[Container]) -> Amounts:
    """What regular containers ask for, with sidecars beside them, or what the greediest moment before them asks for."""
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in containers:
        own = _requests(container)
        if container.restart_policy == "Always":
            sidecars = _sum((sidecars, own))
            own = sidecars
        else:
            own = _sum((sidecars, own))
        peak = _largest(peak, own)
    return _largest(_sum((total, sidecars)), peak)


def amounts(quantities: Mapping[str, str]) -> Amounts:
    """Quantities as integers: milli for CPU, whole units (rounded up) for everything else."""
    return {name: _amount(name == CPU, str(text)) for name, text in quantities.items()}


@lru_cache(maxsize=4096)
def _amount(is_cpu: bool, text: str) -> int:
    return milli(text) if is_cpu else ceiling(text)


def _requests(container: Container) -> Amounts:
    return amounts(container.resources.requests) if container.resources and container.resources.requests else {}


def _score_requests(pod: Pod) -> Amounts:
    spec = pod.spec
    total = {CPU: 0, MEMORY: 0}
    for container in (*spec.containers, *(c for c in spec.init_containers if c.restart_policy == "Always")):
        own = _requests(container)
        total[CPU] += own.get(CPU, DEFAULT_CPU_SCORE)
        total[MEMORY] += own.get(MEMORY, DEFAULT_MEMORY_SCORE)
    return total


def _host_ports(*families: Iterable[Container]) -> tuple[HostPort, ...]:
    return tuple(
        (port.host_ip or "0.0.0.0", port.protocol or "TCP", port.host_port)
        for family in families
        for container in family
        for port in container.ports
        if port.host_port
    )


def _sum(parts: Iterable[Mapping[str, int]]) -> Amounts:
    total: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _largest(left: Mapping[str, int], right: Mapping[str, int]) -> Amounts:
    return {name: max(left.get(name, 0), right.get(name, 0)) for name in {*left, *right}}
