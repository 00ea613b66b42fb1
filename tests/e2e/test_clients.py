"""What is built on clients, unmodified: kopf's operators and helm. The clients themselves have files of their own."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.clients import SLIPS, config, eventually, need
from tests.e2e.cluster import CLIENTS, Cluster

pytestmark = SLIPS


def test_kopf(control_plane: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kopf = need("kopf")
    monkeypatch.setenv("KUBECONFIG", config(control_plane))
    monkeypatch.setenv("NO_PROXY", "*")
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(kopf.login_with_kubeconfig)
    seen: list[str] = []

    @kopf.on.create("configmaps", registry=registry, labels={"mine": "yes"})  # type: ignore[untyped-decorator, unused-ignore]
    def created(name: str, body: Any, patch: Any, **_: Any) -> None:
        kopf.info(body, reason="Answered", message="so it is")
        seen.append(f"created {name}")
        patch.setdefault("data", {})["answer"] = "42"

    @kopf.on.update("configmaps", registry=registry, labels={"mine": "yes"}, field="data.question")  # type: ignore[untyped-decorator, unused-ignore]
    def updated(name: str, new: Any, **_: Any) -> None:
        seen.append(f"asked {new}")

    @kopf.on.delete("configmaps", registry=registry, labels={"mine": "yes"})  # type: ignore[untyped-decorator, unused-ignore]
    def deleted(name: str, **_: Any) -> None:
        seen.append(f"deleted {name}")

    @kopf.on.event("pods", registry=registry)  # type: ignore[untyped-decorator, unused-ignore]
    def pod(name: str, type: str, **_: Any) -> None:
        seen.append(f"pod {name} {type}")

    with Operator(kopf, registry, namespace):
        control_plane.kubectl("-n", namespace, "create", "-f", "-", stdin=_mine())
        eventually(lambda: _data(control_plane, namespace).get("answer") == "42")
        control_plane.kubectl("-n", namespace, "patch", "cm", "c", "--type=merge", "-p", '{"data":{"question":"why"}}')
        eventually(lambda: "asked why" in seen)
        control_plane.kubectl("-n", namespace, "run", "p", "--image=web:1")
        eventually(lambda: "pod p ADDED" in seen)
        control_plane.kubectl("-n", namespace, "delete", "cm", "c", "--timeout=20s")
        assert "deleted c" in seen
        assert seen.count("created c") == 1
        told = ("-n", namespace, "get", "events", "--field-selector=involvedObject.name=c")
        eventually(lambda: "so it is" in control_plane.kubectl(*told))


class Operator:
    """kopf in a thread with a loop of its own, as `kopf.testing` runs it in a process."""

    def __init__(self, kopf: Any, registry: Any, namespace: str) -> None:
        self._kopf, self._registry, self._namespace = kopf, registry, namespace
        self._stop, self._ready = threading.Event(), threading.Event()
        self._failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()
        assert self._ready.wait(20)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._failures

    def _run(self) -> None:
        settings = self._kopf.OperatorSettings()
        settings.peering.standalone = True
        try:
            asyncio.run(
                self._kopf.operator(
                    registry=self._registry,
                    settings=settings,
                    namespaces=[self._namespace],
                    stop_flag=self._stop,
                    ready_flag=self._ready,
                )
            )
        except BaseException as error:
            self._failures.append(error)


def _mine() -> str:
    return '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","labels":{"mine":"yes"}},"data":{"a":"1"}}'


def _data(cluster: Cluster, namespace: str) -> dict[str, str]:
    data: dict[str, str] = cluster.get("-n", namespace, "cm", "c").get("data") or {}
    return data


# ---------------------------------------------------------------- helm

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: small\nversion: 0.1.0\n",
    "values.yaml": "replicas: 1\n",
    "templates/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: {{ .Release.Name }}}\n",
    "templates/config.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
        'data: {replicas: "{{ .Values.replicas }}"}\n'
    ),
    "templates/service.yaml": (
        "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Release.Name }}}\n"
        "spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80}]}\n"
    ),
    "templates/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {serviceAccountName: {{ .Release.Name }}, containers: [{name: c, image: "web:1"}]}
""",
}


class Helm:
    """helm in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster, self._namespace = cluster, namespace

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self._cluster.run(str(CLIENTS / "helm"), "-n", self._namespace, *words, check=check)


@pytest.fixture
def helm(control_plane: Cluster, namespace: str) -> Helm:
    if not (CLIENTS / "helm").exists():
        pytest.skip("no helm: tools/clients.py fetches one")
    return Helm(control_plane, namespace)


@pytest.fixture
def chart(tmp_path: Path) -> str:
    for name, text in CHART.items():
        target = tmp_path / "small" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return str(tmp_path / "small")


def test_helm_installs_upgrades_rolls_back_and_uninstalls(
    control_plane: Cluster, namespace: str, helm: Helm, chart: str
) -> None:
    def replicas() -> tuple[int, str]:
        deployment = control_plane.get("-n", namespace, "deploy", "one")
        return deployment["spec"]["replicas"], _value(control_plane, namespace)

    helm("install", "one", chart, "--server-side=false")
    assert replicas() == (1, "1")
    helm("upgrade", "one", chart, "--server-side=false", "--set", "replicas=3")
    assert replicas() == (3, "3")
    helm("rollback", "one", "1", "--server-side=false")
    assert replicas() == (1, "1")
    assert len(helm("history", "one").stdout.splitlines()) == 4
    helm("uninstall", "one")
    assert control_plane.kubectl("-n", namespace, "get", "deploy,svc,secret", "-o", "name") == ""


def _value(cluster: Cluster, namespace: str) -> str:
    value: str = cluster.get("-n", namespace, "cm", "one")["data"]["replicas"]
    return value
