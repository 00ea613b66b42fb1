"""Which daemon Pods to create and delete, and what the status says."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.types.apps_v1 import DaemonSet
from wherry.api.types.core_v1 import Node, Pod
from wherry.controllers.apps.daemonset.nodes import Fit, fit, target_node, tolerations
from wherry.controllers.apps.deployment.model import scaled_value
from wherry.controllers.apps.history import HASH_LABEL
from wherry.controllers.documents import plain
from wherry.controllers.notes import Note
from wherry.controllers.podstate import available_in, creation_time, is_available, is_finished, is_ready

BURST = 250
GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"
GENERATION_LABEL = "pod-template-generation"


class Plan(Struct, frozen=True):
    create: tuple[str, ...]
    """Names of the nodes that get a Pod."""
    delete: tuple[Pod, ...]
    failed_on: tuple[str, ...]
    """Nodes whose failed Pods are among those to delete."""
    status: Obj
    notes: tuple[Note, ...]
    look_again: float | None


class _Site(Struct, frozen=True):
    """One node and the daemon Pods on it, the one that stands for it first."""

    node: str
    fit: Fit
    pods: tuple[Pod, ...]


class _Draft(Struct):
    create: list[str] = field(default_factory=list)
    delete: list[Pod] = field(default_factory=list)
    failed_on: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class _Rules(Struct, frozen=True):
    """The DaemonSet's wishes as numbers."""

    hash: str
    generation: str | None
    """The template's number, as Pods carried it before revisions had hashes; it still counts."""
    now: float
    min_ready: int
    is_rolling: bool
    desired: int
    may_surge: bool
    """Whether two Pods may share a node at all, be the nodes ever so few."""
    max_surge: int
    max_unavailable: int
    resting: Collection[str]

    def has_hash(self, pod: Pod) -> bool:
        return pod.metadata.labels.get(HASH_LABEL) == self.hash

    def is_new(self, pod: Pod) -> bool:
        generation = pod.metadata.labels.get(GENERATION_LABEL)
        return self.has_hash(pod) or (generation is not None and generation == self.generation)

    def is_available(self, pod: Pod) -> bool:
        return is_available(pod, self.min_ready, self.now)


def plan(
    daemon_set: DaemonSet,
    nodes: Sequence[Node],
    pods: Sequence[Pod],
    digest: str,
    now: float,
    *,
    may_scale: bool,
    resting: Collection[str] = (),
) -> Plan:
    """What to do about the Pods of a DaemonSet that is not on its way out.

    `pods` are those that are owned; `digest` names the present template; failed Pods stay on `resting` nodes. While
    own writes are on their way (not `may_scale`) nothing is done, and the spec does not count as seen.
    """
    sites, lost = _sites(daemon_set, nodes, pods)
    rules = _rules(daemon_set, sites, digest, now, resting)
    draft = _Draft()
    if may_scale:
        for site in sites:
            _manage(site, rules, draft)
        draft.delete += lost
        if rules.is_rolling and not draft.create and not draft.delete:
            _roll(sites, rules, draft)
    waits = [available_in(pod, rules.min_ready, now) for pod in pods if pod.metadata.deletion_timestamp is None]
    return Plan(
        create=tuple(draft.create[:BURST]),
        delete=tuple(draft.delete[:BURST]),
        failed_on=tuple(draft.failed_on),
        status=_status(daemon_set, sites, rules, is_observed=may_scale),
        notes=tuple(draft.notes),
        look_again=min((wait for wait in waits if wait is not None), default=None),
    )


def _status(daemon_set: DaemonSet, sites: Sequence[_Site], rules: _Rules, *, is_observed: bool) -> Obj:
    """Counts over nodes; of several Pods on one node the first stands for it."""
    wanted = [site for site in sites if site.fit.should_run]
    served = [site.pods[0] for site in wanted if site.pods]
    ready = [pod for pod in served if is_ready(pod)]
    available = sum(1 for pod in ready if rules.is_available(pod))
    status = dict(plain(daemon_set.status))
    status.update(
        currentNumberScheduled=len(served),
        desiredNumberScheduled=len(wanted),
        numberMisscheduled=sum(1 for site in sites if site.pods and not site.fit.should_run),
        numberReady=len(ready),
    )
    if is_observed:
        status["observedGeneration"] = daemon_set.metadata.generation
    optional = {
        "updatedNumberScheduled": sum(1 for pod in served if rules.is_new(pod)),
        "numberAvailable": available,
        "numberUnavailable": len(wanted) - available,
    }
    for name, number in optional.items():
        status.pop(name, None)
        if number:
            status[name] = number
    return status


