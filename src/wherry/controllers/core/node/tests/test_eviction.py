from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import Taint
from wherry.api.types.decoding import convert
from wherry.controllers.core.node.eviction import AT_ONCE, FOREVER, due
from wherry.controllers.tests.views import NOW, pod
from wherry.lib.clock import format_time

TAINT = convert(Taint, {"key": "k", "effect": "NoExecute", "timeAdded": format_time(NOW - 100)})


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        ([], AT_ONCE),
        ([{"key": "other", "operator": "Exists"}], AT_ONCE),
        ([{"operator": "Exists"}], FOREVER),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": 300}], NOW + 200),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": 10}], NOW - 90),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": -5}], NOW - 100),
        ([{"operator": "Exists"}, {"key": "k", "operator": "Exists", "tolerationSeconds": 300}], FOREVER),
        ([{"key": "k", "operator": "Exists", "tolerationSeconds": 300}, {"operator": "Exists"}], NOW + 200),
    ],
    ids=[
        "none",
        "another's",
        "forever",
        "for a while",
        "over already",
        "at once",
        "the first holds",
        "the first, again",
    ],
)
def test_when_a_pod_has_to_go(tolerations: list[dict[str, object]], expected: float) -> None:
    assert due(pod("p", spec={"tolerations": tolerations}), [TAINT], NOW) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"created": 40}, NOW - 40 + 60),
        ({"created": 200}, NOW - 100 + 60),
        (
            {
                "created": 200,
                "conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": format_time(NOW - 7)}],
            },
            NOW - 7 + 60,
        ),
    ],
    ids=["made later", "made before", "placed later"],
)
def test_who_comes_to_a_taint_has_all_its_time(facts: dict[str, Any], expected: float) -> None:
    tolerations = [{"operator": "Exists", "tolerationSeconds": 60}]
    assert due(pod("p", spec={"tolerations": tolerations}, **facts), [TAINT], NOW) == expected
