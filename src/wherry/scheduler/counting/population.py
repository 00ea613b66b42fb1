"""Follows the cluster and keeps tallies of its Pods, each as long as somebody asks for it.

Two kinds of tally. *Counts* are asked for by a Pod that wants a place ("how many Pods with app=web are in each zone?")
and stay for the next that asks the same. *Ties* are what placed Pods say of others ("nobody with app=web in my zone"):
one for each thing that is said, with how many say it in each zone.

Nodes that change by themselves are compared when a question comes, not when they change: a heartbeat costs nothing, a
changed label moves that node's Pods from one value to another.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from enum import Enum

from msgspec import Struct

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.counting.namespaces import Namespaces
from wherry.scheduler.counting.tally import Home, Tally
from wherry.scheduler.counting.terms import Term, Terms, terms_of
from wherry.scheduler.model import Ask, NodeInfo, PodInfo

_KEPT_COUNTS = 1024
_KEPT_ASKS = 4096


class Tie(Enum):
    """What a placed Pod may say of another one."""

    ANTI = "must not come near"
    HARD = "had to be near"
    SOFT = "would rather be near, or far"


class Bond(Struct, frozen=True, eq=False):
    """One thing that placed Pods say of others, and how many do, by value of the term's key."""

    tie: Tie
    term: Term
    weight: int
    tally: Tally


class _Sort(Struct, eq=False):
    """Placed Pods that no tally can tell apart."""

    ask: Ask
    is_terminating: bool
    tallies: list[Tally]
    bonds: list[_Said]
    count: int = 0


class _Said(Struct, eq=False):
    """A bond with the number of sorts that say it."""

    bond: Bond
    sayers: int = 0


class _Count(Struct, eq=False):
    """A tally with whom it counts."""

    tally: Tally
    home: str | None
    """The one namespace whose Pods it counts, if it is one."""
    counts_terminating: bool
    picks: Callable[[Ask], bool]


