"""Equal Pods share what they ask, and a node's sums follow what comes and goes."""

from __future__ import annotations

from wherry.scheduler.model import NodeInfo
from wherry.scheduler.tests.objects import info


def test_equal_pods_share_one_ask() -> None:
    assert info("a", cpu="1").ask is info("b", cpu="1").ask
    assert info("a", cpu="1").ask is not info("b", cpu="2").ask
    assert info("a", priority=1).ask is not info("b").ask


def test_a_node_forgets_what_leaves_it() -> None:
    node = NodeInfo("n1")
    first = info("a", cpu="1", memory="1Gi")
    node.add(first)
    node.add(info("b", cpu="500m"))
    node.remove(first.uid)
    node.remove(first.uid)
    assert node.requested == {"cpu": 500, "memory": 0, "pods": 1}


def test_a_resize_makes_another_ask_until_it_is_done() -> None:
    def of(in_force: str) -> dict[str, object]:
        return {"containerStatuses": [{"name": "c", "resources": {"requests": {"cpu": in_force}}}]}

    asked = info("a", cpu="1").ask
    assert info("a", cpu="1", status=of("1")).ask is asked
    shrinking = info("a", cpu="1", status=of("2")).ask
    assert shrinking.requests["cpu"] == shrinking.score_requests["cpu"] == 2000
    assert info("a", cpu="1", status=of("1")).ask is asked
