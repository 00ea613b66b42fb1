"""Pods that use what only some kubelets know go to those."""

from __future__ import annotations

import msgspec
import pytest

from wherry.api.types.core_v1 import Node
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import PodInfo
from wherry.scheduler.plugins.nodedeclaredfeatures import NODE_DECLARED_FEATURES
from wherry.scheduler.plugins.tests.placed import a_pod, refusals

TEXT = "node(s) didn't match Pod's required features"
RULES = [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [1]}}]
RESTARTS = a_pod("restarts", initContainers=[{"name": "i", "image": "x", "restartPolicyRules": RULES}])
CASES: dict[str, tuple[PodInfo, dict[str, str]]] = {
    "nothing special": (a_pod("plain"), {}),
    "restarts all containers": (RESTARTS, {"old": TEXT, "other": TEXT}),
    "user namespaces on the host's network": (
        a_pod("users", hostNetwork=True, hostUsers=False),
        {"old": TEXT, "new": TEXT},
    ),
    "user namespaces": (a_pod("own", hostUsers=False), {}),
}


def node(name: str, *features: str) -> Node:
    return msgspec.convert({"metadata": {"name": name}, "status": {"declaredFeatures": features}}, Node)


@pytest.mark.parametrize(("pod", "expected"), CASES.values(), ids=CASES)
def test_filters(pod: PodInfo, expected: dict[str, str]) -> None:
    cluster = Cluster()
    cluster.set_node(node("old"))
    cluster.set_node(node("new", "RestartAllContainersOnContainerExits"))
    cluster.set_node(node("other", "UserNamespacesHostNetworkSupport"))
    assert refusals(NODE_DECLARED_FEATURES, pod, cluster) == expected


def test_a_node_helps_when_it_declares_something_else() -> None:
    helps = NODE_DECLARED_FEATURES.hints[0].helps
    assert helps is not None
    assert [helps(RESTARTS, None, node("a")), helps(RESTARTS, node("a"), node("a"))] == [True, False]
    assert helps(RESTARTS, node("a"), node("a", "RestartAllContainersOnContainerExits"))
