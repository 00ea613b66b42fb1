"""What is said of fields that will not be kept, in upstream's order, for the two ways in which it reads objects."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from wherry.api.features import features
from wherry.apiserver.extensions.tests.custom import WIDGETS, Shop, definition, shop, version
from wherry.apiserver.tests.harness import serving
from wherry.store.memory import MemoryStore
from wherry.transport.messages import Response

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JSON, YAML, MERGE = "application/json", "application/yaml", "application/merge-patch+json"

SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "size": {"type": "integer"},
        "ports": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string"}, "port": {"type": "integer"}}},
        },
        "child": {
            "type": "object",
            "x-kubernetes-embedded-resource": True,
            "properties": {"spec": {"type": "object"}},
        },
    },
}

WIDGET = """{
"apiVersion": "shop.example.com/v1", "kind": "Widget",
"metadata": {"name": "b", "name": "a", "stray": 1},
"spec": {
  "zoo": 1, "twice": 1, "twice": 2, "size": 1, "size": 2,
  "ports": [{"name": "x", "port": 1, "port": 2, "stray": 1}],
  "child": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "stray": 1}}
}}"""

WIDGET_YAML = """apiVersion: shop.example.com/v1
kind: Widget
metadata:
  name: b
  name: a
  stray: 1
spec:
  zoo: 1
  size: 1
  size: 2
  ports: [{name: x, port: 1, stray: 1}]
  child: {apiVersion: v1, kind: ConfigMap, metadata: {name: c, stray: 1}}
"""

DEPLOYMENT = """{
"apiVersion": "apps/v1", "kind": "Deployment",
"metadata": {"name": "b", "name": "a", "stray": 1},
"spec": {
  "zoo": 1, "twice": 1, "twice": 2, "paused": true, "paused": false,
  "selector": {"matchLabels": {"app": "a"}},
  "template": {
    "metadata": {"labels": {"app": "a"}},
    "spec": {"containers": [{"name": "a", "image": "a", "stray": 1, "tty": true, "tty": false}]}
  }
}}"""

DEPLOYMENT_YAML = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: b
  name: a
  stray: 1
spec:
  zoo: 1
  paused: true
  paused: false
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      containers: [{name: a, image: a, stray: 1}]
"""

TYPED = [
    'duplicate field "metadata.name"',
    'unknown field "metadata.stray"',
    'unknown field "spec.zoo"',
    'unknown field "spec.twice"',
    'duplicate field "spec.paused"',
    'unknown field "spec.template.spec.containers[0].stray"',
    'duplicate field "spec.template.spec.containers[0].tty"',
]
TYPED_YAML = [
    'line 5: key "name" already set in map',
    'line 10: key "paused" already set in map',
    'unknown field "metadata.stray"',
    'unknown field "spec.template.spec.containers[0].stray"',
    'unknown field "spec.zoo"',
]
CUSTOM = [
    'duplicate field "metadata.name"',
    'duplicate field "spec.twice"',
    'duplicate field "spec.size"',
    'duplicate field "spec.ports[0].port"',
    'unknown field "metadata.stray"',
    'unknown field "spec.ports[0].stray"',
    'unknown field "spec.twice"',
    'unknown field "spec.zoo"',
    'unknown field "spec.child.metadata.stray"',
]
CUSTOM_YAML = [
    'line 5: key "name" already set in map',
    'line 10: key "size" already set in map',
    'unknown field "metadata.stray"',
    'unknown field "spec.ports[0].stray"',
    'unknown field "spec.zoo"',
    'unknown field "spec.child.metadata.stray"',
]


@pytest.fixture
async def server() -> AsyncIterator[Shop]:
    async with shop() as server:
        schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}}
        await server.define(definition(versions=[version() | {"schema": schema}]))
        yield server


def joined(told: list[str]) -> str:
    """The texts as an error has them: what a YAML reader says is one text of many lines."""
    lines = [text for text in told if text.startswith("line ")]
    head = ["\n  ".join(["yaml: unmarshal errors:", *lines])] if lines else []
    return "strict decoding error: " + ", ".join([*head, *told[len(lines) :]])


