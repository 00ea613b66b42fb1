"""Scaling a Deployment that is in the middle of a rollout: each ReplicaSet grows or shrinks by its share. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wherry.controllers.apps.deployment.model import DESIRED, MAX, Replicas, Rollout, active, oldest_first, total


def scaled(rollout: Rollout, new: Replicas | None, old: Sequence[Replicas]) -> dict[str, int]:
    """New sizes by name: of those that are asked for a number, changed or not."""
    only = _only_active_or_latest(new, old)
    if only is not None:
        return {only.name: rollout.replicas}
    if new is not None and is_saturated(rollout, new):
        return {one.name: 0 for one in active(old)}
    if not rollout.is_rolling:
        return {}
    return _in_proportion(rollout, active([*old, *([new] if new is not None else [])]))


def is_saturated(rollout: Rollout, one: Replicas) -> bool:
    """The ReplicaSet alone is all the Deployment wants, and runs."""
    return (
        one.annotations.get(DESIRED) == str(rollout.replicas)
        and one.spec == rollout.replicas
        and one.available == rollout.replicas
    )


def _only_active_or_latest(new: Replicas | None, old: Sequence[Replicas]) -> Replicas | None:
    busy = active([*old, *([new] if new is not None else [])])
    if len(busy) == 1:
        return busy[0]
    if busy:
        return None
    if new is not None:
        return new
    return oldest_first(old)[-1] if old else None


def _in_proportion(rollout: Rollout, sets: Sequence[Replicas]) -> dict[str, int]:
    allowed = rollout.replicas + rollout.max_surge if rollout.replicas > 0 else 0
    missing = allowed - total(sets)
    by_age = oldest_first(sets) if missing <= 0 else oldest_first(sets)[::-1]
    ordered = sorted(by_age, key=lambda one: -one.spec)
    sizes: dict[str, int] = {}
    added = 0
    for one in ordered:
        share = _share(rollout, one, missing, added)
        sizes[one.name] = one.spec + share
        added += share
    if ordered and missing:
        largest = ordered[0].name
        sizes[largest] = max(0, sizes[largest] + missing - added)
    return sizes


def _share(rollout: Rollout, one: Replicas, missing: int, added: int) -> int:
    if one.spec == 0 or missing in (0, added):
        return 0
    wish = _wish(rollout, one)
    left = missing - added
    return min(wish, left) if missing > 0 else max(wish, left)


def _wish(rollout: Rollout, one: Replicas) -> int:
    """By how much the ReplicaSet would change if it kept its part of the whole."""
    if rollout.replicas == 0:
        return -one.spec
    try:
        before = int(one.annotations.get(MAX, "0"))
    except ValueError:
        before = 0
    before = before or rollout.present
    if before == 0:
        return 0
    wanted = one.spec * (rollout.replicas + rollout.max_surge) / before
    return math.floor(wanted + 0.5) - one.spec
