"""How far the new ReplicaSet may grow and the old ones may shrink in one step of a rolling update. Pure.

Never more than `replicas + max_surge` Pods are asked for, and never fewer than `replicas - max_unavailable` are left
available by a decision made here.
"""

from __future__ import annotations

from collections.abc import Sequence

from wherry.controllers.apps.deployment.model import Replicas, Rollout, oldest_first, total


def new_size(rollout: Rollout, new: Replicas, everything: Sequence[Replicas]) -> int:
    """What the new ReplicaSet may have now; `everything` includes it when it exists."""
    if not rollout.is_rolling:
        return rollout.replicas
    if new.spec > rollout.replicas:
        return rollout.replicas
    room = rollout.replicas + rollout.max_surge - total(everything)
    if room <= 0:
        return new.spec
    return new.spec + min(room, rollout.replicas - new.spec)


def shrunk_old(rollout: Rollout, new: Replicas, old: Sequence[Replicas]) -> dict[str, int]:
    """New sizes of old ReplicaSets by name, for those that shrink now.

    First Pods that are of no use anyway, then as many available ones as the new ReplicaSet allows.
    """
    if total(old) == 0:
        return {}
    everything = [*old, new]
    least = rollout.replicas - rollout.max_unavailable
    most = total(everything) - least - (new.spec - new.available)
    if most <= 0:
        return {}
    sizes = _without_unhealthy(old, most)
    # A ReplicaSet that was told to shrink may still report the Pods it is about to delete: they do not count.
    available = sum(min(one.available, one.spec) for one in everything)
    _shrink_available(old, sizes, available - least)
    return {one.name: sizes[one.name] for one in old if sizes[one.name] != one.spec}


def _without_unhealthy(old: Sequence[Replicas], most: int) -> dict[str, int]:
    sizes = {one.name: one.spec for one in old}
    for one in oldest_first(old):
        if most <= 0:
            break
        gone = min(most, max(0, one.spec - one.available))
        sizes[one.name] = one.spec - gone
        most -= gone
    return sizes


def _shrink_available(old: Sequence[Replicas], sizes: dict[str, int], most: int) -> None:
    for one in oldest_first(old):
        if most <= 0:
            return
        gone = min(most, sizes[one.name])
        sizes[one.name] -= gone
        most -= gone
