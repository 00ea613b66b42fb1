"""Where a Pod goes: filters first, then scores, then chance among the best. Pure but for the given random source.

In a large cluster not every node is asked: it is enough to find a share of nodes that fit (upstream's
percentageOfNodesToScore), starting each time where the last search ended so that all get their turn.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct, field

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.nominations import Nominations
from wherry.scheduler.profile import Profile
from wherry.scheduler.rules import ByTopology, Check, Prepared, Refusal, Reserve
from wherry.scheduler.table import NamedCheck, Table, Tables, Verdict, prepare_kept

ALWAYS_ASK = 100
_LEAST_PERCENT = 5
_STRETCH = 64
"""The least number of nodes that are looked at together."""
NO_NODES = "no nodes available to schedule pods"


class Placement(Struct, frozen=True):
    """The node that was chosen, and what is to be taken on it. `asked` nodes were looked at."""

    node: str
    asked: int
    reserves: tuple[tuple[str, Reserve], ...] = ()


class Unfit(Struct, frozen=True):
    """No node fits. `message` is what users read in the Event."""

    message: str
    plugins: frozenset[str]
    """Who refused: changes that these hint at may help."""
    refused: Mapping[str, Verdict] = field(default_factory=dict)
    """By node, for those that were asked."""
    everywhere: Refusal | None = None
    """What a plugin said of the Pod as such, so that no node was asked."""


class Question(Struct, frozen=True):
    """A Pod with all rules prepared for it."""

    pod: PodInfo
    table: Table
    checks: Sequence[NamedCheck]
    names: frozenset[str] | None
    narrowed_by: tuple[str, ...]
    reserves: tuple[tuple[str, Reserve], ...]


class Planner:
    """Decides for the Pods of one profile."""

    def __init__(
        self,
        profile: Profile,
        cluster: Cluster,
        nominations: Nominations,
        percentage: int = 0,
        *,
        is_extended: bool = False,
    ) -> None:
        """`is_extended`: others want to see all nodes that fit, even if no score is there to choose among them."""
        self.profile = profile
        self._has_choice = bool(profile.kept_scores or profile.fresh_scores or is_extended)
        self._cluster = cluster
        self._nominations = nominations
        self._percentage = percentage if profile.percentage is None else profile.percentage
        self._tables = Tables(profile, cluster)
        self._last_checks: tuple[PodInfo, int, Sequence[NamedCheck]] | None = None

    def place(self, pod: PodInfo, chance: random.Random, start: int = 0) -> Placement | Unfit:
        """Choose a node for `pod`, or tell why there is none."""
        found = self.find(pod, start)
        if isinstance(found, Unfit):
            return found
        return Placement(self.best(found, chance), found.asked, found.question.reserves)

    def find(self, pod: PodInfo, start: int = 0) -> Found | Unfit:
        """The nodes that fit: enough of them to choose from."""
        if not self._cluster.order:
            return Unfit(NO_NODES, frozenset())
        question = self._question(pod)
        if isinstance(question, Unfit):
            return question
        promised = self._promised(question)
        if promised is not None:
            return Found(question, [promised], 1)
        if question.names is not None:
            return self._among(question, question.names)
        return self._search(question, start)

    def best(self, found: Found, chance: random.Random) -> str:
        """The node with the highest score; chance decides among equals."""
        order = self._cluster.order
        positions = found.positions
        if len(positions) == 1:
            return order[positions[0]].name
        totals = self.totals(found)
        best = max(totals)
        return order[chance.choice([at for at, total in zip(positions, totals, strict=True) if total == best])].name

    def names(self, found: Found) -> list[str]:
        """The nodes that fit, by name."""
        order = self._cluster.order
        return [order[at].name for at in found.positions]

    def place_on(self, pod: PodInfo, name: str, asked: int) -> Placement | Unfit:
        """The decision for one node that somebody else chose, if the Pod still fits there."""
        question = self._question(pod)
        if isinstance(question, Unfit):
            return question
        node = self._cluster.node(name)
        if node is None:
            return Unfit(f"0/{len(self._cluster.order)} nodes are available: node {name} is gone.", frozenset())
        verdict = self.refusal_beside(pod, node)
        if verdict is not None:
            return self._told({name: verdict})
        return Placement(name, asked, question.reserves)

    def unfit_after(self, found: Found, refused: Mapping[str, Verdict]) -> Unfit:
        """Why there is none although nodes fitted: by what others say of these."""
        order, table = self._cluster.order, found.question.table
        own = {node.name: verdict for at, node in enumerate(order) if (verdict := table.known_verdict(at)) is not None}
        return self._told(own | dict(refused))

    def totals(self, found: Found) -> list[int]:
        """The weighted sums of all scores."""
        pod, table, positions = found.question.pod, found.question.table, found.positions
        order = self._cluster.order
        normalized = table.prepare_scores(pod, self._cluster, self.profile.kept_scores)
        table.rate(order, positions)
        known = table.totals
        totals = [known[at] for at in positions]
        for kept in normalized:
            raws = kept.raws
            totals = _add(totals, kept.normalize([raws[at] for at in positions]), kept.weight)
        if self.profile.fresh_scores:
            nodes = [order[at] for at in positions]
            for score in self.profile.fresh_scores:
                rate = score.rule.prepare(pod, self._cluster, nodes)
                if rate is not None:
                    ratings: Sequence[int] = [rate(node) for node in nodes]
                    if score.rule.normalize is not None:
                        ratings = score.rule.normalize(ratings)
                    totals = _add(totals, ratings, score.weight)
        return totals

    def refusal(self, pod: PodInfo, node: NodeInfo) -> Verdict | None:
        """Whether the Pod fits on one node as things are, asking every rule anew: for suppositions."""
        if (verdict := self.kept_refusal(pod, node)) is not None:
            return verdict
        for one in self.profile.fresh_filters:
            answer = one.rule.prepare(pod, self._cluster)
            if isinstance(answer, Prepared):
                if answer.names is not None and node.name not in answer.names:
                    return Verdict(one.plugin, _elsewhere((one.plugin,)))
                answer = answer.check
            if answer is None:
                continue
            refusal = answer if isinstance(answer, Refusal) else answer(node)
            if refusal is not None:
                return Verdict(one.plugin, refusal)
        return None

    def kept_refusal(self, pod: PodInfo, node: NodeInfo) -> Verdict | None:
        """The same by the rules that look at the Pod and one node alone."""
        return _first(node, self._kept_checks(pod))

    def looks_beyond(self, pod: PodInfo) -> bool:
        """Whether a rule that looks at more than one node has a say about this Pod."""
        return any(one.rule.prepare(pod, self._cluster) is not None for one in self.profile.fresh_filters)

    def _kept_checks(self, pod: PodInfo) -> Sequence[NamedCheck]:
        """Those that look at the Pod and one node, as it is when they are asked: good until nodes change."""
        shape = self._cluster.shape
        if self._last_checks is None or self._last_checks[0] is not pod or self._last_checks[1] != shape:
            self._last_checks = (pod, shape, prepare_kept(pod, self._cluster, self.profile).checks)
        return self._last_checks[2]

    def refusal_beside(self, pod: PodInfo, node: NodeInfo) -> Verdict | None:
        """The same, with and without those of no lower priority that are promised room on the node."""
        ahead = [one for one in self._nominations.on(node.name) if _is_ahead(one, pod)]
        if ahead:
            with self._cluster.supposing(placed=[(one, node.name) for one in ahead]):
                if (verdict := self.refusal(pod, node)) is not None:
                    return verdict
        return self.refusal(pod, node)

    def _question(self, pod: PodInfo) -> Question | Unfit:
        table = self._tables.table(pod)
        if table.nowhere is not None:
            return self._nowhere(table.nowhere.plugin, table.nowhere.refusal)
        names, narrowed_by = table.names, []
        if names is not None:
            narrowed_by.append("NodeAffinity")
        checks: list[NamedCheck] = []
        reserves: list[tuple[str, Reserve]] = []
        for one in self.profile.fresh_filters:
            answer = one.rule.prepare(pod, self._cluster)
            if answer is None:
                continue
            if isinstance(answer, Refusal):
                return self._nowhere(one.plugin, answer)
            if isinstance(answer, Prepared):
                if answer.names is not None:
                    names = answer.names if names is None else names & answer.names
                    narrowed_by.append(one.plugin)
                if answer.reserve is not None:
                    reserves.append((one.plugin, answer.reserve))
                answer = answer.check
            if answer is not None:
                checks.append((one.plugin, answer))
        if names is not None and not names:
            return self._nowhere(narrowed_by[0], _nowhere_allowed(narrowed_by), narrowed_by)
        return Question(pod, table, checks, names, tuple(narrowed_by), tuple(reserves))

    def _promised(self, question: Question) -> int | None:
        """The node that was promised to the Pod, if it fits there: tried before all others."""
        node = self._cluster.node(self._nominations.node(question.pod.uid) or question.pod.nominated)
        if node is None or (question.names is not None and node.name not in question.names):
            return None
        return None if self.refusal_beside(question.pod, node) is not None else node.position

    def _search(self, question: Question, start: int) -> Found | Unfit:
        order, table = self._cluster.order, question.table
        if isinstance(table.unfit, Unfit) and not question.checks and not self._nominations:
            return table.unfit
        count = len(order)
        enough = enough_nodes(count, self._percentage) if self._has_choice else 1
        blocked = self._blocked(question.pod)
        found: list[int] = []
        asked = 0
        turn = start % count
        for first, last in ((turn, count), (0, turn)):
            while first < last and len(found) < enough:
                end = min(last, first + max(enough - len(found), _STRETCH))
                table.learn(order, first, end)
                fitting = _fitting(table, first, end)
                for _, check in question.checks:
                    fitting = _passing(order, fitting, check)
                if blocked:
                    fitting = [at for at in fitting if at not in blocked or blocked[at](order[at])]
                left = enough - len(found)
                if len(fitting) > left:
                    del fitting[left:]
                    end = fitting[-1] + 1
                found += fitting
                asked += end - first
                first = end
        if found:
            return Found(question, found, asked)
        answer = self._unfit(question, range(count))
        if not question.checks and not blocked:
            table.unfit = answer
        return answer

    def _among(self, question: Question, names: Iterable[str]) -> Found | Unfit:
        order, table = self._cluster.order, question.table
        positions = sorted(node.position for name in names if (node := self._cluster.node(name)) is not None)
        blocked = self._blocked(question.pod)
        found = []
        for at in positions:
            table.learn(order, at, at + 1)
            fits = not table.codes[at] and _first(order[at], question.checks) is None
            if fits and (at not in blocked or blocked[at](order[at])):
                found.append(at)
        if found:
            return Found(question, found[: enough_nodes(len(positions), self._percentage)], len(positions))
        return self._unfit(question, positions)

    def _blocked(self, pod: PodInfo) -> dict[int, Callable[[NodeInfo], bool]]:
        """Positions of nodes that must be looked at with those who are promised room there."""
        if not self._nominations:
            return {}

        def fits(node: NodeInfo) -> bool:
            return self.refusal_beside(pod, node) is None

        nodes = (self._cluster.node(name) for name, _ in self._nominations.ahead_of(pod))
        return {node.position: fits for node in nodes if node is not None}

    def _unfit(self, question: Question, positions: Sequence[int]) -> Unfit:
        """Put together why: counted by reason, as upstream words it."""
        order = self._cluster.order
        refused: dict[str, Verdict] = {}
        for at in positions:
            verdict = question.table.verdict(at) or _first(order[at], question.checks)
            if verdict is None:
                verdict = self.refusal_beside(question.pod, order[at])
            assert verdict is not None
            refused[order[at].name] = verdict
        if len(positions) == len(order):
            return self._told(refused)
        return self._told(refused, question.narrowed_by, len(order) - len(positions))

    def _told(self, refused: Mapping[str, Verdict], narrowed_by: Sequence[str] = (), others: int = 0) -> Unfit:
        """Count the reasons, as upstream does; `others` did not come into question."""
        counts = Counter(reason for verdict in refused.values() for reason in verdict.refusal.reasons)
        plugins = {verdict.plugin for verdict in refused.values()}
        if others:
            plugins.update(narrowed_by)
            for reason in _elsewhere(narrowed_by).reasons:
                counts[reason] += others
        total = len(self._cluster.order)
        reasons = ", ".join(sorted(f"{number} {reason}" for reason, number in counts.items()))
        text = f"0/{total} nodes are available: {reasons}." if reasons else f"0/{total} nodes are available:"
        return Unfit(text, frozenset(plugins), refused)

    def _nowhere(self, plugin: str, refusal: Refusal, plugins: Iterable[str] = ()) -> Unfit:
        message = f"0/{len(self._cluster.order)} nodes are available: {', '.join(refusal.reasons)}."
        return Unfit(message, frozenset((plugin, *plugins)), everywhere=refusal)


class Found(Struct, frozen=True):
    """The nodes that fit, by position."""

    question: Question
    positions: list[int]
    asked: int


def enough_nodes(nodes: int, percentage: int) -> int:
    """How many fitting nodes suffice; 0 % stands for a share that shrinks as clusters grow."""
    if nodes <= ALWAYS_ASK:
        return nodes
    percent = percentage or max(50 - nodes // 125, _LEAST_PERCENT)
    return max(nodes * percent // 100, ALWAYS_ASK)


def _fitting(table: Table, first: int, end: int) -> list[int]:
    codes = table.codes
    if codes.count(0, first, end) == end - first:
        return list(range(first, end))
    return [at for at in range(first, end) if not codes[at]]


def _passing(order: Sequence[NodeInfo], positions: list[int], check: Check) -> list[int]:
    if isinstance(check, ByTopology) and check.allowed is None:
        label, refused = check.label, check.refused
        if check.missing is None:
            return [at for at in positions if order[at].labels.get(label) not in refused]
    return [at for at in positions if check(order[at]) is None]


def _first(node: NodeInfo, checks: Sequence[NamedCheck]) -> Verdict | None:
    for plugin, check in checks:
        if (refusal := check(node)) is not None:
            return Verdict(plugin, refusal)
    return None


def _add(totals: list[int], ratings: Sequence[int], weight: int) -> list[int]:
    return [total + weight * rating for total, rating in zip(totals, ratings, strict=True)]


def _is_ahead(one: PodInfo, pod: PodInfo) -> bool:
    return one.ask.priority >= pod.ask.priority and one.uid != pod.uid


def _elsewhere(plugins: Sequence[str]) -> Refusal:
    return Refusal((f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(plugins))}]",), is_lasting=True)


def _nowhere_allowed(plugins: Sequence[str]) -> Refusal:
    if len(plugins) == 1:
        return Refusal((f"node(s) didn't satisfy plugin {plugins[0]}",), is_lasting=True)
    return Refusal((f"node(s) didn't satisfy plugin(s) [{' '.join(plugins)}] simultaneously",), is_lasting=True)
