"""What a cluster is made of."""

from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.errors import Invalid
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.testing import AsyncCluster, Cluster

COMPARING = {"TaintTolerationComparisonOperators": True}
TOLERATION: Obj = {"key": "k", "operator": "Lt", "value": "1"}
POD: Obj = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "i"}], "tolerations": [TOLERATION]},
}


def test_features_are_those_of_the_one_cluster_and_its_forks() -> None:
    with Cluster(nodes=0, features=COMPARING) as cluster, Cluster(nodes=0) as other:
        with pytest.raises(Invalid, match=r'spec\.tolerations\[0\]\.operator: Unsupported value: "Lt"'):
            other.apply([POD])
        begin = cluster.snapshot()
        with cluster.fork() as fork:
            assert TOLERATION in fork.apply([POD])[0]["spec"]["tolerations"]
        cluster.restore(begin)
        assert TOLERATION in cluster.apply([POD])[0]["spec"]["tolerations"]


async def test_features_of_an_awaited_cluster() -> None:
    async with AsyncCluster(nodes=0, features={"AllAlpha": True, "GenericWorkload": True}) as cluster:
        assert TOLERATION in (await cluster.apply([POD]))[0]["spec"]["tolerations"]


@pytest.mark.parametrize(
    ("gates", "message"),
    [
        ({"NoSuchGate": True}, "unrecognized feature gate: NoSuchGate"),
        (
            {"DynamicResourceAllocation": False},
            "cannot set feature gate DynamicResourceAllocation to false, feature is locked to true",
        ),
    ],
)
def test_features_that_cannot_be_had(gates: dict[str, bool], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Cluster(features=gates)


def test_numbers_in_tolerations_count_where_the_feature_is_on() -> None:
    pod: Obj = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": "c", "image": "example.test/i"}],
            "tolerations": [{"key": "sla", "operator": "Gt", "value": "950", "effect": "NoSchedule"}],
        },
    }
    low, high = (
        NodeSpec(name=name, taints=({"key": "sla", "value": value, "effect": "NoSchedule"},))
        for name, value in (("low", "900"), ("high", "990"))
    )
    with Cluster([low, high], features={"TaintTolerationComparisonOperators": True}, clock="manual") as cluster:
        cluster.apply([pod])
        cluster.wait("pod/p", "Ready")
        assert cluster.client().get("pod/p")["spec"]["nodeName"] == "high"
