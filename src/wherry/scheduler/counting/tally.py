"""How many Pods there are by the value of a label of their nodes. Pure sums; `population.py` says who moves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wherry.api.types.core_v1 import Taint


class Home:
    """A node as the tallies have counted it: what it was like then, not what it is like since."""

    __slots__ = ("labels", "name", "taints")

    def __init__(self, name: str, labels: Mapping[str, str], taints: tuple[Taint, ...]) -> None:
        self.name = name
        self.labels = labels
        self.taints = taints


class Tally:
    """Pods by the value of `key`; a node without that label does not count. Only values above zero are kept."""

    __slots__ = ("counts", "key")

    def __init__(self, key: str) -> None:
        self.key = key
        self.counts: dict[str, int] = {}

    def move(self, home: Home, change: int) -> None:
        """As many Pods as `change` says came to the node, or left it."""
        value = home.labels.get(self.key)
        if value is None:
            return
        count = self.counts.get(value, 0) + change
        if count:
            self.counts[value] = count
        else:
            self.counts.pop(value, None)

    def join(self, home: Home) -> None:
        """A node came; its Pods are moved afterwards."""

    def leave(self, home: Home) -> None:
        """A node goes; its Pods were moved before."""


class NodeTally(Tally):
    """Pods by the name of their node."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("")

    def move(self, home: Home, change: int) -> None:
        count = self.counts.get(home.name, 0) + change
        if count:
            self.counts[home.name] = count
        else:
            self.counts.pop(home.name, None)


class Domains(Tally):
    """Pods by the value of `key` among the nodes that `admits` lets in, empty values included.

    `levels` (how many values have each count) makes the lowest count a look-up among a handful.
    """

    __slots__ = ("_admits", "_in", "_nodes", "levels")

    def __init__(self, key: str, admits: Callable[[Home], bool]) -> None:
        super().__init__(key)
        self._admits = admits
        self._in: set[str] = set()
        """Names of the nodes that were let in."""
        self._nodes: dict[str, int] = {}
        """Number of nodes by value."""
        self.levels: dict[int, int] = {}

    @property
    def lowest(self) -> int:
        """The count of the value that has the fewest Pods; none when there are no values."""
        return min(self.levels) if self.levels else 0

    def join(self, home: Home) -> None:
        if not self._admits(home):
            return
        self._in.add(home.name)
        value = home.labels.get(self.key, "")
        if value not in self._nodes:
            self._nodes[value] = 0
            self.counts[value] = 0
            self._level(0, 1)
        self._nodes[value] += 1

    def leave(self, home: Home) -> None:
        if home.name not in self._in:
            return
        self._in.remove(home.name)
        value = home.labels.get(self.key, "")
        self._nodes[value] -= 1
        if not self._nodes[value]:
            del self._nodes[value]
            self._level(self.counts.pop(value), -1)

    def move(self, home: Home, change: int) -> None:
        if home.name not in self._in:
            return
        value = home.labels.get(self.key, "")
        count = self.counts[value]
        self.counts[value] = count + change
        self._level(count, -1)
        self._level(count + change, 1)

    def _level(self, count: int, change: int) -> None:
        number = self.levels.get(count, 0) + change
        if number:
            self.levels[count] = number
        else:
            del self.levels[count]
