from __future__ import annotations

import pytest

from wherry.api.managedfields import sets
from wherry.api.managedfields.reconciling import reconcile
from wherry.api.managedfields.tests.kinds import SPEC


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param([("f:whole", "f:a"), ("f:whole", "f:b")], [("f:whole",)], id="a struct became atomic"),
        pytest.param([("f:whole",)], [("f:whole",)], id="an atomic struct"),
        pytest.param([("f:args", 'v:"x"')], [("f:args",)], id="a set became an atomic list"),
        pytest.param([("f:data",)], [("f:data",)], id="an atomic map became granular"),
        pytest.param([("f:data", "f:a")], [("f:data", "f:a")], id="a granular map"),
        pytest.param(
            [("f:items", 'k:{"name":"a"}'), ("f:items", 'k:{"name":"a"}', "f:args", "i:0")],
            [("f:items", 'k:{"name":"a"}'), ("f:items", 'k:{"name":"a"}', "f:args")],
            id="inside of an item",
        ),
        pytest.param([("f:gone", "f:a")], [("f:gone", "f:a")], id="a field that is no more"),
        pytest.param([("f:deduced", "f:a")], [("f:deduced", "f:a")], id="deduced"),
    ],
)
def test_after_a_change_of_shape(before: list[tuple[str, ...]], after: list[tuple[str, ...]]) -> None:
    fields = sets.of(before)
    found = reconcile(SPEC, fields)
    assert found == sets.of(after)
    assert (found is fields) == (before == after)
