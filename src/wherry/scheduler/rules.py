"""The shape of every rule: a plugin looks at the Pod once, then says quickly of each node what it thinks.

    Plugin ── filter.prepare(pod, cluster) ─► None            nothing to object to, on any node, nor if Pods leave it
           │                                 ├► Refusal         the Pod can be nowhere, whatever the nodes are like
           │                                 ├► Check           asked per node: a Refusal, or None
           │                                 └► Prepared        a Check, and: only these nodes; what to hold once chosen
           ├─ score.prepare(pod, cluster, nodes) ─► Rate or None (no opinion)
           ├─ gate(pod) ─► Refusal: not even tried
           ├─ hints: which changes may help one whom it refused
           ├─ order(queued) ─► the key by which Pods are taken from the queue; one plugin decides it for all profiles
           ├─ permit(pod, node) ─► None, a Refusal, or Wait: not bound before somebody allows it
           └─ bind(pod, node) ─► True when it was this plugin's to write; post_bind(pod, node) hears of it

What makes it fast: a filter or score with a `sign` promises that its answer follows from `sign(pod)` and the one node
alone (its labels, taints, sums of what is placed there). Such answers are kept for all Pods of the same sign, and asked
again only for nodes that have changed since. A rule without `sign` (it looks at other nodes, at claims, at anything
else) is prepared for each decision and asked on the way; one that judges by a label of the node says so with
`ByTopology`, which is as quick as a look-up. Counts over many Pods belong into a `Follower` of the cluster, which hears
of each placement, and never into `prepare`.

Preemption asks "what if these were gone?" by taking them out of the cluster, preparing again, and putting them back:
rules need no code for it, only a `prepare` that does not count from the start.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Mapping, Sequence
from enum import Flag, auto
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.features import DEFAULTS, Features
from wherry.api.resource import Resource
from wherry.api.types.core_v1 import Node, Pod
from wherry.client import Client
from wherry.lib.clock import Clock
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.permitting import Wait, WaitingPods

T = TypeVar("T")


class Refusal(Struct, frozen=True):
    """Why a node does not do, in the words that upstream prints."""

    reasons: tuple[str, ...]
    is_lasting: bool = False
    """No eviction from the node would help (upstream: UnschedulableAndUnresolvable)."""


Check: TypeAlias = Callable[[NodeInfo], Refusal | None]


class ByTopology(Struct, frozen=True):
    """A check that depends on the value of one of the node's labels only. Nodes without the label: `missing`."""

    label: str
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """By value of the label."""
    missing: Refusal | None = None
    allowed: Collection[str] | None = None
    """If given, every other value is refused, as `otherwise`."""
    otherwise: Refusal = Refusal(())

    def __call__(self, node: NodeInfo) -> Refusal | None:
        value = node.labels.get(self.label)
        if value is None:
            return self.missing
        if self.allowed is not None and value not in self.allowed:
            return self.otherwise
        return self.refused.get(value)


class Unjudged(Exception):
    """Raised by a filter that cannot say: there is an error in what the Pod asks. Its attempt ends with this text."""


class HoldLost(Exception):
    """What a decision held on to cannot be had after all, though nothing went wrong here; the text says why."""


class Rejection(Exception):
    """Raised by `Hold.pre_bind`: the node does not do after all, and the Pod waits as if a filter had said so."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(", ".join(refusal.reasons))
        self.refusal = refusal


class Hold(Protocol):
    """What a decision holds on to until it is written: volumes, devices. Made when the node has been chosen."""

    async def pre_bind(self) -> None:
        """Write what must be there before the Pod is bound, and wait for it.

        A `Rejection` gives the node up; any other exception is an error, after which the Pod is tried again soon.
        """
        ...

    def unreserve(self) -> None:
        """Give back what is held. Called once, at whatever step the decision failed; never after it was written."""
        ...


Reserve: TypeAlias = Callable[[NodeInfo], "Hold | Refusal | None"]
"""Takes what the Pod needs on the chosen node, in memory, at once; None when there is nothing to hold."""


class Prepared(Struct, frozen=True):
    """The full form of what a filter may answer."""

    check: Check | None = None
    names: frozenset[str] | None = None
    """Only these nodes come into question; all others are refused for good without being asked."""
    reserve: Reserve | None = None


Sign: TypeAlias = Callable[[PodInfo], Hashable]


class Filter(Struct, frozen=True):
    """A reason to refuse nodes."""

    prepare: Callable[[PodInfo, Cluster], Check | Prepared | Refusal | None]
    sign: Sign | None = None
    """With it: the answer depends on this part of the Pod and the one node only, and reserves nothing."""


Rate: TypeAlias = Callable[[NodeInfo], int]
Normalize: TypeAlias = Callable[[Sequence[int]], Sequence[int]]


class Score(Struct, frozen=True):
    """A preference among the nodes that fit: ratings from 0 to 100, or of any scale that `normalize` brings there."""

    prepare: Callable[[PodInfo, Cluster, Sequence[NodeInfo]], Rate | None]
    """Given the nodes among which the choice is; with a `sign`, these are not to be looked at."""
    sign: Sign | None = None
    normalize: Normalize | None = None


Gate: TypeAlias = Callable[[PodInfo], Refusal | None]
"""Whether a Pod may be tried at all (upstream: PreEnqueue)."""


class Queued(Struct, frozen=True):
    """A Pod in the queue, as an order among Pods sees it."""

    pod: PodInfo
    turn: int
    """Smaller for those that came, or failed, earlier."""
    attempts: int = 0
    """How often it was tried since it last failed for another kind of reason."""


Order: TypeAlias = Callable[[Queued], Any]
"""The key by which Pods are sorted: the smallest is next, and of equal ones the first (upstream: QueueSort)."""

Permit: TypeAlias = Callable[[PodInfo, str], "Refusal | Wait | None"]
"""(pod, node): whether a Pod that has a node may be bound there; `Wait` while others must have their say."""

Bind: TypeAlias = Callable[[PodInfo, str], Awaitable[bool]]
"""Binds the Pod to the node; False leaves it to the next plugin. A `Rejection` gives the node up."""

PostBind: TypeAlias = Callable[[PodInfo, str], None]
"""Told of a Pod that was bound."""


class Action(Flag):
    """What happened to an object, as far as hints tell changes apart."""

    ADD = auto()
    DELETE = auto()
    LABELS = auto()
    ANNOTATIONS = auto()
    TAINTS = auto()
    """`spec.unschedulable` too."""
    ALLOCATABLE = auto()
    CONDITIONS = auto()
    """Of a node: declared features too."""
    REQUESTS = auto()
    """A Pod now asks for less."""
    TOLERATIONS = auto()
    GATES = auto()
    """A Pod's last scheduling gate went away."""
    CLAIMS = auto()
    """`status.resourceClaimStatuses` of a Pod."""
    OTHER = auto()
    UPDATE = LABELS | ANNOTATIONS | TAINTS | ALLOCATABLE | CONDITIONS | REQUESTS | TOLERATIONS | GATES | CLAIMS | OTHER
    """Any update; of other kinds than nodes and Pods every update is all of it."""
    ALL = ADD | UPDATE | DELETE