def _sites(daemon_set: DaemonSet, nodes: Sequence[Node], pods: Sequence[Pod]) -> tuple[list[_Site], list[Pod]]:
    """(nodes with their Pods, Pods without a node that exists and that nobody else will collect).

    A Pod that has ended and is being deleted does not stand in the way of the next, whoever holds it back.
    """
    by_node: dict[str, list[Pod]] = {}
    for pod in pods:
        if pod.metadata.deletion_timestamp is None or not is_finished(pod):
            by_node.setdefault(target_node(pod), []).append(pod)
    known = {node.metadata.name: node for node in nodes}
    tolerated = tolerations(daemon_set)
    sites = [
        _Site(name, fit(daemon_set, node, tolerated), tuple(sorted(by_node.get(name, ()), key=_precedence)))
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


def _rules(daemon_set: DaemonSet, sites: Sequence[_Site], digest: str, now: float, resting: Collection[str]) -> _Rules:
    strategy = daemon_set.spec.update_strategy
    is_rolling = strategy is None or strategy.type != "OnDelete"
    rolling = strategy.rolling_update if strategy is not None else None
    desired = sum(1 for site in sites if site.fit.should_run)
    surge = scaled_value(rolling.max_surge, desired, round_up=True) if rolling is not None else 0
    unavailable = scaled_value(rolling.max_unavailable, desired, round_up=True) if rolling is not None else 1
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return _Rules(
        hash=digest,
        generation=daemon_set.metadata.annotations.get(GENERATION_ANNOTATION),
        now=now,
        min_ready=daemon_set.spec.min_ready_seconds or 0,
        is_rolling=is_rolling,
        desired=desired,
        may_surge=is_rolling and rolling is not None and scaled_value(rolling.max_surge, 1, round_up=True) > 0,
        max_surge=surge if is_rolling else 0,
        max_unavailable=unavailable,
        resting=resting,
    )


def _manage(site: _Site, rules: _Rules, draft: _Draft) -> None:
    """What is missing or wrong on one node, the rolling update aside."""
    if site.fit.should_run and not site.pods:
        draft.create.append(site.node)
    elif not site.fit.may_stay:
        draft.delete += [pod for pod in site.pods if pod.metadata.deletion_timestamp is None]
    else:
        running = _running(site, rules, draft)
        if not rules.may_surge:
            draft.delete += running[1:]
        elif not running and site.fit.should_run:
            draft.create.append(site.node)  # one that is on its way out does not keep others waiting
        elif len(running) > 1:
            _manage_surge(running, rules, draft)


def _running(site: _Site, rules: _Rules, draft: _Draft) -> list[Pod]:
    running: list[Pod] = []
    for pod in site.pods:
        if pod.metadata.deletion_timestamp is not None:
            continue
        where = f"daemon pod {pod.metadata.namespace}/{pod.metadata.name} on node {site.node}"
        if pod.status.phase == "Failed":
            if site.node not in rules.resting:
                draft.delete.append(pod)
                draft.failed_on.append(site.node)
                draft.notes.append(Note("Warning", "FailedDaemonPod", f"Found failed {where}, will try to kill it"))
        elif pod.status.phase == "Succeeded":
            draft.delete.append(pod)
            draft.notes.append(Note("Normal", "SucceededDaemonPod", f"Found succeeded {where}, will try to delete it"))
        else:
            running.append(pod)
    return running


def _manage_surge(running: Sequence[Pod], rules: _Rules, draft: _Draft) -> None:
    """With surge an old and a new Pod share a node until the new one is available, or the old one of no use."""
    new = [pod for pod in running if rules.has_hash(pod)]
    old = [pod for pod in running if not rules.has_hash(pod)]
    draft.delete += [*new[1:], *old[1:]]
    if new and old and (not is_ready(old[0]) or rules.is_available(new[0])):
        draft.delete.append(old[0])


def _roll(sites: Sequence[_Site], rules: _Rules, draft: _Draft) -> None:
    concerned = [site for site in sites if site.fit.should_run or site.pods]
    if rules.max_surge > 0:
        _roll_with_surge(concerned, rules, draft)
    else:
        _roll_in_place(concerned, rules, draft)


def _roll_in_place(sites: Sequence[_Site], rules: _Rules, draft: _Draft) -> None:
    """Delete old Pods: those that are of no use now, others as long as enough nodes are served."""
    unavailable = 0
    useless: list[Pod] = []
    candidates: list[Pod] = []
    for site in sites:
        new, old = _new_and_old(site, rules)
        if len(new) + len(old) != 1:
            unavailable += 1  # a matter for `_manage`
        elif new:
            unavailable += not rules.is_available(new[0])
        elif rules.is_available(old[0]):
            candidates.append(old[0])
        else:
            unavailable += 1
            useless.append(old[0])
    draft.delete += useless + candidates[: max(0, rules.max_unavailable - unavailable)]


def _roll_with_surge(sites: Sequence[_Site], rules: _Rules, draft: _Draft) -> None:
    """Create new Pods beside old ones; Pods that may stay but are not wanted go when others do their work."""
    surging = available = 0
    urgent: list[str] = []
    candidates: list[str] = []
    unwanted: list[Pod] = []
    for site in sites:
        new, old = _new_and_old(site, rules)
        if len(new) > 1 or len(old) > 1:
            surging += 1  # a matter for `_manage`
            continue
        available += any(rules.is_available(pod) for pod in (old or new))
        if not old:
            continue
        if new:
            surging += not rules.is_available(new[0])
        elif not site.fit.should_run:
            (unwanted if rules.is_available(old[0]) else draft.delete).append(old[0])
        else:
            (candidates if rules.is_available(old[0]) else urgent).append(site.node)
    draft.delete += unwanted[: max(0, available - rules.desired)]
    draft.create += urgent + candidates[: max(0, rules.max_surge - surging)]


def _new_and_old(site: _Site, rules: _Rules) -> tuple[list[Pod], list[Pod]]:
    staying = [pod for pod in site.pods if pod.metadata.deletion_timestamp is None]
    return [pod for pod in staying if rules.is_new(pod)], [pod for pod in staying if not rules.is_new(pod)]


def _precedence(pod: Pod) -> tuple[bool, float, str]:
    """Bound before unbound, then by age."""
    return not pod.spec.node_name, creation_time(pod), pod.metadata.name
