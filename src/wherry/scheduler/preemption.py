"""Who must go so that a Pod of higher priority finds room, if that would help (upstream: DefaultPreemption). Pure.

On each node where eviction may help, all lower pods are supposed gone. If the Pod fits then, they are put back one by
one, the most important first (those whose disruption budget would be broken before all others), and who cannot stay is
a victim. Among nodes, the one is chosen whose victims matter least.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from wherry.api.types.policy_v1 import PodDisruptionBudget
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.counting.terms import Selection, selection
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.plan import NO_NODES, Planner, Unfit
from wherry.scheduler.rules import Preemption
from wherry.scheduler.table import Verdict

NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"
_SHIFT = 2**31
"""Makes every priority positive, so that few victims are preferred to many of the same negative priority."""


class Budget(Struct, frozen=True):
    """What is left of a PodDisruptionBudget."""

    namespace: str
    selector: Selection
    allowed: int
    disrupted: frozenset[str]
    """Pods whose eviction is under way already: they count no more."""

    def covers(self, pod: PodInfo) -> bool:
        labels = pod.ask.labels
        return (
            bool(labels)
            and self.namespace == pod.key.namespace
            and pod.key.name not in self.disrupted
            and self.selector.picks(labels)
        )


def budget(view: PodDisruptionBudget) -> Budget | None:
    """What a PodDisruptionBudget allows now; one that selects everything is of no consequence, as upstream."""
    picked = selection(view.spec.selector)
    if picked.is_nothing or picked.is_everything:
        return None
    disrupted = frozenset(view.status.disrupted_pods)
    return Budget(view.metadata.namespace, picked, view.status.disruptions_allowed or 0, disrupted)


class Candidate(Struct, frozen=True):
    """A node on which the Pod fits once these are gone, the most important first."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int
    """How many of them go against a disruption budget."""


class Hopeless(Struct, frozen=True):
    """Why nobody is evicted. `clears`: what was promised to the Pod before is of no use either."""

    message: str
    clears: bool


class Scene(Struct, frozen=True):
    """What preemption looks at beside the Pod."""

    cluster: Cluster
    nominations: Nominations
    settings: Preemption
    chance: random.Random


def candidates(
    pod: PodInfo, unfit: Unfit, planner: Planner, budgets: Sequence[Budget], scene: Scene
) -> list[Candidate] | Hopeless:
    """The nodes on which eviction helps: enough of them to choose from."""
    if not pod.ask.preempts:
        return Hopeless("not eligible due to preemptionPolicy=Never.", clears=False)
    if _is_waiting_for_victims(pod, unfit, scene):
        return Hopeless("not eligible due to a terminating pod on the nominated node.", clears=False)
    nodes = _worth_trying(unfit, scene.cluster)
    found: list[Candidate] = []
    reasons: Counter[str] = Counter()
    if nodes:
        search = _Search(pod, planner, budgets, scene, planner.looks_beyond(pod))
        offset = scene.chance.randrange(len(nodes))
        enough = _enough(len(nodes), scene.settings)
        for node in (*nodes[offset:], *nodes[:offset]):
            answer = _try(search, node)
            if isinstance(answer, Candidate):
                found.append(answer)
                if len(found) >= enough and any(not one.violations for one in found):
                    break
            else:
                reasons.update(answer)
    if found:
        return found
    total = len(scene.cluster.order)
    if len(nodes) < total:
        reasons[NOT_HELPFUL] += total - len(nodes)
    told = ", ".join(sorted(f"{number} {reason}" for reason, number in reasons.items()))
    return Hopeless(f"0/{total} nodes are available: {told}.", clears=True)


def choose(found: Iterable[Candidate]) -> Candidate:
    """The node whose victims matter least; the first of several."""
    return min(found, key=_cost)


def victims_first_served(pods: Iterable[PodInfo]) -> list[PodInfo]:
    """By importance: priority, then how long they have run; what has not begun is least important."""
    return sorted(pods, key=lambda one: (-one.ask.priority, one.started or float("inf")))


