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
CONTAINER = {
    "type": "ContainerResource",
    "containerResource": {
        "name": "cpu",
        "container": "a",
        "target": {"type": "Utilization", "averageUtilization": 70},
    },
}
RULES = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}],
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
        _autoscaler(metrics=[CPU]),
        _autoscaler(metrics=[MEMORY, PODS, OBJECT, EXTERNAL, CONTAINER, CPU]),
        _autoscaler(metrics=[CPU], behavior={"scaleDown": {"selectPolicy": "Disabled"}}),
        _autoscaler(metrics=[CPU], behavior={"scaleUp": RULES, "scaleDown": {**RULES, "tolerance": "100m"}}),
        {
            **_autoscaler(metrics=[CPU]),
            "status": {
                "conditions": [{"type": "AbleToScale", "status": "True"}],
                "currentMetrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "current": {"averageValue": "5m", "averageUtilization": 3}},
                    }
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
    spec = {"maxReplicas": 5}
    new = to_v2({"apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec})
    assert new["spec"]["metrics"] == [
        {"type": "Pods", "pods": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "10"}}}
    ]
    assert "annotations" not in new["metadata"]


def test_the_behavior_is_spelt_as_upstream_does() -> None:
    old = from_v2(_autoscaler(metrics=[CPU], behavior={"scaleUp": RULES}))
    assert old["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/behavior"] == (
        '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max",'
        '"Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":null}'
    )


def test_metrics_are_spelt_as_upstream_does() -> None:
    target = {"type": "AverageValue", "averageValue": "3"}
    described = {"kind": "Ingress", "name": "i", "apiVersion": "networking.k8s.io/v1"}
    metric = {"type": "Object", "object": {"describedObject": described, "metric": {"name": "q"}, "target": target}}
    old = from_v2(_autoscaler(metrics=[metric]))
    assert old["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"] == (
        '[{"type":"Object","object":{"target":{"kind":"Ingress","name":"i","apiVersion":"networking.k8s.io/v1"},'
        '"metricName":"q","targetValue":"0","averageValue":"3"}}]'
    )
    assert to_v2(old)["spec"]["metrics"] == [metric]


@pytest.mark.parametrize(
    "text", ["", "{", "5", "[5]", '[{"type":"Resource","resource":{"name":"cpu","targetAverageUtilization":"much"}}]']
)
def test_annotations_that_make_no_sense_count_as_none(text: str) -> None:
    names = ("metrics", "behavior", "current-metrics", "conditions")
    annotations = {"autoscaling.alpha.kubernetes.io/" + name: text for name in names}
    new = to_v2({"apiVersion": "autoscaling/v1", "metadata": {"annotations": annotations}, "spec": {"maxReplicas": 5}})
    assert new["spec"] == {"maxReplicas": 5, "metrics": [CPU]}
    assert "annotations" not in new["metadata"]
