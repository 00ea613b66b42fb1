"""Which nodes a DaemonSet wants its Pods on. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from wherry.api import Obj
from wherry.api.core.placement import fits_node, untolerated
from wherry.api.types.apps_v1 import DaemonSet
from wherry.api.types.core_v1 import Node, Pod, Toleration


class Fit(Struct, frozen=True):
    should_run: bool
    may_stay: bool
    """A Pod that is there already outlives taints that only keep new ones away."""


_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_TOLERATED_ON_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


def tolerations(daemon_set: DaemonSet) -> tuple[Toleration, ...]:
    """What the DaemonSet's Pods tolerate: what their template says and what all daemons do."""
    spec = daemon_set.spec.template.spec
    own = (Toleration(key=key, operator="Exists", effect=effect) for key, effect in _tolerated(bool(spec.host_network)))
    return (*spec.tolerations, *own)


def fit(daemon_set: DaemonSet, node: Node, tolerated: Sequence[Toleration]) -> Fit:
    """Whether a Pod belongs on a node; `tolerated` is what `tolerations` says."""
    spec = daemon_set.spec.template.spec
    if (spec.node_name and spec.node_name != node.metadata.name) or not fits_node(spec, node):
        return Fit(False, False)
    if untolerated(node.spec.taints, tolerated, ("NoSchedule", "NoExecute")) is None:
        return Fit(True, True)
    return Fit(False, untolerated(node.spec.taints, tolerated, ("NoExecute",)) is None)


def target_node(pod: Pod) -> str:
    """The node a daemon Pod is on, or was made for."""
    if pod.spec.node_name:
        return pod.spec.node_name
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity is not None else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity is not None else None
    for term in required.node_selector_terms if required is not None else ():
        for requirement in term.match_fields:
            if requirement.key == "metadata.name" and requirement.operator == "In" and len(requirement.values) == 1:
                return requirement.values[0]
    return ""


def spec_for(spec: Obj, node_name: str) -> Obj:
    """The template's Pod spec, aimed at one node and tolerating what daemons must live with."""
    aimed = dict(spec)
    affinity = dict(spec.get("affinity") or {})
    wanted = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node_name]}]}
    affinity["nodeAffinity"] = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [wanted]},
    }
    aimed["affinity"] = affinity
    own = [
        {"key": key, "operator": "Exists", "effect": effect}
        for key, effect in _tolerated(bool(spec.get("hostNetwork")))
    ]
    present = spec.get("tolerations") or []
    aimed["tolerations"] = [*present, *(toleration for toleration in own if toleration not in present)]
    return aimed


def _tolerated(on_host_network: bool) -> tuple[tuple[str, str], ...]:
    return (*_TOLERATED, _TOLERATED_ON_HOST_NETWORK) if on_host_network else _TOLERATED
