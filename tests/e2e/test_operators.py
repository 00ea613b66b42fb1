"""An operator as people write them, with kopf: a kind of its own, handlers, a timer, a daemon, children, status."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.clients import config, eventually, need
from tests.e2e.cluster import Cluster
from tests.e2e.test_clients import Operator

GROUP = "operators.example.com"
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"lanterns.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "Lantern", "plural": "lanterns", "shortNames": ["lt"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "colour": {"type": "string", "enum": ["red", "green"]},
                                    "oil": {"type": "integer", "minimum": 0, "default": 10},
                                },
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}

pytestmark = [
    # The client's own slips are not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def lanterns(control_plane: Cluster) -> Iterator[None]:
    control_plane.kubectl("apply", "-f", "-", stdin=json.dumps(DEFINITION))
    control_plane.kubectl("wait", "--for=condition=Established", f"crd/lanterns.{GROUP}", "--timeout=20s")
    yield
    control_plane.kubectl("delete", "crd", f"lanterns.{GROUP}", "--timeout=30s")


@pytest.mark.usefixtures("lanterns")
def test_an_operator_does_its_work(control_plane: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kopf = need("kopf")
    monkeypatch.setenv("KUBECONFIG", config(control_plane))
    monkeypatch.setenv("NO_PROXY", "*")
    seen: list[str] = []
    with Operator(kopf, _operator(kopf, seen), namespace):
        kubectl(control_plane, namespace, "create", "-f", "-", stdin=_lantern("one", colour="red"))
        eventually(lambda: _status(control_plane, namespace).get("lit", {}).get("colour") == "red")
        eventually(lambda: _status(control_plane, namespace).get("ticks", 0) >= 3)
        eventually(lambda: "daemon one awake" in seen)
        child = control_plane.get("-n", namespace, "configmap", "one-wick")
        owner = child["metadata"]["ownerReferences"][0]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("Lantern", "one", True)

        kubectl(control_plane, namespace, "patch", "lt/one", "--type=merge", "-p", '{"spec":{"colour":"green"}}')
        eventually(lambda: "one red -> green" in seen)
        refused = control_plane.failure(
            "-n", namespace, "patch", "lt/one", "--type=merge", "-p", '{"spec":{"colour":"blue"}}'
        )
        assert 'spec.colour: Unsupported value: "blue": supported values: "red", "green"' in refused

        kubectl(control_plane, namespace, "delete", "lt/one", "--timeout=20s")
        assert "deleted one" in seen
        eventually(lambda: "daemon one asleep" in seen)
        eventually(lambda: "one-wick" not in kubectl(control_plane, namespace, "get", "cm", "-o", "name"))
    assert seen.count("created one") == 1


def _operator(kopf: Any, seen: list[str]) -> Any:
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(kopf.login_with_kubeconfig)

    def created(name: str, spec: Any, **_: Any) -> dict[str, Any]:
        child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{name}-wick"}, "data": {"a": "1"}}
        kopf.adopt(child)
        _create_config_map(child)
        seen.append(f"created {name}")
        return {"colour": spec["colour"]}

    def changed(name: str, old: Any, new: Any, **_: Any) -> None:
        seen.append(f"{name} {old} -> {new}")

    def deleted(name: str, **_: Any) -> None:
        seen.append(f"deleted {name}")

    def tick(status: Any, patch: Any, **_: Any) -> None:
        patch.status["ticks"] = status.get("ticks", 0) + 1

    async def watch_over(name: str, stopped: Any, **_: Any) -> None:
        seen.append(f"daemon {name} awake")
        await stopped.wait()
        seen.append(f"daemon {name} asleep")

    kopf.on.create("lanterns", registry=registry, id="lit")(created)
    kopf.on.field("lanterns", registry=registry, field="spec.colour", old=kopf.PRESENT)(changed)
    kopf.on.delete("lanterns", registry=registry)(deleted)
    kopf.timer("lanterns", registry=registry, interval=0.2)(tick)
    kopf.daemon("lanterns", registry=registry, cancellation_timeout=5)(watch_over)
    return registry


def _create_config_map(body: dict[str, Any]) -> None:
    kubernetes = need("kubernetes")
    client = kubernetes.config.new_client_from_config(config_file=os.environ["KUBECONFIG"])
    try:
        kubernetes.client.CoreV1Api(client).create_namespaced_config_map(body["metadata"]["namespace"], body)
    finally:
        client.close()


def _lantern(name: str, **spec: Any) -> str:
    return json.dumps({"apiVersion": f"{GROUP}/v1", "kind": "Lantern", "metadata": {"name": name}, "spec": spec})


def _status(cluster: Cluster, namespace: str) -> dict[str, Any]:
    status: dict[str, Any] = cluster.get("-n", namespace, "lt", "one").get("status") or {}
    return status


def kubectl(cluster: Cluster, namespace: str, *words: str, stdin: str | None = None) -> str:
    return cluster.kubectl("-n", namespace, *words, stdin=stdin)
