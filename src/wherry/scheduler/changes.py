"""What of an object has changed, as far as hints tell changes apart."""

from __future__ import annotations

from wherry.api.types.core_v1 import Node
from wherry.scheduler.model import PodInfo
from wherry.scheduler.rules import Action


def node_changes(old: Node, new: Node) -> Action:
    """Nothing for a heartbeat."""
    actions = Action(0)
    if old.metadata.labels != new.metadata.labels:
        actions |= Action.LABELS
    if old.metadata.annotations != new.metadata.annotations:
        actions |= Action.ANNOTATIONS
    if old.spec.taints != new.spec.taints or bool(old.spec.unschedulable) != bool(new.spec.unschedulable):
        actions |= Action.TAINTS
    if old.status.allocatable != new.status.allocatable:
        actions |= Action.ALLOCATABLE
    if _conditions(old) != _conditions(new) or old.status.declared_features != new.status.declared_features:
        actions |= Action.CONDITIONS
    return actions


def pod_changes(old: PodInfo, new: PodInfo) -> Action:
    """Nothing for a change of status that no decision looks at."""
    before, after = old.ask, new.ask
    actions = Action(0)
    if before is not after:
        if before.labels != after.labels:
            actions |= Action.LABELS
        if before.tolerations != after.tolerations:
            actions |= Action.TOLERATIONS
        if any(after.requests.get(name, 0) < amount for name, amount in before.requests.items()):
            actions |= Action.REQUESTS
        if before.node_selector != after.node_selector or before.affinity != after.affinity:
            actions |= Action.OTHER
    if old.annotations != new.annotations:
        actions |= Action.ANNOTATIONS
    if old.gates and not new.gates:
        actions |= Action.GATES
    if old.claim_statuses != new.claim_statuses:
        actions |= Action.CLAIMS
    return actions


def _conditions(node: Node) -> list[tuple[str, str]]:
    return [(condition.type, condition.status) for condition in node.status.conditions]
