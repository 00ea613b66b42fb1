"""A node has enough left of what the Pod requests, and some are better than others (upstream: NodeResourcesFit)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from wherry.api.types.core_v1 import Node
from wherry.api.types.resource_v1 import DeviceClass
from wherry.scheduler.amounts import PODS, amounts
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.dynamic.extended import IMPLICIT
from wherry.scheduler.dynamic.inventory import Inventory, inventory
from wherry.scheduler.dynamic.sources import CLASS
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.plugins.resourcescores import fit_score
from wherry.scheduler.rules import NODE, PENDING_POD, PLACED_POD, Action, Check, Filter, Handle, Hint, Plugin, Refusal


def make(args: Mapping[str, Any], handle: Handle) -> Plugin:
    """The plugin of a profile; extended resources that the settings ignore are somebody else's to look after.

    So are those for which a DeviceClass stands, on nodes that do not have them otherwise (see `dynamicresources.py`).
    """
    is_ignored = _ignored(args.get("ignoredResources") or (), args.get("ignoredResourceGroups") or ())
    devices = handle.common(inventory)

    def sign(pod: PodInfo) -> Hashable:
        return (*pod.ask.requests.items(), *_classes(pod, devices))

    def prepare(pod: PodInfo, _: Cluster) -> Check:
        wanted = [(name, amount) for name, amount in pod.ask.requests.items() if amount and not is_ignored(name)]
        by_class = frozenset(_classes(pod, devices))

        def check(node: NodeInfo) -> Refusal | None:
            allocatable, requested = node.allocatable, node.requested
            for name, amount in wanted:
                if amount > allocatable.get(name, 0) - requested.get(name, 0):
                    return _refusal([one for one in wanted if one[0] not in by_class or allocatable.get(one[0])], node)
            return None

        return check

    def helps(pod: PodInfo, old: Node | None, new: Node) -> bool:
        return node_helps(pod, old, new, frozenset(_classes(pod, devices)))

    return Plugin(
        "NodeResourcesFit",
        filter=Filter(prepare, sign),
        score=fit_score(args),
        hints=(
            Hint(PLACED_POD, Action.DELETE | Action.REQUESTS, pod_helps),
            Hint(NODE, Action.ADD | Action.ALLOCATABLE, helps),
            Hint(PENDING_POD, Action.REQUESTS),
            Hint(CLASS, Action.ADD | Action.UPDATE, class_helps),
        ),
    )


def _classes(pod: PodInfo, devices: Inventory) -> list[str]:
    """The resources for which classes stand."""
    return [name for name in pod.ask.requests if name in devices.by_resource] if devices.by_resource else []


def _ignored(names: Iterable[str], groups: Iterable[str]) -> Callable[[str], bool]:
    those, theirs = frozenset(names), frozenset(groups)
    return lambda name: "/" in name and (name in those or name.split("/", 1)[0] in theirs)


def _refusal(wanted: list[tuple[str, int]], node: NodeInfo) -> Refusal | None:
    total, used = node.allocatable, node.requested
    short = [name for name, amount in wanted if amount > total.get(name, 0) - used.get(name, 0)]
    if not short:
        return None
    reasons = tuple("Too many pods" if name == PODS else f"Insufficient {name}" for name in short)
    lasting = any(name != PODS and name in short and amount > total.get(name, 0) for name, amount in wanted)
    return Refusal(reasons, is_lasting=lasting)


def node_helps(pod: PodInfo, old: Node | None, new: Node, by_class: frozenset[str] = frozenset()) -> bool:
    """An empty node of that size would do, and it has more than before of something that is asked for."""
    wanted = {name: amount for name, amount in pod.ask.requests.items() if amount}
    offered = amounts(new.status.allocatable)
    as_devices = {name for name in wanted if name in by_class and not offered.get(name)}
    if any(amount > offered.get(name, 0) for name, amount in wanted.items() if name not in as_devices):
        return False
    if old is None or as_devices:
        return True
    before = amounts(old.status.allocatable)
    return any(offered.get(name, 0) > before.get(name, 0) for name in wanted)


def class_helps(pod: PodInfo, old: DeviceClass | None, new: DeviceClass) -> bool:
    """A class stands for something that is asked for, and did not before."""
    before, now = old.spec.extended_resource_name if old is not None else None, new.spec.extended_resource_name
    if old is None and f"{IMPLICIT}{new.metadata.name}" in pod.ask.requests:
        return True
    return now != before and now in pod.ask.requests


def pod_helps(pod: PodInfo, old: PodInfo, new: PodInfo | None) -> bool:
    """Something that is asked for was given back."""
    if new is None:
        return True
    before, after = old.ask.requests, new.ask.requests
    return any(after.get(name, 0) < before.get(name, 0) for name, amount in pod.ask.requests.items() if amount)
