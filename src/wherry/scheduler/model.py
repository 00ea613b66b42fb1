"""What a scheduling decision looks at, computed once per change rather than once per question.

Equal Pods share one `Ask`, so that what was found out for one of them holds for all: a ReplicaSet's pods differ in name
and UID only. A `PodInfo` is small, because there is one for every Pod that runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct, field

from wherry.api.core.podfeatures import required_features
from wherry.api.types.core_v1 import (
    Affinity,
    Container,
    Node,
    Pod,
    PodResourceClaim,
    PodResourceClaimStatus,
    PodSpec,
    Taint,
    Toleration,
    TopologySpreadConstraint,
    Volume,
)
from wherry.client import Key
from wherry.scheduler.amounts import Amounts, amounts, is_resized, pod_requests, score_requests

HostPort = tuple[str, str, int]
"""(host IP, protocol, port)"""


class Ask(Struct, frozen=True, eq=False):
    """What a Pod asks of a cluster. One value for all that ask the same: compare by identity, keep things by it."""

    scheduler_name: str
    priority: int
    preempts: bool
    """False for preemptionPolicy Never."""
    requests: Mapping[str, int]
    score_requests: Mapping[str, int]
    node_selector: Mapping[str, str]
    affinity: Affinity | None
    spread: tuple[TopologySpreadConstraint, ...]
    tolerations: tuple[Toleration, ...]
    host_ports: tuple[HostPort, ...]
    images: tuple[str, ...]
    """Of containers."""
    volume_images: tuple[str, ...]
    namespace: str
    labels: Mapping[str, str]
    features: frozenset[str]
    """What of its specification only some kubelets know."""


class PodInfo(Struct, frozen=True, eq=False):
    """A Pod as the scheduler sees it."""

    key: Key
    uid: str
    ask: Ask
    node_name: str
    created: float
    started: float
    """When it began to run; 0 when it has not."""
    is_terminating: bool
    gates: tuple[str, ...]
    nominated: str
    """The node that `status.nominatedNodeName` names."""
    owner: tuple[str, str] | None
    """(kind, name) of the controller."""
    volumes: tuple[Volume, ...]
    """Those that a rule may care for: claims, ephemeral ones, disks that are attached. Not configuration or scratch."""
    resource_claims: tuple[PodResourceClaim, ...]
    claim_statuses: tuple[PodResourceClaimStatus, ...]
    is_preempted: bool
    """On its way out because the scheduler made room."""
    annotations: Mapping[str, str]


class NodeInfo(Struct, eq=False):
    """A node and the sum of what is placed on it."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False
    allocatable: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)
    """Size in bytes by image name."""
    features: frozenset[str] = frozenset()
    """What its kubelet declares to know."""
    exists: bool = False
    """False while only pods speak of it: nothing new is placed there."""
    pods: dict[str, PodInfo] = field(default_factory=dict)
    requested: Amounts = field(default_factory=dict)
    score_requested: Amounts = field(default_factory=dict)
    host_ports: dict[HostPort, int] = field(default_factory=dict)
    priorities: dict[int, int] = field(default_factory=dict)
    """How many pods there are of each priority."""
    position: int = -1
    """Its place in `Cluster.order`; -1 while it is not there."""

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.uid] = pod
        self._count(pod.ask, 1)

    def remove(self, uid: str) -> PodInfo | None:
        pod = self.pods.pop(uid, None)
        if pod is not None:
            self._count(pod.ask, -1)
        return pod

    def _count(self, ask: Ask, sign: int) -> None:
        requested, scored = self.requested, self.score_requested
        alike = self.priorities.get(ask.priority, 0) + sign
        if alike:
            self.priorities[ask.priority] = alike
        else:
            del self.priorities[ask.priority]
        for name, amount in ask.requests.items():
            requested[name] = requested.get(name, 0) + sign * amount
        for name, amount in ask.score_requests.items():
            scored[name] = scored.get(name, 0) + sign * amount
        for port in ask.host_ports:
            count = self.host_ports.get(port, 0) + sign
            if count:
                self.host_ports[port] = count
            else:
                self.host_ports.pop(port, None)


