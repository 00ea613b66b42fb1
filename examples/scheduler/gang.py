"""Pods that run together or not at all: a plugin for the scheduler that sorts, permits and takes back.

    metadata:
      labels: {gang.example.com/name: training, gang.example.com/size: "4"}

Members get their nodes one by one, and are bound when the last of them has one. When somebody has waited too long, all
give their room back and rest for a while, so that two gangs cannot hold one half of the cluster each for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wherry.api.core.pod import PODS
from wherry.api.types.core_v1 import Pod
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import PodInfo
from wherry.scheduler.permitting import Wait
from wherry.scheduler.rules import (
    NODE,
    PLACED_POD,
    Action,
    Filter,
    Handle,
    Hint,
    Plugin,
    Prepared,
    Queued,
    Refusal,
)

NAME, SIZE = "gang.example.com/name", "gang.example.com/size"
Gang = tuple[str, str]
"""(namespace, name)"""


def make(args: Mapping[str, Any], handle: Handle) -> Plugin:
    """Called once per profile."""
    gangs = Gangs(handle, float(args.get("waitSeconds", 30)), float(args.get("restSeconds", 10)))
    return Plugin(
        "Gang",
        order=gangs.order,
        filter=Filter(gangs.prepare),
        permit=gangs.permit,
        hints=(Hint(PLACED_POD, Action.DELETE), Hint(NODE, Action.ADD | Action.ALLOCATABLE)),
    )


@dataclass
class Gangs:
    """What is remembered is who came first, and who rests; all else can be seen in the cluster."""

    handle: Handle
    wait: float
    rest: float
    firsts: dict[Gang, int] = field(default_factory=dict)
    resting: set[Gang] = field(default_factory=set)

    def order(self, queued: Queued) -> tuple[int, int, int]:
        """By priority, then all of a gang when its first member is due."""
        gang = gang_of(queued.pod)
        turn = self.firsts.setdefault(gang, queued.turn) if gang else queued.turn
        return -queued.pod.ask.priority, turn, queued.turn

    def prepare(self, pod: PodInfo, cluster: Cluster) -> Prepared | Refusal | None:
        """No node is refused; but a member that has one holds on to its gang."""
        gang = gang_of(pod)
        if gang is None:
            return None
        if not pod.ask.labels.get(SIZE, "").isdigit():
            return Refusal((f"label {SIZE} is not a number",), is_lasting=True)
        if gang in self.resting:
            return Refusal((f"gang {gang[1]} rests",))
        return Prepared(reserve=lambda node: Membership(self, gang))

    def permit(self, pod: PodInfo, node: str) -> Wait | None:
        """The last one lets all of them go."""
        gang = gang_of(pod)
        if gang is None:
            return None
        placed = sum(gang_of(other) == gang for other, _ in self.handle.cluster.pods())
        if placed < int(pod.ask.labels[SIZE]):
            self.call(gang)
            return Wait(self.wait)
        for one in self.handle.waiting:
            if gang_of(one.pod) == gang:
                one.allow("Gang")
        return None

    def call(self, gang: Gang) -> None:
        """Have the others tried now, even if they did not fit before."""
        for pod in self.handle.client.informer(PODS, Pod).list(gang[0]):
            if pod.metadata.labels.get(NAME) == gang[1] and not pod.spec.node_name:
                self.handle.activate(pod.metadata.uid)

    def break_up(self, gang: Gang) -> None:
        if gang not in self.resting:
            self.resting.add(gang)
            self.handle.clock.call_later(self.rest, lambda: self.wake(gang))
        for one in self.handle.waiting:
            if gang_of(one.pod) == gang:
                one.reject("Gang", f"gang {gang[1]} was broken up")

    def wake(self, gang: Gang) -> None:
        self.resting.discard(gang)
        self.call(gang)


@dataclass
class Membership:
    """What a member that has a node holds."""

    gangs: Gangs
    gang: Gang

    async def pre_bind(self) -> None:
        """Nothing is to be written before the Pod is bound."""

    def unreserve(self) -> None:
        self.gangs.break_up(self.gang)


def gang_of(pod: PodInfo) -> Gang | None:
    name = pod.ask.labels.get(NAME)
    return (pod.key.namespace, name) if name else None
