from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.controllers.core.endpoints.plan import truncated

Counts = list[tuple[int, int]]
"""Ready and unready addresses of each subset."""
CASES = [
    pytest.param([(1000, 0)], [(1000, 0)], False, id="as many as may be"),
    pytest.param([(0, 1000)], [(0, 1000)], False, id="as many unready ones"),
    pytest.param([(1001, 0)], [(1000, 0)], True, id="one too many"),
    pytest.param([(500, 600)], [(500, 500)], True, id="unready ones go first"),
    pytest.param([(1000, 5), (0, 5)], [(1000, 0)], True, id="no room for unready ones"),
    pytest.param([(2000, 10), (500, 20)], [(800, 0), (200, 0)], True, id="each subset gives its part"),
    pytest.param([(100, 900), (100, 300)], [(100, 600), (100, 200)], True, id="of unready ones as well"),
    pytest.param([(333, 0), (334, 0), (334, 0)], [(333, 0), (334, 0), (333, 0)], True, id="the last gives the rest"),
]


@pytest.mark.parametrize(("given", "kept", "is_less"), CASES)
def test_a_thousand_addresses_at_most(given: Counts, kept: Counts, is_less: bool) -> None:
    found, is_truncated = truncated([_subset(number, *counts) for number, counts in enumerate(given)])
    counts = [(len(each.get("addresses", ())), len(each.get("notReadyAddresses", ()))) for each in found]
    assert (counts, is_truncated) == (kept, is_less)
    assert all([] not in each.values() and each["ports"] for each in found)


def _subset(number: int, ready: int, unready: int) -> Obj:
    sides = {"addresses": range(ready), "notReadyAddresses": range(ready, ready + unready)}
    subset: Obj = {"ports": [{"port": number + 1}]}
    return subset | {
        side: [{"ip": f"10.{number}.{i >> 8}.{i & 255}"} for i in each] for side, each in sides.items() if each
    }