class Asks:
    """Finds the one `Ask` of all equal Pods, by what of their specs it is made of."""

    def __init__(self) -> None:
        self._asks: dict[tuple[object, ...], Ask] = {}

    def pod_info(self, pod: Pod) -> PodInfo:
        """Take from a Pod's view what decisions need."""
        spec, meta, status = pod.spec, pod.metadata, pod.status
        owner = next(((one.kind, one.name) for one in meta.owner_references if one.controller), None)
        return PodInfo(
            key=Key(meta.namespace, meta.name),
            uid=meta.uid,
            ask=self._ask(pod),
            node_name=spec.node_name or "",
            created=meta.creation_timestamp.timestamp() if meta.creation_timestamp else 0.0,
            started=status.start_time.timestamp() if status.start_time else 0.0,
            is_terminating=meta.deletion_timestamp is not None,
            gates=tuple(gate.name for gate in spec.scheduling_gates),
            nominated=status.nominated_node_name or "",
            owner=owner,
            volumes=tuple(volume for volume in spec.volumes if _matters(volume)) if spec.volumes else (),
            resource_claims=spec.resource_claims,
            claim_statuses=status.resource_claim_statuses,
            is_preempted=meta.deletion_timestamp is not None and _is_preempted(pod),
            annotations=meta.annotations,
        )

    def _ask(self, pod: Pod) -> Ask:
        key = _asked(pod)
        ask = self._asks.get(key)
        if ask is None:
            if len(self._asks) >= _KEPT_ASKS:
                self._asks.clear()
            self._asks[key] = ask = _make_ask(pod)
        return ask


_KEPT_ASKS = 4096
_encode = msgspec.json.encode


def _asked(pod: Pod) -> tuple[object, ...]:
    """All that an `Ask` is made of, as cheaply as it can be compared."""
    spec, meta = pod.spec, pod.metadata
    return (
        meta.namespace,
        _encode(meta.labels),
        spec.scheduler_name,
        spec.priority,
        spec.preemption_policy,
        _encode((spec.node_selector, spec.affinity, spec.topology_spread_constraints, spec.overhead, spec.resources)),
        spec.tolerations,
        tuple([_container(one) for one in spec.containers]),
        tuple([_container(one) for one in spec.init_containers]),
        required_features(spec),
        _volume_images(spec),
        (*pod_requests(pod).items(), *score_requests(pod).items()) if is_resized(pod) else None,
    )


def _container(container: Container) -> tuple[object, ...]:
    resources = container.resources
    return (
        container.image,
        container.restart_policy,
        _encode(resources.requests) if resources is not None else b"",
        container.ports,
    )


def _make_ask(pod: Pod) -> Ask:
    spec = pod.spec
    return Ask(
        scheduler_name=spec.scheduler_name or "default-scheduler",
        priority=spec.priority or 0,
        preempts=spec.preemption_policy != "Never",
        requests=pod_requests(pod),
        score_requests=score_requests(pod),
        node_selector=spec.node_selector,
        affinity=spec.affinity,
        spread=spec.topology_spread_constraints,
        tolerations=spec.tolerations,
        host_ports=_host_ports(spec),
        images=tuple(one.image for one in (*spec.init_containers, *spec.containers) if one.image),
        volume_images=_volume_images(spec),
        namespace=pod.metadata.namespace,
        labels=pod.metadata.labels,
        features=required_features(spec),
    )


def _volume_images(spec: PodSpec) -> tuple[str, ...]:
    return tuple([one.image.reference or "" for one in spec.volumes if one.image is not None]) if spec.volumes else ()


def update_node(info: NodeInfo, node: Node) -> bool:
    """Carry a Node's view over into its info; tells whether anything that decisions look at is different."""
    spec, status, meta = node.spec, node.status, node.metadata
    allocatable = amounts(status.allocatable)
    images = {name: image.size_bytes or 0 for image in status.images for name in image.names}
    unschedulable = bool(spec.unschedulable)
    features = frozenset(status.declared_features)
    before = (info.exists, info.labels, info.taints, info.unschedulable, info.allocatable, info.images, info.features)
    after = (True, meta.labels, spec.taints, unschedulable, allocatable, images, features)
    info.exists, info.labels, info.taints, info.unschedulable, info.allocatable, info.images, info.features = after
    info.annotations = meta.annotations
    return before != after


def _is_preempted(pod: Pod) -> bool:
    return any(
        (one.type, one.status, one.reason) == ("DisruptionTarget", "True", "PreemptionByScheduler")
        for one in pod.status.conditions
    )


def _matters(volume: Volume) -> bool:
    return any(getattr(volume, source) is not None for source in _SOURCES)


_SOURCES = (
    "persistent_volume_claim",
    "ephemeral",
    "csi",
    "iscsi",
    "rbd",
    "gce_persistent_disk",
    "aws_elastic_block_store",
    "azure_disk",
    "cinder",
    "portworx_volume",
)


def _host_ports(spec: PodSpec) -> tuple[HostPort, ...]:
    families: tuple[Iterable[Container], ...] = (
        spec.containers,
        [one for one in spec.init_containers if one.restart_policy == "Always"],
    )
    return tuple(
        (port.host_ip or "0.0.0.0", port.protocol or "TCP", port.host_port)
        for family in families
        for container in family
        for port in container.ports
        if port.host_port
    )
