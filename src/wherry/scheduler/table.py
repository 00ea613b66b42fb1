"""What is known of every node for Pods of one sign: whether they fit there, and how good it would be.

    sign of a Pod ──► Table: verdicts [ node 0 | node 1 | ... ]      unknown until somebody looks
                             totals   [ node 0 | node 1 | ... ]      weighted sum of plain scores
                             raws     [ ... ] for each score that is normalized among the nodes in question

A decision changes one node, so the next decision for an equal Pod asks the rules about that node only. When nodes come,
go or change by themselves, all is forgotten.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from msgspec import Struct

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.profile import Profile, Weighted
from wherry.scheduler.rules import Check, Normalize, Prepared, Rate, Refusal

_KEPT_CELLS = 500_000
"""Nodes times signs, beyond which the sign that was not asked for longest is forgotten."""


class Verdict(Struct, frozen=True):
    """A refusal and whose it is."""

    plugin: str
    refusal: Refusal


NamedCheck = tuple[str, Check]
FITS, _MANY, _UNKNOWN = 0, 254, 255
"""Codes of verdicts; those between are kinds of refusals, and `_MANY` stands for one of a kind of its own."""


class Kept(Struct, frozen=True):
    """What the rules with a sign make of a Pod: their checks, the nodes to which they narrow the search, ..."""

    checks: Sequence[NamedCheck]
    names: frozenset[str] | None
    nowhere: Verdict | None
    """... and the first that refused it whatever the nodes are like."""


class Normalized(Struct, frozen=True):
    """Raw ratings of one score by position in the cluster's order."""

    rate: Rate
    normalize: Normalize
    weight: int
    raws: list[int]


class Table:
    """Filled in as it is asked. Positions are those of `Cluster.order`."""

    __slots__ = (
        "_checks",
        "_generation",
        "_kinds",
        "_odd",
        "_plain",
        "_rated",
        "_verdicts",
        "codes",
        "names",
        "normalized",
        "nowhere",
        "totals",
        "unfit",
    )

    def __init__(self, kept: Kept, cluster: Cluster) -> None:
        count = len(cluster.order)
        self._checks = kept.checks
        self.names = kept.names
        self.nowhere = kept.nowhere
        self._plain: list[tuple[Rate, int]] = []
        self.normalized: list[Normalized] | None = None
        self.codes = bytearray([_UNKNOWN]) * count
        self.totals = [0] * count
        self._rated = bytearray(count)
        self._kinds: dict[Verdict, int] = {}
        self._verdicts: list[Verdict] = []
        self._odd: dict[int, Verdict] = {}
        self.unfit: object = None
        """The answer to the last Pod that fitted nowhere; good as long as nothing changes."""
        self._generation = cluster.generation

    def refresh(self, cluster: Cluster) -> None:
        """Forget what was known of nodes that have changed."""
        codes, rated = self.codes, self._rated
        if self._generation != cluster.generation:
            self.unfit = None
        for node in cluster.changed_since(self._generation):
            codes[node.position] = _UNKNOWN
            rated[node.position] = 0
        self._generation = cluster.generation

    def learn(self, nodes: Sequence[NodeInfo], first: int, end: int) -> None:
        """Have verdicts of the nodes at these positions."""
        codes = self.codes
        while (first := codes.find(_UNKNOWN, first, end)) >= 0:
            codes[first] = self._judge(nodes[first], first)

    def verdict(self, position: int) -> Verdict | None:
        """Why the node at a position, already learned, does not do."""
        code = self.codes[position]
        if code == FITS:
            return None
        return self._odd[position] if code == _MANY else self._verdicts[code - 1]

    def known_verdict(self, position: int) -> Verdict | None:
        """The same, as far as it was learned."""
        return None if self.codes[position] == _UNKNOWN else self.verdict(position)

    def rate(self, nodes: Sequence[NodeInfo], positions: Iterable[int]) -> None:
        """Have the scores of the nodes at these positions."""
        rated = self._rated
        for position in [one for one in positions if not rated[one]]:
            node = nodes[position]
            total = 0
            for rate, weight in self._plain:
                total += weight * rate(node)
            self.totals[position] = total
            for score in self.normalized or ():
                score.raws[position] = score.rate(node)
            rated[position] = 1

    def prepare_scores(self, pod: PodInfo, cluster: Cluster, scores: Iterable[Weighted]) -> Sequence[Normalized]:
        """Be ready to rate; returns those that are normalized among the nodes in question."""
        if self.normalized is None:
            self.normalized = []
            nodes = cluster.order
            for score in scores:
                rate = score.rule.prepare(pod, cluster, nodes)
                if rate is None:
                    continue
                if score.rule.normalize is None:
                    self._plain.append((rate, score.weight))
                else:
                    raws = [0] * len(nodes)
                    self.normalized.append(Normalized(rate, score.rule.normalize, score.weight, raws))
        return self.normalized

    def _judge(self, node: NodeInfo, position: int) -> int:
        for plugin, check in self._checks:
            refusal = check(node)
            if refusal is not None:
                return self._code(Verdict(plugin, refusal), position)
        return FITS

    def _code(self, verdict: Verdict, position: int) -> int:
        code = self._kinds.get(verdict)
        if code is not None:
            return code
        if len(self._verdicts) + 1 < _MANY:
            self._verdicts.append(verdict)
            code = self._kinds[verdict] = len(self._verdicts)
            return code
        self._odd[position] = verdict
        return _MANY


