from __future__ import annotations

import pytest

from wherry.api.types.core_v1 import Taint
from wherry.api.types.decoding import convert
from wherry.controllers.core.node.eviction import FOREVER, due
from wherry.controllers.tests.views import NOW, pod
from wherry.lib.clock import format_time

TAINT = convert(Taint, {"key": "k", "effect": "NoExecute", "timeAdded": format_time(NOW - 100)})


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        ([], NOW),
        ([{"key": "other", "operator": "Exists"}], NOW),
        ([{"operator": "Exists"}], FOREVER),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": 300}], NOW + 200),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": 10}], NOW - 90),
        (
            [{"operator": "Exists"}, {"key": "k", "operator": "Exists", "tolerationSeconds": 300}],
            NOW + 200,
        ),
    ],
    ids=["none", "another's", "forever", "for a while", "over already", "the shortest holds"],
)
def test_when_a_pod_has_to_go(tolerations: list[dict[str, object]], expected: float) -> None:
    assert due(pod("p", spec={"tolerations": tolerations}), [TAINT], NOW) == expected