def _is_waiting_for_victims(pod: PodInfo, unfit: Unfit, scene: Scene) -> bool:
    """One preemption at a time: its victims are still on their way out."""
    name = scene.nominations.node(pod.uid) or pod.nominated
    node = scene.cluster.node(name) if name else None
    if node is None:
        return False
    verdict = unfit.refused.get(name)
    if verdict is not None and verdict.refusal.is_lasting:
        return False
    return any(one.is_preempted and one.ask.priority < pod.ask.priority for one in node.pods.values())


def _worth_trying(unfit: Unfit, cluster: Cluster) -> list[NodeInfo]:
    if unfit.message == NO_NODES:
        return []
    if unfit.everywhere is not None:
        return [] if unfit.everywhere.is_lasting else list(cluster.order)
    found = (cluster.node(name) for name, verdict in unfit.refused.items() if not verdict.refusal.is_lasting)
    return [node for node in found if node is not None]


def _enough(nodes: int, settings: Preemption) -> int:
    return min(max(nodes * settings.percentage // 100, settings.absolute), nodes)


class _Trial(Struct, frozen=True):
    """How to suppose pods gone from a node, and to ask whether the Pod fits there then."""

    take: Callable[[PodInfo], object]
    put: Callable[[PodInfo], object]
    refusal: Callable[[], Verdict | None]


class _Search(Struct, frozen=True):
    """What is the same for all nodes."""

    pod: PodInfo
    planner: Planner
    budgets: Sequence[Budget]
    scene: Scene
    looks_beyond: bool
    """Some rule that has a say about the Pod looks at more than one node."""


def _trial(search: _Search, node: NodeInfo) -> _Trial:
    """Where no rule looks beyond the node, only its own sums need to change."""
    pod, planner, cluster = search.pod, search.planner, search.scene.cluster
    if search.looks_beyond or search.scene.nominations.on(node.name):
        return _Trial(
            take=lambda one: cluster.remove_pod(one.uid),
            put=lambda one: cluster.set_pod(one, node.name),
            refusal=lambda: planner.refusal_beside(pod, node),
        )
    return _Trial(lambda one: node.remove(one.uid), node.add, lambda: planner.kept_refusal(pod, node))


def _try(search: _Search, node: NodeInfo) -> Candidate | tuple[str, ...]:
    """Who would have to leave this node, or why that would not help."""
    priority = search.pod.ask.priority
    if min(node.priorities, default=priority) >= priority:
        return (NO_VICTIMS,)
    lower = victims_first_served(one for one in node.pods.values() if one.ask.priority < priority)
    trial = _trial(search, node)

    def cannot_stay(one: PodInfo) -> bool:
        trial.put(one)
        if trial.refusal() is None:
            return False
        trial.take(one)
        return True

    try:
        for one in lower:
            trial.take(one)
        verdict = trial.refusal()
        if verdict is not None:
            return verdict.refusal.reasons
        protected, others = _by_budget(lower, search.budgets)
        violating = [one for one in protected if cannot_stay(one)]
        victims = [*violating, *(one for one in others if cannot_stay(one))]
    finally:
        for one in lower:
            if one.uid not in node.pods:
                trial.put(one)
    if not victims:
        return (NO_VICTIMS,)
    return Candidate(node.name, tuple(victims_first_served(victims)), len(violating))


def _by_budget(pods: Iterable[PodInfo], budgets: Sequence[Budget]) -> tuple[list[PodInfo], list[PodInfo]]:
    """Those whose eviction would break a budget, and the others: budgets allow the first of each."""
    left = [budget.allowed for budget in budgets]
    violating: list[PodInfo] = []
    others: list[PodInfo] = []
    for pod in pods:
        is_violated = False
        for at, budget in enumerate(budgets):
            if budget.covers(pod):
                left[at] -= 1
                is_violated |= left[at] < 0
        (violating if is_violated else others).append(pod)
    return violating, others


def _cost(one: Candidate) -> tuple[float, ...]:
    victims = one.victims
    highest = victims[0].ask.priority
    # The more recently the most important of them began, the less is lost.
    earliest = min(victim.started or float("inf") for victim in victims if victim.ask.priority == highest)
    return (
        one.violations,
        highest,
        sum(victim.ask.priority + _SHIFT for victim in victims),
        len(victims),
        -earliest,
    )