class Population:
    """A follower of the cluster."""

    def __init__(self, cluster: Cluster, namespaces: Namespaces) -> None:
        self.namespaces = namespaces
        self._cluster = cluster
        self._homes: dict[NodeInfo, Home] = {}
        self._sorts: dict[tuple[Ask, bool], _Sort] = {}
        self._counts: dict[Hashable, _Count] = {}
        self._said: dict[Hashable, _Said] = {}
        self._terms: dict[Ask, Terms] = {}
        self._heard: dict[Ask, list[Bond]] = {}
        """Which bonds mean a Pod, by what it asks; empty after bonds came or went."""
        self._is_stale = True
        for pod, _ in cluster.pods():
            self._sort(pod).count += 1
        cluster.follow(self)
        namespaces.on_change(self._namespaces_changed)

    def terms(self, ask: Ask) -> Terms:
        """What a Pod says of others."""
        found = self._terms.get(ask)
        if found is None:
            if len(self._terms) >= _KEPT_ASKS:
                self._terms.clear()
            self._terms[ask] = found = terms_of(ask)
        return found

    def meant(self, terms: tuple[Term, ...], ask: Ask) -> bool:
        """Whether every one of the terms means such a Pod."""
        of_namespace = self.namespaces.labels(ask.namespace)
        return all(term.picks(ask.namespace, ask.labels, of_namespace) for term in terms)

    def bonds(self, ask: Ask) -> list[Bond]:
        """What placed Pods say of such a Pod."""
        self._refresh()
        heard = self._heard.get(ask)
        if heard is None:
            if len(self._heard) >= _KEPT_ASKS:
                self._heard.clear()
            heard = [said.bond for said in self._said.values() if self.meant((said.bond.term,), ask)]
            self._heard[ask] = heard
        return heard

    def near(self, terms: tuple[Term, ...], key: str) -> Tally:
        """Pods that all of the terms mean, by the value of `key`."""
        homes = {term.home for term in terms}
        home = homes.pop() if len(homes) == 1 else None
        return self.count((terms, key), lambda: Tally(key), lambda ask: self.meant(terms, ask), home)

    def count(
        self,
        name: Hashable,
        make: Callable[[], Tally],
        picks: Callable[[Ask], bool],
        home: str | None,
        *,
        counts_terminating: bool = True,
    ) -> Tally:
        """The tally of that name: of Pods that `picks` picks (all in namespace `home`, if given)."""
        self._refresh()
        found = self._counts.pop(name, None)
        if found is None:
            found = _Count(make(), home, counts_terminating, picks)
            self._fill(found)
            if len(self._counts) >= _KEPT_COUNTS:
                self._drop(next(iter(self._counts)))
        self._counts[name] = found  # the one asked for last is last
        return found.tally

    def placed(self, pod: PodInfo, node: NodeInfo, count: int) -> None:
        sort = self._sort(pod)
        home = self._homes.get(node)
        if home is not None:
            _move(sort, home, count)
        sort.count += count
        if not sort.count:
            self._forget(sort)

    def reshaped(self) -> None:
        self._is_stale = True

    def _refresh(self) -> None:
        """Count nodes as they are now."""
        if not self._is_stale:
            return
        self._is_stale = False
        nodes = self._cluster.nodes()
        for node in [node for node in self._homes if not node.exists]:
            self._leave(node, self._homes.pop(node))
        for node in nodes:
            home = self._homes.get(node)
            if home is not None:
                if (home.labels is node.labels or home.labels == node.labels) and home.taints == node.taints:
                    continue
                self._leave(node, home)
            self._homes[node] = home = Home(node.name, node.labels, node.taints)
            self._join(node, home)

    def _leave(self, node: NodeInfo, home: Home) -> None:
        for pod in node.pods.values():
            _move(self._sort(pod), home, -1)
        for count in self._counts.values():
            count.tally.leave(home)

    def _join(self, node: NodeInfo, home: Home) -> None:
        for count in self._counts.values():
            count.tally.join(home)
        for pod in node.pods.values():
            _move(self._sort(pod), home, 1)

    def _fill(self, count: _Count) -> None:
        """Begin to count: nodes first, then the Pods that are there."""
        picked = [sort for sort in self._sorts.values() if _takes(count, sort)]
        for sort in picked:
            sort.tallies.append(count.tally)
        sorts = {(sort.ask, sort.is_terminating) for sort in picked}
        for node, home in self._homes.items():
            count.tally.join(home)
            if sorts:
                number = sum((pod.ask, pod.is_terminating) in sorts for pod in node.pods.values())
                if number:
                    count.tally.move(home, number)

    def _drop(self, name: Hashable) -> None:
        tally = self._counts.pop(name).tally
        for sort in self._sorts.values():
            if tally in sort.tallies:
                sort.tallies.remove(tally)

    def _sort(self, pod: PodInfo) -> _Sort:
        key = (pod.ask, pod.is_terminating)
        sort = self._sorts.get(key)
        if sort is None:
            self._sorts[key] = sort = _Sort(pod.ask, pod.is_terminating, [], list(self._say(pod.ask)))
            sort.tallies = [count.tally for count in self._counts.values() if _takes(count, sort)]
            sort.tallies += [said.bond.tally for said in sort.bonds]
        return sort

    def _say(self, ask: Ask) -> Iterator[_Said]:
        terms = self.terms(ask)
        if not terms:
            return
        sayings = [(Tie.ANTI, term, 0) for term in terms.anti_affinity]
        sayings += [(Tie.HARD, term, 0) for term in terms.affinity]
        sayings += [(Tie.SOFT, term, weight) for term, weight in terms.preferred]
        for saying in sayings:
            said = self._said.get(saying)
            if said is None:
                tie, term, weight = saying
                self._said[saying] = said = _Said(Bond(tie, term, weight, Tally(term.key)))
                self._heard.clear()
            said.sayers += 1
            yield said

    def _forget(self, sort: _Sort) -> None:
        del self._sorts[sort.ask, sort.is_terminating]
        for said in sort.bonds:
            said.sayers -= 1
            if not said.sayers:
                del self._said[said.bond.tie, said.bond.term, said.bond.weight]
                self._heard.clear()

    def _namespaces_changed(self) -> None:
        """What selects namespaces may mean others now; it is so rare that all is counted anew."""
        self._heard.clear()
        wide = [name for name, count in self._counts.items() if count.home is None]
        for name in wide:
            self._drop(name)


def _takes(count: _Count, sort: _Sort) -> bool:
    if count.home is not None and count.home != sort.ask.namespace:
        return False
    return (count.counts_terminating or not sort.is_terminating) and count.picks(sort.ask)


def _move(sort: _Sort, home: Home, change: int) -> None:
    for tally in sort.tallies:
        tally.move(home, change)
