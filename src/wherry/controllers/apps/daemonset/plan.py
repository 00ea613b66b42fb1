"""Which daemon Pods to create and delete, and what the status says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from wherry.api import Obj
from wherry.api.types.apps_v1 import DaemonSet
from wherry.api.types.core_v1 import Node, Pod
from wherry.controllers.apps.daemonset.nodes import Fit, fit, target_node, tolerations
from wherry.controllers.apps.deployment.model import scaled_value
from wherry.controllers.apps.history import HASH_LABEL
from wherry.controllers.documents import plain
from wherry.controllers.podstate import available_in, creation_time, is_available, is_ready

BURST = 250


@dataclass(frozen=True, slots=True)
class Note:
    """A Warning about the DaemonSet (or, Normal, news)."""

    type: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    create: tuple[str, ...]
    """Names of the nodes that get a Pod."""
    delete: tuple[Pod, ...]
    failed: tuple[Pod, ...]
    """Failed Pods: deleted too, but not again and again at once; the controller backs off."""
    status: Obj
    notes: tuple[Note, ...]
    look_again: float | None


@dataclass(frozen=True, slots=True)
class _Site:
    """One node and the daemon Pods on it."""

    node: str
    fit: Fit
    pods: tuple[Pod, ...]


@dataclass(slots=True)
class _Draft:
    create: list[str] = field(default_factory=list)
    delete: list[Pod] = field(default_factory=list)
    failed: list[Pod] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The DaemonSet's wishes as numbers."""

    hash: str
    now: float
    min_ready: int
    is_rolling: bool
    max_surge: int
    max_unavailable: int

    def is_new(self, pod: Pod) -> bool:
        return pod.metadata.labels.get(HASH_LABEL) == self.hash

    def is_available(self, pod: Pod) -> bool:
        return is_available(pod, self.min_ready, self.now)


def plan(
    daemon_set: DaemonSet, nodes: Sequence[Node], pods: Sequence[Pod], digest: str, now: float, *, may_scale: bool
) -> Plan:
    """`pods` are those that are owned; `digest` names the present template."""
    sites, lost = _sites(daemon_set, nodes, pods)
    rules = _rules(daemon_set, sites, digest, now)
    draft = _Draft(delete=lost if may_scale else [])
    if may_scale and daemon_set.metadata.deletion_timestamp is None:
        for site in sites:
            _manage(site, rules, draft)
        if rules.is_rolling and not draft.create and not draft.delete:
            _roll(sites, rules, draft)
    status = next_status(daemon_set, sites, rules)
    waits = [available_in(pod, rules.min_ready, now) for pod in pods if pod.metadata.deletion_timestamp is None]
    return Plan(
        create=tuple(draft.create[:BURST]),
        delete=tuple(draft.delete[:BURST]),
        failed=tuple(draft.failed),
        status=status,
        notes=tuple(draft.notes),
        look_again=min((wait for wait in waits if wait is not None), default=None),
    )


def next_status(daemon_set: DaemonSet, sites: Sequence[_Site], rules: _Rules) -> Obj:
    """Counts over nodes; of several Pods on one node the oldest stands for it."""
    desired = current = misscheduled = ready = available = updated = 0
    for site in sites:
        if site.fit.should_run:
            desired += 1
            if site.pods:
                current += 1
                pod = _oldest(site.pods)
                fresh = any(rules.is_new(candidate) for candidate in site.pods)
                ready += any(is_ready(candidate) for candidate in site.pods)
                available += any(rules.is_available(candidate) for candidate in site.pods)
                updated += rules.is_new(pod) or fresh
        elif site.pods:
            misscheduled += 1
    status = dict(plain(daemon_set.status))
    status.update(
        currentNumberScheduled=current,
        desiredNumberScheduled=desired,
        numberMisscheduled=misscheduled,
        numberReady=ready,
        observedGeneration=daemon_set.metadata.generation,
    )
    optional = {
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
        "numberUnavailable": desired - available,
    }
    for name, number in optional.items():
        status.pop(name, None)
        if number:
            status[name] = number
    return status


def _sites(daemon_set: DaemonSet, nodes: Sequence[Node], pods: Sequence[Pod]) -> tuple[list[_Site], list[Pod]]:
    """(nodes with their Pods, Pods without a node that exists and that nobody else will collect)."""
    by_node: dict[str, list[Pod]] = {}
    for pod in pods:
        by_node.setdefault(target_node(pod), []).append(pod)
    known = {node.metadata.name: node for node in nodes}
    tolerated = tolerations(daemon_set)
    sites = [
        _Site(name, fit(daemon_set, node, tolerated), tuple(by_node.get(name, ())))
        for name, node in sorted(known.items())
    ]
    lost = [
        pod
        for name, members in by_node.items()
        if name not in known
        for pod in members
        if pod.metadata.deletion_timestamp is None and not pod.spec.node_name
    ]
    return sites, lost


