"""The one bound of recursion."""

from __future__ import annotations

import sys

from wherry.lib.depth import LEVELS, allow_depth


def test_it_is_raised_and_never_lowered() -> None:
    allow_depth()
    before = sys.getrecursionlimit()
    assert before >= LEVELS
    allow_depth()
    assert sys.getrecursionlimit() == before


def test_functions_can_call_each_other_so_deep() -> None:
    allow_depth()

    def down(levels: int) -> int:
        return levels if not levels else down(levels - 1)

    assert down(LEVELS - 500) == 0
