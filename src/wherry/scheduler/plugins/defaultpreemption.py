"""A Pod that fits nowhere may evict lower ones (upstream: DefaultPreemption); `preemption.py` decides whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wherry.scheduler.rules import Handle, Plugin, Preemption

NAME = "DefaultPreemption"


def make(args: Mapping[str, Any], _: Handle) -> Plugin:
    """The plugin of a profile."""
    settings = Preemption(args.get("minCandidateNodesPercentage", 10), args.get("minCandidateNodesAbsolute", 100))
    return Plugin(NAME, preemption=settings)
