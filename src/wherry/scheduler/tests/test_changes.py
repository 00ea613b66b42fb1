"""Which changes are told apart, and which are none."""

from __future__ import annotations

import pytest

from wherry.api.types.core_v1 import Node
from wherry.scheduler.changes import node_changes, pod_changes
from wherry.scheduler.model import PodInfo
from wherry.scheduler.rules import Action
from wherry.scheduler.tests.objects import info, node

GATED = info(cpu="1", schedulingGates=[{"name": "a"}])
TOLERANT = info(cpu="1", tolerations=[{"operator": "Exists"}])

PODS: dict[str, tuple[PodInfo, PodInfo, Action]] = {
    "the same": (info(cpu="1"), info(cpu="1"), Action(0)),
    "phase": (info(cpu="1"), info(cpu="1", status={"phase": "Running"}), Action(0)),
    "labels": (info(cpu="1"), info(cpu="1", labels={"a": "b"}), Action.LABELS),
    "less": (info(cpu="2"), info(cpu="1"), Action.REQUESTS),
    "more": (info(cpu="1"), info(cpu="2"), Action(0)),
    "tolerations": (info(cpu="1"), TOLERANT, Action.TOLERATIONS),
    "the last gate gone": (GATED, info(cpu="1"), Action.GATES),
    "a gate added": (info(cpu="1"), GATED, Action(0)),
}


@pytest.mark.parametrize(("old", "new", "expected"), PODS.values(), ids=PODS)
def test_pods(old: PodInfo, new: PodInfo, expected: Action) -> None:
    assert pod_changes(old, new) == expected


NODES: dict[str, tuple[Node, Action]] = {
    "the same": (node("n"), Action(0)),
    "images": (node("n", images=[{"names": ["a"], "sizeBytes": 1}]), Action(0)),
    "labels": (node("n", labels={"a": "b"}), Action.LABELS),
    "taints": (node("n", taints=[{"key": "x", "effect": "NoSchedule"}]), Action.TAINTS),
    "cordoned": (node("n", unschedulable=True), Action.TAINTS),
    "larger": (node("n", cpu="4"), Action.ALLOCATABLE),
}


@pytest.mark.parametrize(("new", "expected"), NODES.values(), ids=NODES)
def test_nodes(new: Node, expected: Action) -> None:
    assert node_changes(node("n"), new) == expected