class Source(Struct, frozen=True):
    """Where changes come from. The scheduler follows the kind as soon as one plugin in use hints at it."""

    name: str
    resource: Resource
    view: type[Any]


NODE = Source("Node", NODES, Node)
PLACED_POD = Source("AssignedPod", PODS, Pod)
"""A Pod on a node, or assumed there. Its changes are shown as `PodInfo`s."""
PENDING_POD = Source("UnscheduledPod", PODS, Pod)
"""The very Pod that waits: its own change, shown as `PodInfo`s."""

Helps: TypeAlias = Callable[[PodInfo, Any, Any], bool]
"""(pod that waits, old, new): whether this change may make the Pod fit. `old` or `new` is None on add and delete."""


class Hint(Struct, frozen=True):
    """A kind of change that may help a Pod that the plugin refused. Without `helps`: every one of them may."""

    source: Source
    actions: Action
    helps: Helps | None = None


class Promise(Struct, frozen=True):
    """There will be room for the Pod on this node, by what the plugin has done; nobody of lower priority gets it."""

    node: str


Nowhere: TypeAlias = Callable[[PodInfo], "str | Promise"]
"""What is done for a Pod that fits nowhere, so that it may fit later; says what. After a promise nobody else is asked
(upstream: PostFilter)."""


class Preemption(Struct, frozen=True):
    """How many nodes are tried before victims are chosen: this share, but no fewer than that."""

    percentage: int = 10
    absolute: int = 100


class Plugin(Struct, frozen=True):
    """A rule under upstream's name; `catalog.py` lists them all."""

    name: str
    filter: Filter | None = None
    score: Score | None = None
    gate: Gate | None = None
    preemption: Preemption | None = None
    """Whether a Pod that fits nowhere may evict others."""
    nowhere: Nowhere | None = None
    """Asked before that; as upstream's, not if a plugin before this one refused the Pod as such."""
    order: Order | None = None
    permit: Permit | None = None
    bind: Bind | None = None
    post_bind: PostBind | None = None
    hints: tuple[Hint, ...] = ()


class Handle(Struct, frozen=True):
    """What a plugin that needs more than the Pod and the nodes is made with."""

    client: Client
    clock: Clock
    random: random.Random
    cluster: Cluster
    features: Features = DEFAULTS
    kept: dict[Callable[..., Any], Any] = field(default_factory=dict)
    """What `common` has made."""
    behind: Callable[[Coroutine[Any, Any, None]], object] = Coroutine.close
    """Starts what is to be written while other Pods are decided on; it ends with the scheduler."""
    waiting: WaitingPods = field(default_factory=WaitingPods)
    """Pods of all profiles that have a node and wait for permission."""
    activate: Callable[[str], None] = lambda uid: None
    """Has the Pod of a UID tried now if it waits, whatever refused it."""
    retry: Callable[[str], None] = lambda uid: None
    """Has the Pod of a UID, if it waits, tried after a back-off: what was being done for it went wrong."""
    note: Callable[[PodInfo, str, str], object] = lambda pod, reason, message: None
    """Records an event about a Pod: reason and message."""

    def common(self, make: Callable[[Handle], T]) -> T:
        """What plugins have together, in all profiles: made by the first that asks (a ledger of what is reserved)."""
        if make not in self.kept:
            self.kept[make] = make(self)
        made: T = self.kept[make]
        return made


Make: TypeAlias = Callable[[Mapping[str, Any], Handle], Plugin]
"""Makes a plugin for one profile from its `pluginConfig` args (validated, with defaults)."""


def constant(plugin: Plugin) -> Make:
    """For a plugin that has no settings and looks at nothing but Pods and nodes."""
    return lambda _args, _handle: plugin


def highest_first(ratings: Sequence[int]) -> Sequence[int]:
    """Scale so that the highest rating is 100 (upstream's default normalization)."""
    most = max(ratings)
    return [rating * 100 // most for rating in ratings] if most else ratings


def lowest_first(ratings: Sequence[int]) -> Sequence[int]:
    """The same for ratings that count what is bad."""
    most = max(ratings)
    return [100 - rating * 100 // most for rating in ratings] if most else [100] * len(ratings)
