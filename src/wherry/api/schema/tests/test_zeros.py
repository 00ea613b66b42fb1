"""What new objects say of themselves before anybody looks after them."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.schema import schema


@pytest.mark.parametrize(
    ("api_version", "kind", "status"),
    [
        ("v1", "ConfigMap", {}),
        ("apps/v1", "Deployment", {}),
        ("apps/v1", "ReplicaSet", {"replicas": 0}),
        ("v1", "ReplicationController", {"replicas": 0}),
        ("networking.k8s.io/v1", "Ingress", {"loadBalancer": {}}),
        ("autoscaling/v2", "HorizontalPodAutoscaler", {"desiredReplicas": 0}),
        ("storage.k8s.io/v1", "VolumeAttachment", {"attached": False}),
        (
            "policy/v1",
            "PodDisruptionBudget",
            {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
        ),
    ],
)
def test_a_fresh_status(api_version: str, kind: str, status: dict[str, Any]) -> None:
    first, second = (schema(api_version, kind).fresh_status() for _ in range(2))
    assert first == second == status
    assert first is not second