async def warnings(server: Shop, method: str, url: str, body: str, content_type: str) -> list[str]:
    reply = await server.raw(method, url, body.encode(), {"content-type": content_type})
    assert isinstance(reply, Response)
    assert reply.status in (200, 201), reply.body
    return [json.loads(value.removeprefix("299 - ")) for name, value in reply.headers if name == "Warning"]


@pytest.mark.parametrize(
    ("url", "body", "content_type", "told"),
    [
        pytest.param(DEPLOYMENTS, DEPLOYMENT, JSON, TYPED, id="typed"),
        pytest.param(DEPLOYMENTS, DEPLOYMENT_YAML, YAML, TYPED_YAML, id="typed-yaml"),
        pytest.param(WIDGETS, WIDGET, JSON, CUSTOM, id="custom"),
        pytest.param(WIDGETS, WIDGET_YAML, YAML, CUSTOM_YAML, id="custom-yaml"),
    ],
)
async def test_creating(server: Shop, url: str, body: str, content_type: str, told: list[str]) -> None:
    refused = await server.call("POST", f"{url}?fieldValidation=Strict", body.encode(), {"content-type": content_type})
    assert refused.status == 400
    assert refused.body["message"].endswith(joined(told))
    assert await warnings(server, "POST", url, body, content_type) == told
    await server.call("DELETE", f"{url}/a")
    assert await warnings(server, "POST", f"{url}?fieldValidation=Ignore", body, content_type) == []


@pytest.mark.parametrize(
    ("url", "body", "patch", "told"),
    [
        pytest.param(
            DEPLOYMENTS,
            DEPLOYMENT,
            '{"spec":{"zoo":1,"zoo":2,"template":{"stray":1},"bar":1},"metadata":{"stray":1}}',
            [
                'duplicate field "spec.zoo"',
                'unknown field "metadata.stray"',
                'unknown field "spec.bar"',
                'unknown field "spec.template.stray"',
                'unknown field "spec.zoo"',
            ],
            id="typed",
        ),
        pytest.param(
            WIDGETS,
            WIDGET,
            '{"spec":{"zoo":1,"size":1,"size":2,"child":{"metadata":{"stray":1}}},"metadata":{"stray":1}}',
            [
                'duplicate field "spec.size"',
                'unknown field "metadata.stray"',
                'unknown field "spec.zoo"',
                'unknown field "spec.child.metadata.stray"',
            ],
            id="custom",
        ),
    ],
)
async def test_patching(server: Shop, url: str, body: str, patch: str, told: list[str]) -> None:
    await warnings(server, "POST", url, body, JSON)
    headers = {"content-type": MERGE}
    refused = await server.call("PATCH", f"{url}/a?fieldValidation=Strict", patch.encode(), headers)
    assert refused.status == 422
    assert refused.body["message"].endswith(joined(told))
    assert await warnings(server, "PATCH", f"{url}/a", patch, MERGE) == told


PODS = "/api/v1/namespaces/default/pods"
STATEFUL_SETS = "/apis/apps/v1/namespaces/default/statefulsets"
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
OPERATOR_FAULT = 'spec.tolerations[0].operator: Unsupported value: "{}": supported values: "Equal", "Exists"'


def pod(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}], **spec},
    }


def autoscaler(least: int) -> dict[str, Any]:
    metric = {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "5"}}
    spec = {
        "minReplicas": least,
        "maxReplicas": 3,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
        "metrics": [{"type": "External", "external": metric}],
    }
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": spec,
    }