def _rules(daemon_set: DaemonSet, sites: Sequence[_Site], digest: str, now: float) -> _Rules:
    strategy = daemon_set.spec.update_strategy
    rolling = strategy.rolling_update if strategy is not None else None
    desired = sum(1 for site in sites if site.fit.should_run)
    surge = scaled_value(rolling.max_surge, desired, round_up=True) if rolling is not None else 0
    unavailable = scaled_value(rolling.max_unavailable, desired, round_up=True) if rolling is not None else 1
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return _Rules(
        hash=digest,
        now=now,
        min_ready=daemon_set.spec.min_ready_seconds or 0,
        is_rolling=strategy is None or strategy.type != "OnDelete",
        max_surge=surge if strategy is None or strategy.type != "OnDelete" else 0,
        max_unavailable=unavailable,
    )


def _manage(site: _Site, rules: _Rules, draft: _Draft) -> None:
    """What is missing or wrong on one node, the rolling update aside."""
    if site.fit.should_run and not site.pods:
        draft.create.append(site.node)
        return
    if not site.fit.may_stay:
        draft.delete += [pod for pod in site.pods if pod.metadata.deletion_timestamp is None]
        return
    running = _running(site, draft)
    if rules.max_surge == 0:
        if len(running) > 1:
            keep = _oldest(running)
            draft.delete += [pod for pod in running if pod is not keep]
        return
    _manage_surge(running, rules, draft)


def _running(site: _Site, draft: _Draft) -> list[Pod]:
    running: list[Pod] = []
    for pod in site.pods:
        if pod.metadata.deletion_timestamp is not None:
            continue
        where = f"daemon pod {pod.metadata.namespace}/{pod.metadata.name} on node {site.node}"
        if pod.status.phase == "Failed":
            draft.failed.append(pod)
            draft.notes.append(Note("Warning", "FailedDaemonPod", f"Found failed {where}, will try to kill it"))
        elif pod.status.phase == "Succeeded":
            draft.delete.append(pod)
            draft.notes.append(Note("Normal", "SucceededDaemonPod", f"Found succeeded {where}, will try to delete it"))
        else:
            running.append(pod)
    return running


def _manage_surge(running: Sequence[Pod], rules: _Rules, draft: _Draft) -> None:
    """With surge an old and a new Pod share a node until the new one is available."""
    new = [pod for pod in running if rules.is_new(pod)]
    old = [pod for pod in running if not rules.is_new(pod)]
    for group in (new, old):
        if len(group) > 1:
            keep = _oldest(group)
            draft.delete += [pod for pod in group if pod is not keep]
    if new and old and rules.is_available(_oldest(new)):
        draft.delete.append(_oldest(old))


def _roll(sites: Sequence[_Site], rules: _Rules, draft: _Draft) -> None:
    if rules.max_surge > 0:
        _roll_with_surge(sites, rules, draft)
    else:
        _roll_in_place(sites, rules, draft)


def _roll_in_place(sites: Sequence[_Site], rules: _Rules, draft: _Draft) -> None:
    """Delete old Pods: those that are of no use now, others as long as enough nodes are served."""
    unavailable = 0
    useless: list[Pod] = []
    candidates: list[Pod] = []
    for site in sites:
        if not site.fit.should_run:
            continue
        alive = [pod for pod in site.pods if pod.metadata.deletion_timestamp is None]
        if not alive:
            unavailable += 1
            continue
        pod = _oldest(alive)
        if not rules.is_available(pod):
            unavailable += 1
            if not rules.is_new(pod):
                useless.append(pod)
        elif not rules.is_new(pod):
            candidates.append(pod)
    draft.delete += useless + candidates[: max(0, rules.max_unavailable - unavailable)]


def _roll_with_surge(sites: Sequence[_Site], rules: _Rules, draft: _Draft) -> None:
    """Create new Pods beside old ones; `_manage_surge` ends the old ones."""
    surging = 0
    urgent: list[str] = []
    candidates: list[str] = []
    for site in sites:
        if not site.fit.should_run:
            continue
        alive = [pod for pod in site.pods if pod.metadata.deletion_timestamp is None]
        old = [pod for pod in alive if not rules.is_new(pod)]
        new = [pod for pod in alive if rules.is_new(pod)]
        if old and new:
            surging += 1
        elif old and not rules.is_available(_oldest(old)):
            urgent.append(site.node)
        elif old:
            candidates.append(site.node)
    draft.create += urgent + candidates[: max(0, rules.max_surge - surging)]


def _oldest(pods: Sequence[Pod]) -> Pod:
    return min(pods, key=lambda pod: (creation_time(pod), pod.metadata.name))
