"""Which Pods each budget is about, kept in step with every change of a Pod.

A budget is looked at whenever one of its Pods changes. To read all of them anew each time would take minutes where
there are ten thousand; so what counts of each is kept, and a change costs what it changes.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from wherry.api.types.core_v1 import Pod
from wherry.api.types.meta_v1 import LabelSelector, OwnerReference
from wherry.api.types.policy_v1 import PodDisruptionBudget
from wherry.client import Informer, Key
from wherry.controllers.ownership import controller_of, key_of
from wherry.controllers.podstate import is_ready
from wherry.controllers.selectors import matches


class Member(Struct, frozen=True):
    """What counts of a Pod."""

    name: str
    is_ready: bool
    is_going: bool
    controller: OwnerReference | None


def member(pod: Pod) -> Member:
    metadata = pod.metadata
    going = metadata.deletion_timestamp is not None
    return Member(metadata.name, is_ready(pod), going, controller_of(metadata))


class _Circle(Struct):
    uid: str
    selector: LabelSelector | None
    members: dict[str, Member]


class Membership(Struct):
    """Of all budgets that were asked for."""

    pods: Informer[Pod]
    _circles: dict[str, dict[str, _Circle]] = field(default_factory=dict)
    """By namespace and name of the budget."""

    def of(self, budget: PodDisruptionBudget) -> Iterable[Member]:
        """The Pods that a budget selects."""
        metadata, selector = budget.metadata, budget.spec.selector
        circles = self._circles.setdefault(metadata.namespace, {})
        circle = circles.get(metadata.name)
        if circle is None or circle.uid != metadata.uid or circle.selector != selector:
            selected = (pod for pod in self.pods.list(metadata.namespace) if matches(selector, pod.metadata.labels))
            found = {pod.metadata.name: member(pod) for pod in selected}
            circle = circles[metadata.name] = _Circle(metadata.uid, selector, found)
        return circle.members.values()

    def forget(self, budget: Key) -> None:
        circles = self._circles.get(budget.namespace, {})
        circles.pop(budget.name, None)
        if not circles:
            self._circles.pop(budget.namespace, None)

    def hear(self, old: Pod | None, new: Pod | None) -> list[Key]:
        """A Pod has changed. Returns the budgets to which that makes a difference."""
        pod = new if new is not None else old
        if pod is None or (circles := self._circles.get(pod.metadata.namespace)) is None:
            return []
        key, now = key_of(pod.metadata), member(pod)
        changed: list[Key] = []
        for name, circle in circles.items():
            is_in = new is not None and matches(circle.selector, pod.metadata.labels)
            before = circle.members.get(key.name)
            if is_in:
                circle.members[key.name] = now
            elif before is not None:
                del circle.members[key.name]
            if before != (now if is_in else None):
                changed.append(Key(key.namespace, name))
        return changed

    def selecting(self, pod: Pod) -> list[str]:
        """The names of the budgets that select a Pod."""
        circles = self._circles.get(pod.metadata.namespace, {})
        return [name for name, circle in circles.items() if matches(circle.selector, pod.metadata.labels)]
