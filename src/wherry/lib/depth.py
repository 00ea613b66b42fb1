"""How deep functions may call themselves: one bound for the whole process, set once.

Python's own bound (1,000) is short for expressions of the Common Expression Language within their limits. Raising it
for a while and lowering it again is no way out where threads work beside each other: what one of them allows itself,
all may do meanwhile, and an object that was nested so deeply that only then it could be read would be kept forever.
"""

from __future__ import annotations

import sys

LEVELS = 4000
"""Calls within each other. Within this, C functions that call themselves need less than 2 MiB of stack."""


def allow_depth() -> None:
    """Let calls go as deep as this process ever allows; to be called by whoever needs it, as often as they like."""
    if sys.getrecursionlimit() < LEVELS:
        sys.setrecursionlimit(LEVELS)
