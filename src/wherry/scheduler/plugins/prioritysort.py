"""The Pod of the highest priority is next, then the one that has waited longest (upstream: PrioritySort)."""

from __future__ import annotations

from wherry.scheduler.rules import Plugin, Queued


def by_priority(queued: Queued) -> tuple[int, int]:
    return -queued.pod.ask.priority, queued.turn


PRIORITY_SORT = Plugin("PrioritySort", order=by_priority)
