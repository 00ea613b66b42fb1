"""For how long nodes may keep what they have read, by the size of the cluster. Pure."""

from __future__ import annotations

_STEPS = ((0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, 10000, 300), (9000, None, 600))
"""(least nodes, most nodes, seconds): neighbours overlap, so that one node more or less does not rewrite all."""


def step(nodes: int, current: int = 0) -> int:
    """The step for so many nodes, from the one at which the cluster is."""
    while (most := _STEPS[current][1]) is not None and nodes > most:
        current += 1
    while nodes < _STEPS[current][0]:
        current -= 1
    return current


def seconds(step: int) -> int:
    return _STEPS[step][2]
