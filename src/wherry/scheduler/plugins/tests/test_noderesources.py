"""A node has room for what a Pod requests, or says of what there is too little; and what may change that."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from wherry.api.types.core_v1 import Node
from wherry.api.types.resource_v1 import DeviceClass
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import PodInfo
from wherry.scheduler.plugins.noderesources import class_helps, make, node_helps, pod_helps
from wherry.scheduler.plugins.tests.placed import a_pod
from wherry.scheduler.rules import Handle
from wherry.testing.clock import ManualClock
from wherry.testing.nothing import no_cluster

GPU, HUGE = "example.com/gpu", "hugepages-2Mi"
BIG = {"cpu": "10", "memory": "20", "ephemeral-storage": "20", "pods": "32", GPU: "5", HUGE: "5"}


def container(**more: Any) -> dict[str, Any]:
    restart = {"restartPolicy": more.pop("restart")} if "restart" in more else {}
    requests = {
        {"gpu": GPU, "huge": HUGE, "disk": "ephemeral-storage"}.get(key, key): value for key, value in more.items()
    }
    return {"name": f"c{len(requests)}", "resources": {"requests": requests}, **restart}


def asks(*containers: Mapping[str, Any], init: tuple[Mapping[str, Any], ...] = (), **spec: Any) -> PodInfo:
    name = spec.pop("name", "p")
    return a_pod(name, containers=list(containers) or [container()], initContainers=list(init), **spec)


def node(**amounts: str) -> Node:
    return msgspec.convert({"metadata": {"name": "n"}, "status": {"allocatable": amounts}}, Node)


NOTHING = asks(name="other")
CASES: dict[str, tuple[PodInfo, PodInfo, str, bool]] = {
    "nothing is asked": (asks(), asks(container(cpu="10", memory="20"), name="other"), "", False),
    "too little of two": (
        asks(container(cpu="1", memory="1")),
        asks(container(cpu="10", memory="20"), name="other"),
        "Insufficient cpu, Insufficient memory",
        False,
    ),
    "just enough": (
        asks(container(cpu="5", memory="1")),
        asks(container(cpu="5", memory="19"), name="other"),
        "",
        False,
    ),
    "an init container is too large": (
        asks(container(cpu="1", memory="1"), init=(container(cpu="3", memory="1"),)),
        asks(container(cpu="8", memory="19"), name="other"),
        "Insufficient cpu",
        False,
    ),
    "the largest init container counts": (
        asks(container(cpu="1"), init=(container(cpu="3"), container(cpu="2"))),
        asks(container(cpu="8"), name="other"),
        "Insufficient cpu",
        False,
    ),
    "init containers run one by one": (
        asks(container(cpu="1"), init=(container(cpu="1"), container(cpu="1"))),
        asks(container(cpu="9"), name="other"),
        "",
        False,
    ),
    "a sidecar runs beside": (
        asks(container(cpu="1"), init=(container(cpu="1", restart="Always"),)),
        asks(container(cpu="9"), name="other"),
        "Insufficient cpu",
        False,
    ),
    "overhead": (
        asks(container(cpu="1"), overhead={"cpu": "1"}),
        asks(container(cpu="9"), name="other"),
        "Insufficient cpu",
        False,
    ),
    "more CPU than there ever is": (asks(container(cpu="11")), NOTHING, "Insufficient cpu", True),
    "more of one, though another could be freed": (
        asks(container(cpu="11", memory="2")),
        asks(container(memory="19"), name="other"),
        "Insufficient cpu, Insufficient memory",
        True,
    ),
    "extended, of several containers": (
        asks(container(gpu="3"), container(gpu="3")),
        asks(container(gpu="2"), name="other"),
        f"Insufficient {GPU}",
        True,
    ),
    "extended, of init containers": (
        asks(container(), init=(container(gpu="3"), container(gpu="3"))),
        asks(container(gpu="2"), name="other"),
        "",
        False,
    ),
    "extended, of others": (
        asks(container(gpu="1")),
        asks(container(gpu="5"), name="other"),
        f"Insufficient {GPU}",
        False,
    ),
    "unknown here": (
        asks({"name": "c", "resources": {"requests": {"example.org/x": "1"}}}),
        NOTHING,
        "Insufficient example.org/x",
        True,
    ),
    "an unknown one, of which nothing is asked": (
        asks({"name": "c", "resources": {"requests": {"example.org/x": "0"}}}),
        NOTHING,
        "",
        False,
    ),
    "huge pages": (asks(container(huge="3"), container(huge="3")), NOTHING, f"Insufficient {HUGE}", True),
    "disk": (
        asks(container(disk="25")),
        asks(container(disk="2"), name="other"),
        "Insufficient ephemeral-storage",
        True,
    ),
    "nothing of what is over-committed": (
        asks(container(cpu="1")),
        asks(container(memory="40"), name="other"),
        "",
        False,
    ),
}


@pytest.mark.parametrize(("pod", "other", "text", "is_lasting"), CASES.values(), ids=CASES)
def test_room(pod: PodInfo, other: PodInfo, text: str, is_lasting: bool) -> None:
    assert asked(pod, BIG, other) == (text, is_lasting)


def asked(pod: PodInfo, offered: Mapping[str, str], *others: PodInfo) -> tuple[str, bool]:
    cluster = Cluster()
    cluster.set_node(node(**offered))
    for other in others:
        cluster.set_pod(other, "n")
    rule = make({}, Handle(no_cluster(), ManualClock(), random.Random(0), cluster)).filter
    assert rule is not None
    check = rule.prepare(pod, cluster)
    assert callable(check)
    refusal = check(cluster.order[0])
    return (", ".join(sorted(refusal.reasons)), refusal.is_lasting) if refusal is not None else ("", False)


def test_too_many_pods_may_become_fewer() -> None:
    assert asked(asks(container(cpu="1")), {"cpu": "2", "pods": "1"}, NOTHING) == ("Too many pods", False)
    assert asked(asks(), {}) == ("Too many pods", False)
    assert asked(asks(container(cpu="3")), {"cpu": "2", "pods": "0"}) == ("Insufficient cpu, Too many pods", True)


WANTS = asks(container(cpu="2", gpu="1"))
ROOM = {"cpu": "2", GPU: "1", "pods": "1"}
NODES: dict[str, tuple[PodInfo, Mapping[str, str] | None, Mapping[str, str], bool]] = {
    "came": (WANTS, None, ROOM, True),
    "came, too small": (WANTS, None, ROOM | {"cpu": "1"}, False),
    "came, for no Pods": (WANTS, None, ROOM | {"pods": "0"}, False),
    "has more": (WANTS, ROOM, ROOM | {"cpu": "3"}, True),
    "has less": (WANTS, ROOM | {"cpu": "3"}, ROOM, False),
    "has more, but not enough": (WANTS, {**ROOM, "cpu": "1", GPU: "0"}, ROOM | {GPU: "0"}, False),
    "has more of something else": (WANTS, ROOM, ROOM | {"memory": "1Gi"}, False),
    "takes more Pods": (asks(), {"pods": "1"}, {"pods": "2"}, True),
    "nothing else matters to those who ask for nothing": (asks(), ROOM, ROOM | {"cpu": "3"}, False),
}


@pytest.mark.parametrize(("pod", "old", "new", "helps"), NODES.values(), ids=NODES)
def test_a_node_that_helps(pod: PodInfo, old: Mapping[str, str] | None, new: Mapping[str, str], helps: bool) -> None:
    assert node_helps(pod, node(**old) if old is not None else None, node(**new)) is helps


def test_a_node_helps_with_devices_of_a_class_or_plain_ones() -> None:
    classes = frozenset((GPU,))
    without = {"cpu": "2", "pods": "1"}
    assert node_helps(WANTS, None, node(**without), classes)
    assert node_helps(WANTS, node(**without), node(**without), classes)
    assert node_helps(WANTS, node(**without), node(**ROOM), classes)
    assert not node_helps(WANTS, node(**ROOM), node(**ROOM), classes)
    assert not node_helps(WANTS, node(**ROOM), node(**ROOM | {"cpu": "1"}), classes)


def test_a_pod_that_helps() -> None:
    small, large = asks(container(cpu="1", disk="3")), asks(container(cpu="2", disk="2"))
    assert pod_helps(WANTS, small, None)
    assert pod_helps(WANTS, large, small)
    assert not pod_helps(WANTS, small, large)
    assert not pod_helps(asks(container(memory="1")), large, small)


def a_class(stands_for: str | None) -> DeviceClass:
    return msgspec.convert({"metadata": {"name": "fast"}, "spec": {"extendedResourceName": stands_for}}, DeviceClass)


IMPLICIT = asks({"name": "c", "resources": {"requests": {"deviceclass.resource.kubernetes.io/fast": "1"}}})


@pytest.mark.parametrize(
    ("pod", "old", "new", "helps"),
    [
        (WANTS, None, a_class(GPU), True),
        (WANTS, None, a_class("example.com/other"), False),
        (WANTS, None, a_class(None), False),
        (WANTS, a_class(GPU), a_class(GPU), False),
        (WANTS, a_class(None), a_class(GPU), True),
        (WANTS, a_class(GPU), a_class(None), False),
        (IMPLICIT, None, a_class(None), True),
        (IMPLICIT, a_class(None), a_class(GPU), False),
    ],
    ids=["came", "other", "none", "same", "is now one", "is none now", "by name", "by name, as before"],
)
def test_a_class_that_helps(pod: PodInfo, old: DeviceClass | None, new: DeviceClass, helps: bool) -> None:
    assert class_helps(pod, old, new) is helps
