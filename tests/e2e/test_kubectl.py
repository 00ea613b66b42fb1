"""Unmodified kubectl, old and new, against a control plane: what takes more than a story (see `stories/`) to tell."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tests.e2e.cluster import ROOT, Cluster

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "web:1", ports: [{containerPort: 80}]}
"""


class In:
    """kubectl in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        return self._cluster.kubectl("-n", self.namespace, *words, stdin=stdin)

    def fails(self, *words: str, stdin: str | None = None) -> str:
        return self._cluster.failure("-n", self.namespace, *words, stdin=stdin)


@pytest.fixture
def kubectl(api: Cluster, namespace: str) -> Iterator[In]:
    yield In(api, namespace)


def test_scale_and_wait(kubectl: In) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    assert kubectl("scale", "deploy", "web", "--replicas=3") == "deployment.apps/web scaled\n"
    kubectl("wait", "deploy/web", "--for=jsonpath={.status.replicas}=3", "--timeout=20s")
    kubectl("delete", "deploy", "web", "--wait=true", "--timeout=20s")
    kubectl("wait", "pods", "-l", "app=web", "--for=delete", "--timeout=20s")


def test_tokens_of_service_accounts(api: Cluster, kubectl: In) -> None:
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot").strip()
    who = kubectl("auth", "whoami", "--token", token, "-o", "jsonpath={.status.userInfo.username}")
    # The certificate of the kubeconfig speaks louder than a token, so ask without it.
    assert who in (f"system:serviceaccount:{kubectl.namespace}:robot", "kubernetes-super-admin")
    server = f"https://127.0.0.1:{api.port}"
    bare = ["--kubeconfig", "/dev/null", "--server", server, "--token", token]
    authority = str(api.state / "server/pki/ca.crt")
    name = kubectl("auth", "whoami", *bare, "--certificate-authority", authority, "-o", "json")
    assert json.loads(name)["status"]["userInfo"]["username"] == f"system:serviceaccount:{kubectl.namespace}:robot"


def test_namespaces_take_their_contents_along(api: Cluster, namespace: str) -> None:
    name = f"{namespace}-gone"
    api.kubectl("create", "namespace", name)
    api.kubectl("-n", name, "apply", "-f", "-", stdin=WEB)
    api.kubectl("delete", "namespace", name, "--timeout=30s")
    assert "not found" in api.failure("get", "namespace", name)


def test_the_example_is_valid(api: Cluster, kubectl: In) -> None:
    kubectl("apply", "-f", str(ROOT / "examples/hello.yaml"))
