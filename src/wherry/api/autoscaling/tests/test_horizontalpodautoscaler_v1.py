"""One autoscaler in two versions."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.autoscaling.horizontalpodautoscaler_v1 import from_v2, to_v2

CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
MEMORY = {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}}
PODS = {
    "type": "Pods",
    "pods": {"metric": {"name": "q", "selector": {}}, "target": {"type": "AverageValue", "averageValue": "10"}},
}
OBJECT = {
    "type": "Object",
    "object": {
        "metric": {"name": "q"},
        "describedObject": {"kind": "Ingress", "name": "i"},
        "target": {"type": "Value", "value": "10"},
    },
}
EXTERNAL = {
    "type": "External",
    "external": {"metric": {"name": "q", "selector": {}}, "target": {"type": "Value", "value": "10"}},
}


def _autoscaler(**more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "annotations": {"a": "b"}},
        "spec": {"maxReplicas": 5, **more},
    }


@pytest.mark.parametrize(
    "autoscaler",
    [
        _autoscaler(),
        _autoscaler(metrics=[CPU]),
        _autoscaler(metrics=[CPU, MEMORY, PODS, OBJECT, EXTERNAL]),
        _autoscaler(behavior={"scaleDown": {"selectPolicy": "Disabled"}}),
        {
            **_autoscaler(metrics=[CPU]),
            "status": {
                "conditions": [{"type": "AbleToScale", "status": "True"}],
                "currentMetrics": [
                    {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 3}}}
                ],
            },
        },
    ],
)
def test_there_and_back(autoscaler: dict[str, Any]) -> None:
    old = from_v2(autoscaler)
    assert old["apiVersion"] == "autoscaling/v1"
    assert "metrics" not in old["spec"]
    assert to_v2(old) == autoscaler


def test_what_v1_says_itself() -> None:
    old = from_v2(_autoscaler(metrics=[CPU]))
    assert old["spec"] == {"maxReplicas": 5, "targetCPUUtilizationPercentage": 80}
    assert old["metadata"]["annotations"] == {"a": "b"}


def test_annotations_of_upstream_are_read() -> None:
    text = '[{"type":"Pods","pods":{"metricName":"q","targetAverageValue":"10"}}]'
    metadata = {"name": "web", "annotations": {"autoscaling.alpha.kubernetes.io/metrics": text}}
    new = to_v2({"apiVersion": "autoscaling/v1", "metadata": metadata, "spec": {"maxReplicas": 5}})
    assert new["spec"]["metrics"] == [
        {"type": "Pods", "pods": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "10"}}}
    ]
    assert "annotations" not in new["metadata"]
