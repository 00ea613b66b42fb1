from __future__ import annotations

import json
from typing import Any

import pytest

from wherry.testing.clock import ManualClock
from wherry.testing.cluster.remote.orders import ORDER, place, spelled
from wherry.testing.faultmatch import Match
from wherry.testing.faults import Faults


@pytest.mark.parametrize(
    ("said", "match", "left"),
    [
        ({"fault": "slow", "seconds": 2.0}, Match.of("*", "*"), None),
        ({"fault": "fail", "verb": "create", "status": 503, "times": 3}, Match.of("create", "*"), 3),
        ({"fault": "fail", "reason": "Forbidden", "retryAfter": 2, "times": None}, Match.of("*", "*"), None),
        ({"fault": "conflict", "resource": ["leases", "cm"]}, Match.of(("update", "patch"), ("leases", "cm")), 1),
        ({"fault": "throttle", "manager": "kopf", "name": "a*"}, Match.of("*", "*", manager="kopf", name="a*"), 1),
        (
            {"fault": "loseReply", "namespace": "shop"},
            Match.of(("create", "update", "patch", "delete"), "*", namespace="shop"),
            1,
        ),
        ({"fault": "isolate", "user": "system:node:a"}, Match.of("*", "*", user="system:node:a"), None),
    ],
    ids=["slow", "fail by status", "fail by reason", "conflict", "throttle", "lose reply", "isolate"],
)
async def test_an_order_is_the_fault_of_its_name(said: dict[str, Any], match: Match, left: int | None) -> None:
    order = ORDER.decode(json.dumps(said))
    fault = place(Faults(ManualClock()), order)
    assert (fault.match, fault.left) == (match, left)
    assert spelled(order) == json.loads(json.dumps(said)) | {
        name: tuple(value) for name, value in said.items() if isinstance(value, list)
    }


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"fault": "flood"},
        {"fault": "slow", "status": 500},
        {"fault": "slow", "seconds": -1},
        {"fault": "fail", "status": 200},
        {"fault": "conflict", "times": 0},
        {"fault": "isolate"},
        {"fault": "isolate", "user": "a", "times": 1},
    ],
)
def test_what_is_no_order(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\$|field"):
        ORDER.decode(json.dumps(said))
