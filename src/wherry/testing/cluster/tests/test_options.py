"""What a cluster is made of."""

from __future__ import annotations

import pytest

from wherry.api import Obj
from wherry.api.errors import Invalid
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.testing import AsyncCluster, Cluster

AUTOSCALER: Obj = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "idle"},
    "spec": {
        "minReplicas": 0,
        "maxReplicas": 3,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "metrics": [
            {
                "type": "External",
                "external": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "5"}},
            }
        ],
    },
}


def test_features_are_those_of_the_one_cluster_and_its_forks() -> None:
    with Cluster(nodes=0, features={"HPAScaleToZero": True}) as cluster, Cluster(nodes=0) as other:
        with pytest.raises(Invalid, match=r"spec\.minReplicas: Invalid value: 0: must be greater than or equal to 1"):
            other.apply([AUTOSCALER])
        begin = cluster.snapshot()
        with cluster.fork() as fork:
            assert fork.apply([AUTOSCALER])[0]["spec"]["minReplicas"] == 0
        cluster.restore(begin)
        assert cluster.apply([AUTOSCALER])[0]["spec"]["minReplicas"] == 0


async def test_features_of_an_awaited_cluster() -> None:
    async with AsyncCluster(nodes=0, features={"AllAlpha": True, "GenericWorkload": True}) as cluster:
        assert (await cluster.apply([AUTOSCALER]))[0]["spec"]["minReplicas"] == 0


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