class Tables:
    """The tables of one profile by sign, the one asked for last at the end."""

    __slots__ = ("_cluster", "_profile", "_shape", "_signs", "_tables")

    def __init__(self, profile: Profile, cluster: Cluster) -> None:
        self._profile = profile
        self._cluster = cluster
        self._tables: dict[Hashable, Table] = {}
        self._shape = cluster.shape
        filters = [one.rule.sign for one in profile.kept_filters]
        scores = [one.rule.sign for one in profile.kept_scores]
        self._signs = [sign for sign in (*filters, *scores) if sign is not None]

    def table(self, pod: PodInfo) -> Table:
        """The up-to-date table for Pods like this one."""
        cluster = self._cluster
        if self._shape != cluster.shape:
            self._shape = cluster.shape
            self._tables.clear()
        sign = self._sign(pod)
        table = self._tables.pop(sign, None)
        if table is None:
            kept = prepare_kept(pod, cluster, self._profile)
            table = Table(kept, cluster)
            if kept.names is not None:
                return table  # Made for few nodes, and seldom for two Pods.
            self._make_room()
        else:
            table.refresh(cluster)
        self._tables[sign] = table
        return table

    def _sign(self, pod: PodInfo) -> Hashable:
        return tuple([sign(pod) for sign in self._signs])

    def _make_room(self) -> None:
        most = max(8, _KEPT_CELLS // (len(self._cluster.order) + 1))
        while len(self._tables) >= most:
            del self._tables[next(iter(self._tables))]


def prepare_kept(pod: PodInfo, cluster: Cluster, profile: Profile) -> Kept:
    """Ask the rules with a sign about the Pod."""
    checks: list[NamedCheck] = []
    names: frozenset[str] | None = None
    nowhere: Verdict | None = None
    for one in profile.kept_filters:
        answer = one.rule.prepare(pod, cluster)
        if answer is None:
            continue
        if isinstance(answer, Refusal):
            nowhere = nowhere or Verdict(one.plugin, answer)
            checks.append((one.plugin, _always(answer)))
        elif isinstance(answer, Prepared):
            if answer.check is not None:
                checks.append((one.plugin, answer.check))
            if answer.names is not None:
                names = answer.names if names is None else names & answer.names
        else:
            checks.append((one.plugin, answer))
    return Kept(checks, names, nowhere)


def _always(refusal: Refusal) -> Check:
    return lambda _node: refusal
