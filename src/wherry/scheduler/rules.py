"""The shape of every rule: prepared once per Pod, asked once per node.

A filter looks at the Pod and answers None when it has nothing to object to on any node, which keeps a plain Pod's
decision down to the few rules that matter. Otherwise it gives a check: the reasons why one node does not do, in the
words that upstream prints, or an empty tuple. A score gives a rating of nodes or None when it has no opinion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo

Check: TypeAlias = Callable[[NodeInfo], tuple[str, ...]]
FITS: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """A reason to refuse nodes. `wakes` names the changes after which a refused Pod may fit."""

    name: str
    prepare: Callable[[PodInfo, Cluster], Check | None]
    wakes: frozenset[str]


Rate: TypeAlias = Callable[[NodeInfo], int]


@dataclass(frozen=True, slots=True)
class Score:
    """A preference among nodes that fit: ratings from 0 to 100, or any scale to be normalized, times `weight`."""

    name: str
    prepare: Callable[[PodInfo, Cluster], Rate | None]
    weight: int = 1
    normalize: bool = False
    lower_is_better: bool = False


NODE_CHANGED, POD_REMOVED = "NodeChanged", "PodRemoved"