def stateful_set(max_unavailable: int) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "s"}}, "spec": pod()["spec"]}
    spec = {
        "selector": {"matchLabels": {"app": "s"}},
        "template": template,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": max_unavailable}},
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"}, "spec": spec}


async def test_what_belongs_to_features_that_are_off_is_dropped_without_a_word() -> None:
    async with serving() as server:
        volumes = [{"name": "v", "emptyDir": {"mode": 448}}]
        answer = await server.call("POST", f"{PODS}?fieldValidation=Strict", pod(volumes=volumes))
        assert answer.status == 201
        assert answer.body["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]
        assert "Warning" not in answer.headers


@pytest.mark.parametrize("operator", ["Lt", "Bogus"])
async def test_values_of_features_that_are_off_are_refused_once(operator: str) -> None:
    async with serving() as server:
        tolerations = [{"key": "k", "operator": operator, "value": "1"}]
        answer = await server.call("POST", PODS, pod(tolerations=tolerations))
        assert answer.status == 422
        assert [cause["field"] for cause in answer.body["details"]["causes"]] == ["spec.tolerations[0].operator"]
        assert answer.body["message"] == f'Pod "p" is invalid: {OPERATOR_FAULT.format(operator)}'


async def test_what_a_gate_lets_through_stays_when_it_is_closed() -> None:
    """A server that is started again, with other gates, on what is stored."""
    store, merge = MemoryStore(), {"content-type": MERGE}
    closed = features({"HPAScaleToZero": False, "MaxUnavailableStatefulSet": False})
    async with serving(store=store) as server:
        await server.post(AUTOSCALERS, autoscaler(0))
        await server.post(STATEFUL_SETS, stateful_set(2))
    async with serving(store=store, features=closed) as server:
        answer = await server.call("PATCH", f"{AUTOSCALERS}/h", {"spec": {"maxReplicas": 5}}, merge)
        assert (answer.status, answer.body["spec"]["minReplicas"]) == (200, 0)
        await server.call("PATCH", f"{AUTOSCALERS}/h", {"spec": {"minReplicas": 2}}, merge)
        answer = await server.call("PATCH", f"{AUTOSCALERS}/h", {"spec": {"minReplicas": 0}}, merge)
        assert answer.status == 422
        assert "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1" in answer.body["message"]
        for wanted, kept in ((3, {"maxUnavailable": 3}), (None, {}), (2, {})):
            change = {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": wanted}}}}
            answer = await server.call("PATCH", f"{STATEFUL_SETS}/s", change, merge)
            assert answer.status == 200, answer.body
            assert answer.body["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 0, **kept}


SLICES = "/apis/resource.k8s.io/v1/resourceslices"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
POOL = {"name": "p", "resourceSliceCount": 1, "generation": 1}
SLICE = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceSlice",
    "metadata": {"name": "s"},
    "spec": {"driver": "example.com", "nodeName": "n", "pool": POOL, "skipNodeOperations": ["*"]},
}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "c"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "dataSourceRef": {"apiGroup": "example.com", "kind": "Thing", "name": "t", "namespace": "other"},
    },
}


@pytest.mark.parametrize(
    ("url", "body", "field", "gate"),
    [
        pytest.param(SLICES, SLICE, "skipNodeOperations", "DRAOptionalNodeOperations", id="slice"),
        pytest.param(CLAIMS, CLAIM, "dataSourceRef", "CrossNamespaceVolumeDataSource", id="claim"),
    ],
)
@pytest.mark.parametrize("is_on", [True, False], ids=["on", "off"])
async def test_fields_of_features_are_there_where_their_gate_is_on(
    url: str, body: dict[str, Any], field: str, gate: str, is_on: bool
) -> None:
    async with serving(features=features({gate: is_on})) as server:
        made = await server.post(url, body)
        assert made["spec"].get(field) == (body["spec"][field] if is_on else None)


async def test_a_change_of_nothing_but_what_is_dropped_is_none() -> None:
    async with serving() as server:
        made = await server.post(PODS, pod(volumes=[{"name": "v", "emptyDir": {}}]))
        change = {"spec": {"evictionResponders": [{"name": "example.com/r"}]}}
        answer = await server.call("PATCH", f"{PODS}/p", change, {"content-type": MERGE})
        assert answer.status == 200, answer.body
        assert "evictionResponders" not in answer.body["spec"]
        assert answer.body["metadata"].get("generation") == made["metadata"].get("generation")
