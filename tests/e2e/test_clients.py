"""Other people's clients, unmodified, against a control plane: what they take for granted must be there."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cluster import CLIENTS, Cluster

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

pytestmark = [
    # The clients' own slips are not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


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


# ---------------------------------------------------------------- kubernetes, the official client


@pytest.fixture
def official(control_plane: Cluster) -> Iterator[Any]:
    kubernetes = need("kubernetes")
    client = kubernetes.config.new_client_from_config(config_file=config(control_plane))
    yield client
    client.close()


def test_official_objects(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core, apps = kubernetes.client.CoreV1Api(official), kubernetes.client.AppsV1Api(official)
    made = apps.create_namespaced_deployment(namespace, DEPLOYMENT)
    assert made.metadata.uid and made.status.replicas is None
    made.spec.replicas, made.metadata.resource_version = 3, None
    assert apps.replace_namespaced_deployment("web", namespace, made).metadata.generation >= 2
    eventually(lambda: len(core.list_namespaced_pod(namespace, label_selector="app=web").items) == 3)
    assert apps.read_namespaced_deployment_scale("web", namespace).spec.replicas == 3
    apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 1}})
    eventually(lambda: len(core.list_namespaced_pod(namespace, label_selector="app=web").items) == 1)
    page = core.list_namespaced_config_map("kube-system", limit=1)
    assert len(page.items) == 1
    status = apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
    assert status is not None
    eventually(lambda: not core.list_namespaced_pod(namespace, label_selector="app=web").items)


def test_official_pods_have_what_clients_read(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    pod = core.create_namespaced_pod(namespace, POD)
    assert (pod.status.phase, pod.status.qos_class, pod.spec.service_account_name) == (
        "Pending",
        "BestEffort",
        "default",
    )
    events = eventually(
        lambda: core.list_namespaced_event(namespace, field_selector="involvedObject.name=p,type=Warning").items
    )
    assert (events[0].reason, events[0].source.component) == ("FailedScheduling", "default-scheduler")
    deleted = core.delete_namespaced_pod("p", namespace)
    assert deleted.metadata.name == "p"


PATCHES = [
    pytest.param("application/json-patch+json", [{"op": "add", "path": "/data/b", "value": "2"}], id="json"),
    pytest.param("application/merge-patch+json", {"data": {"b": "2"}}, id="merge"),
    pytest.param("application/strategic-merge-patch+json", {"data": {"b": "2"}}, id="strategic"),
]


@pytest.mark.parametrize(("content_type", "body"), PATCHES)
def test_official_patches(official: Any, namespace: str, content_type: str, body: Any) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}, "data": {"a": "1"}})
    patched = core.patch_namespaced_config_map("c", namespace, body, _content_type=content_type)
    assert patched.data == {"a": "1", "b": "2"}


def test_official_watch(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c", "labels": {"mine": "yes"}}})
    core.patch_namespaced_config_map("c", namespace, {"data": {"a": "1"}})
    core.delete_namespaced_config_map("c", namespace)
    watch, seen = kubernetes.watch.Watch(), []
    for event in watch.stream(
        core.list_namespaced_config_map, namespace, resource_version=since, label_selector="mine", timeout_seconds=20
    ):
        seen.append((event["type"], event["object"].data))
        if event["type"] == "DELETED":
            watch.stop()
    assert seen == [("ADDED", None), ("MODIFIED", {"a": "1"}), ("DELETED", {"a": "1"})]


def test_official_errors(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    core = kubernetes.client.CoreV1Api(official)
    with pytest.raises(kubernetes.client.ApiException) as missing:
        core.read_namespaced_pod("nope", namespace)
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")
    assert '"reason":"NotFound"' in missing.value.body
    with pytest.raises(kubernetes.client.ApiException) as invalid:
        core.create_namespaced_pod(namespace, {"metadata": {"name": "p"}, "spec": {"containers": []}})
    assert invalid.value.status == 422
    assert '"field":"spec.containers"' in invalid.value.body


def test_official_finds_kinds_by_itself(official: Any, namespace: str) -> None:
    kubernetes = need("kubernetes")
    dynamic = need("kubernetes.dynamic").DynamicClient(official)
    configmaps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    configmaps.create(body={"metadata": {"name": "c"}, "data": {"a": "1"}}, namespace=namespace)
    assert configmaps.get(name="c", namespace=namespace).data.a == "1"
    assert dynamic.resources.get(api_version="apps/v1", kind="Deployment").subresources
    need("kubernetes.utils").create_from_dict(official, DEPLOYMENT, namespace=namespace)
    assert kubernetes.client.VersionApi(official).get_code().minor == "37"


# ---------------------------------------------------------------- kr8s, lightkube


@pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported")
async def test_kr8s(control_plane: Cluster, namespace: str) -> None:
    kr8s = need("kr8s")
    objects = need("kr8s.asyncio.objects")
    api = await kr8s.asyncio.api(kubeconfig=config(control_plane), namespace=namespace)
    deployment = await objects.Deployment({**DEPLOYMENT, "metadata": {"name": "web", "namespace": namespace}}, api=api)
    await deployment.create()
    await deployment.scale(3)
    async with asyncio.timeout(20):
        while len([pod async for pod in api.get("pods", namespace=namespace, label_selector={"app": "web"})]) < 3:
            await asyncio.sleep(0.05)
    await deployment.label(tier="front")
    assert deployment.labels["tier"] == "front"
    await deployment.delete(propagation_policy="Foreground")
    async with asyncio.timeout(20):
        while await deployment.exists():
            await asyncio.sleep(0.05)
    assert (await api.version())["minor"] == "37"


def test_lightkube(control_plane: Cluster, namespace: str) -> None:
    lightkube = need("lightkube")
    core, apps = need("lightkube.resources.core_v1"), need("lightkube.resources.apps_v1")
    load = need("lightkube.config.kubeconfig").KubeConfig.from_file(config(control_plane))
    client = lightkube.Client(config=load.get(), namespace=namespace, trust_env=False)
    client.create(apps.Deployment.from_dict(DEPLOYMENT))
    eventually(lambda: len(list(client.list(core.Pod, labels={"app": "web"}))) == 2)
    client.patch(apps.Deployment, "web", {"spec": {"replicas": 0}})
    client.wait(apps.Deployment, "web", for_conditions=["Available"])
    for kind, deployment in client.watch(apps.Deployment, fields={"metadata.name": "web"}):
        assert (kind, deployment.spec.replicas) == ("ADDED", 0)
        break
    with pytest.raises(lightkube.ApiError) as error:
        client.get(core.Pod, "nope")
    assert error.value.status.reason == "NotFound"
    client.delete(apps.Deployment, "web")


# ---------------------------------------------------------------- kopf, operators


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
