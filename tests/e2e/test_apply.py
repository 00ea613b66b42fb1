"""Server-side apply as unmodified clients use it: kubectl old and new, and helm 4 by default."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.cluster import CLIENTS, Cluster

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: "web:1"
        ports: [{containerPort: 80}]
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
"""
SSA = ("apply", "--server-side", "-f", "-")
CONTAINER = 'k:{"name":"web"}'


class In:
    """kubectl in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._namespace = namespace

    def __call__(self, *words: str, stdin: str | None = None) -> str:
        return self._cluster.kubectl("-n", self._namespace, *words, stdin=stdin)

    def fails(self, *words: str, stdin: str | None = None) -> str:
        return self._cluster.failure("-n", self._namespace, *words, stdin=stdin)

    def get(self, *words: str) -> Any:
        return json.loads(self("get", *words, "-o", "json", "--show-managed-fields"))

    def entries(self, *words: str) -> dict[tuple[str, str], Any]:
        """(manager, subresource) -> its entry."""
        entries = self.get(*words)["metadata"].get("managedFields", [])
        return {(entry["manager"], entry.get("subresource", "")): entry for entry in entries}


@pytest.fixture
def kubectl(api: Cluster, namespace: str) -> Iterator[In]:
    yield In(api, namespace)


def test_create_change_and_change_nothing(kubectl: In) -> None:
    assert kubectl(*SSA, stdin=WEB) == "deployment.apps/web serverside-applied\n"
    before = kubectl.get("deploy", "web")["metadata"]["resourceVersion"]
    assert before
    entry = kubectl.entries("deploy", "web")["kubectl", ""]
    assert (entry["operation"], entry["apiVersion"], entry["fieldsType"]) == ("Apply", "apps/v1", "FieldsV1")
    container = entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"][CONTAINER]
    assert set(container) == {".", "f:env", "f:image", "f:name", "f:ports"}
    assert entry["fieldsV1"]["f:spec"]["f:selector"] == {}

    kubectl(*SSA, stdin=WEB)
    assert kubectl.entries("deploy", "web")["kubectl", ""] == entry
    kubectl(*SSA, stdin=WEB.replace("web:1", "web:2").replace(', {name: B, value: "2"}', ""))
    found = kubectl.get("deploy", "web")["spec"]["template"]["spec"]["containers"][0]
    assert found["image"] == "web:2"
    assert found["env"] == [{"name": "A", "value": "1"}]
    assert found["imagePullPolicy"] == "IfNotPresent", "what was defaulted stays"


def test_conflicts_and_force(kubectl: In) -> None:
    kubectl(*SSA, stdin=WEB)
    kubectl("scale", "deploy", "web", "--replicas=5")
    scaled = next(entry for (_, sub), entry in kubectl.entries("deploy", "web").items() if sub == "scale")
    assert scaled["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    said = kubectl.fails(*SSA, stdin=WEB)
    assert 'Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1' in said
    assert ".spec.replicas" in said
    kubectl(*SSA, "--force-conflicts", stdin=WEB)
    assert kubectl.get("deploy", "web")["spec"]["replicas"] == 2
    assert not any(sub == "scale" for _, sub in kubectl.entries("deploy", "web"))


def test_two_appliers(kubectl: In) -> None:
    labels = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: shared, labels: {{{}}}}}\ndata: {{{}}}\n"
    kubectl(*SSA, "--field-manager=one", stdin=labels.format("a: x", "k: v"))
    kubectl(*SSA, "--field-manager=two", stdin=labels.format("b: w", "k: v"))
    said = kubectl.fails(*SSA, "--field-manager=two", stdin=labels.format("a: z, b: w", "k: w"))
    assert 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.k\n- .metadata.labels.a' in said
    kubectl(*SSA, "--field-manager=one", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\n")
    found = kubectl.get("cm", "shared")
    assert found["metadata"]["labels"] == {"b": "w"}
    assert found["data"] == {"k": "v"}, "the other owns it too"


def test_from_the_clients_side_to_the_servers_and_back(kubectl: In) -> None:
    kubectl("apply", "-f", "-", stdin=WEB)
    assert kubectl.entries("deploy", "web")["kubectl-client-side-apply", ""]["operation"] == "Update"
    kubectl(*SSA, stdin=WEB.replace("web:1", "web:2"))
    after = kubectl.entries("deploy", "web")
    assert ("kubectl-client-side-apply", "") not in after or after["kubectl-client-side-apply", ""][
        "operation"
    ] == "Update"
    note = json.loads(kubectl("apply", "view-last-applied", "deploy/web", "-o", "json"))
    assert note["spec"]["template"]["spec"]["containers"][0]["image"] == "web:2"
    kubectl("apply", "-f", "-", stdin=WEB.replace("web:1", "web:3").replace("replicas: 2", "replicas: 3"))
    found = kubectl.get("deploy", "web")
    assert found["spec"]["replicas"] == 3
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "web:3"


def test_diff(kubectl: In, api: Cluster, namespace: str) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: v}\n"
    kubectl(*SSA, stdin=text)
    assert kubectl("diff", "--server-side", "-f", "-", stdin=text) == ""
    words = (api.kubectl_path, "-n", namespace, "diff", "--server-side", "-f", "-")
    done = api.run(*words, stdin=text.replace("k: v", "k: w"), check=False)
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if re.match(r"[-+] ", line)] == ["-  k: v", "+  k: w"]
    assert kubectl.get("cm", "a")["data"] == {"k": "v"}


def test_dry_run(kubectl: In) -> None:
    assert kubectl(*SSA, "--dry-run=server", stdin=WEB) == "deployment.apps/web serverside-applied (server dry run)\n"
    assert "not found" in kubectl.fails("get", "deploy", "web")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("replicas: 2", "replicas: two", "expected numeric (int or float), got string"),
        ("replicas: 2", "bogus: 2", ".spec.bogus: field not declared in schema"),
        ("{name: B,", "{name: A,", 'duplicate entries for key [name="A"]'),
    ],
)
def test_what_does_not_fit(kubectl: In, old: str, new: str, said: str) -> None:
    told = kubectl.fails(*SSA, "--validate=false", stdin=WEB.replace(old, new))
    assert "failed to create typed patch object" in told
    assert said in told


def test_every_writer_is_named(kubectl: In) -> None:
    kubectl("create", "configmap", "a", "--from-literal=x=1")
    kubectl("label", "cm", "a", "color=red")
    kubectl("annotate", "--field-manager=robot", "cm", "a", "note=yes")
    entries = kubectl.entries("cm", "a")
    assert entries["kubectl-create", ""]["fieldsV1"] == {"f:data": {".": {}, "f:x": {}}}
    assert entries["kubectl-label", ""]["fieldsV1"] == {"f:metadata": {"f:labels": {".": {}, "f:color": {}}}}
    assert entries["robot", ""]["fieldsV1"] == {"f:metadata": {"f:annotations": {".": {}, "f:note": {}}}}
    plain = json.loads(kubectl("get", "cm", "a", "-o", "json"))
    assert "managedFields" not in plain["metadata"]
    kubectl("patch", "cm", "a", "--type=merge", "-p", '{"metadata":{"managedFields":[{}]}}')
    assert kubectl.entries("cm", "a") == {}


def test_the_status_is_applied_by_itself(kubectl: In) -> None:
    kubectl(*SSA, stdin=WEB)
    condition = '{type: Mine, status: "True", reason: R, message: M}'
    status = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nstatus: {{conditions: [{condition}]}}\n"
    kubectl(*SSA, "--subresource=status", "--field-manager=prober", stdin=status)
    entry = kubectl.entries("deploy", "web")["prober", "status"]
    assert set(entry["fieldsV1"]) == {"f:status"}
    assert "Mine" in {each["type"] for each in kubectl.get("deploy", "web")["status"]["conditions"]}
    kubectl(*SSA, "--field-manager=prober", stdin=status)
    assert ("prober", "") not in kubectl.entries("deploy", "web"), "the status is not the main path's to own"


HELM_CHART = {
    "Chart.yaml": "apiVersion: v2\nname: small\nversion: 0.1.0\n",
    "values.yaml": "replicas: 1\nmode: plain\n",
    "templates/all.yaml": WEB.replace("replicas: 2", "replicas: {{ .Values.replicas }}").replace(
        "name: web,", "name: {{ .Release.Name }},"
    )
    + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {mode: {{ .Values.mode }}}\n",
}


def test_helm_applies_on_the_server_side(control_plane: Cluster, namespace: str, tmp_path: Path) -> None:
    if not (CLIENTS / "helm").exists():
        pytest.skip("no helm: tools/clients.py fetches one")
    for name, text in HELM_CHART.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def helm(*words: str) -> str:
        return control_plane.run(str(CLIENTS / "helm"), "-n", namespace, *words).stdout

    def state() -> tuple[int, str]:
        deployment = control_plane.get("-n", namespace, "deploy", "one")
        configmap = control_plane.get("-n", namespace, "cm", "one")
        return deployment["spec"]["replicas"], configmap["data"]["mode"]

    helm("install", "one", str(tmp_path))
    assert state() == (1, "plain")
    entries = control_plane.get("-n", namespace, "cm", "one", "--show-managed-fields")["metadata"]["managedFields"]
    assert [(entry["manager"], entry["operation"]) for entry in entries] == [("helm", "Apply")]
    helm("upgrade", "one", str(tmp_path), "--set", "replicas=3,mode=fancy")
    assert state() == (3, "fancy")
    helm("rollback", "one", "1")
    assert state() == (1, "plain")
    helm("uninstall", "one")
    assert control_plane.kubectl("-n", namespace, "get", "deploy,cm,secret", "-o", "name") in (
        "",
        "configmap/kube-root-ca.crt\n",
    )
