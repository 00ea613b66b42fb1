"""What the tests of other people's clients share: the libraries, objects to try, a custom kind, patience."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.cluster import Cluster

SLIPS = [
    # The clients' own slips are not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("swept"),
]

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        },
    },
}
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"app": "p"}},
    "spec": {"containers": [{"name": "c", "image": "web:1"}]},
}


def configmap(name: str = "c", labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels or {}}, "data": data}


def config(cluster: Cluster) -> str:
    return cluster.environment["KUBECONFIG"]


def need(name: str) -> Any:
    """A client library, or a visible skip. (The names come from the group `clients` of pyproject.toml.)"""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} is not installed ({error}): pip install --group clients")


def eventually(ask: Callable[[], Any], seconds: float = 20) -> Any:
    """What `ask` says once it says something; real clusters take a moment."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to be")


@dataclass(frozen=True, slots=True)
class Kind:
    """A custom kind with a status and a scale of its own, in a group that nobody else uses."""

    group: str
    version: str = "v1"
    kind: str = "Widget"
    plural: str = "widgets"

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}"

    def object(self, name: str = "w", **spec: Any) -> dict[str, Any]:
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": {"name": name}, "spec": spec}

    @property
    def definition(self) -> dict[str, Any]:
        parts = {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
            },
        }
        spec = {
            "type": "object",
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "color": {"type": "string", "default": "blue"},
                "replicas": {"type": "integer"},
                "parts": parts,
            },
        }
        status = {"type": "object", "properties": {"replicas": {"type": "integer"}, "phase": {"type": "string"}}}
        scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
        version = {
            "name": self.version,
            "served": True,
            "storage": True,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}},
            "subresources": {"status": {}, "scale": scale},
        }
        names = {"plural": self.plural, "singular": self.kind.lower(), "kind": self.kind, "shortNames": ["wd"]}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{self.group}"},
            "spec": {"group": self.group, "scope": "Namespaced", "names": names, "versions": [version]},
        }


@contextmanager
def defined(cluster: Cluster, group: str) -> Iterator[Kind]:
    """The custom kind in a cluster, for as long as it is needed."""
    kind = Kind(group)
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(kind.definition))
    cluster.kubectl("wait", "--for=condition=Established", "crd", f"{kind.plural}.{group}", "--timeout=20s")
    try:
        yield kind
    finally:
        cluster.kubectl("delete", "crd", f"{kind.plural}.{group}", "--wait=false")
