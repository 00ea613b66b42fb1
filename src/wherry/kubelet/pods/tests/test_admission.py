"""Who is let in."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.kubelet.pods.admission import admit
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.status import Verdict
from wherry.kubelet.pods.tests.cases import make_pod

NODE = NodeView("n1", allocatable={"cpu": "1", "memory": "1Gi"}, max_pods=3)


def _asks(cpu: str, uid: str = "x", **spec: Any) -> Any:
    container = {"name": "app", "resources": {"requests": {"cpu": cpu}}}
    return make_pod({"containers": [container], **spec}, metadata={"uid": uid})


def test_what_fits_is_let_in() -> None:
    assert admit(_asks("500m"), [_asks("500m", "other")], NODE, {}) is None


def test_too_much() -> None:
    assert admit(_asks("501m"), [_asks("500m", "other")], NODE, {}) == Verdict(
        "Failed",
        "OutOfcpu",
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 501, used: 500, capacity: 1000",
    )


def test_too_many() -> None:
    verdict = admit(_asks("0"), [_asks("0", str(number)) for number in range(3)], NODE, {})
    assert verdict is not None
    assert verdict.reason == "OutOfpods"


def test_ended_pods_take_nothing() -> None:
    ended = make_pod(
        {"containers": [{"name": "app", "resources": {"requests": {"cpu": "1"}}}]},
        metadata={"uid": "ended"},
        status={"phase": "Succeeded"},
    )
    assert admit(_asks("1"), [ended], NODE, {}) is None


def test_selectors() -> None:
    picky = _asks("0", nodeSelector={"disk": "ssd"})
    assert admit(picky, [], NODE, {"disk": "ssd"}) is None
    verdict = admit(picky, [], NODE, {})
    assert verdict is not None
    assert verdict.reason == "NodeAffinity"


def test_required_node_affinity() -> None:
    terms = [{"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    picky = _asks("0", affinity={"nodeAffinity": required})
    assert admit(picky, [], NODE, {"disk": "nvme"}) is None
    verdict = admit(picky, [], NODE, {"disk": "tape"})
    assert verdict is not None
    assert verdict.reason == "NodeAffinity"


def _listens(port: int, uid: str, **fields: Any) -> Any:
    container = {"name": "app", "ports": [{"containerPort": 80, "hostPort": port, "protocol": "TCP", **fields}]}
    return make_pod({"containers": [container]}, metadata={"uid": uid})


@pytest.mark.parametrize(
    ("other", "is_refused"),
    [
        pytest.param(_listens(80, "other"), True, id="same-port"),
        pytest.param(_listens(80, "other", hostIP="192.0.2.1"), True, id="one-address-of-all"),
        pytest.param(_listens(80, "other", protocol="UDP"), False, id="other-protocol"),
        pytest.param(_listens(81, "other"), False, id="other-port"),
    ],
)
def test_ports_of_the_host(other: Any, is_refused: bool) -> None:
    verdict = admit(_listens(80, "x"), [other], NODE, {})
    assert (verdict is not None and verdict.reason == "NodePorts") is is_refused
