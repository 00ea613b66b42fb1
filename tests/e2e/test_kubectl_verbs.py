"""The further verbs of kubectl, as people use them in a day: each does what it says, and says what upstream's says."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.e2e.cluster import Cluster
from tests.e2e.test_kubectl import WEB, In


@pytest.fixture
def kubectl(api: Cluster, namespace: str) -> Iterator[In]:
    yield In(api, namespace)


@pytest.fixture
def web(kubectl: In) -> In:
    """A namespace with a Deployment in it."""
    kubectl("apply", "-f", "-", stdin=WEB)
    kubectl("wait", "deploy/web", "--for=jsonpath={.status.replicas}=2", "--timeout=20s")
    return kubectl


def template(kubectl: In) -> Any:
    return json.loads(kubectl("get", "deploy", "web", "-o", "json"))["spec"]["template"]


def test_rollouts_go_back_and_forth(web: In) -> None:
    web("set", "image", "deploy/web", "web=web:2")
    web("wait", "deploy/web", "--for=jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}=2")
    web("set", "resources", "deploy/web", "--requests=cpu=100m")
    web("wait", "deploy/web", "--for=jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}=3")
    lines = web("rollout", "history", "deploy/web").splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["1", "2", "3"]
    assert "web:2" in web("rollout", "history", "deploy/web", "--revision=2")
    assert web("rollout", "undo", "deploy/web", "--to-revision=1") == "deployment.apps/web rolled back\n"
    assert template(web)["spec"]["containers"][0]["image"] == "web:1"
    assert web("rollout", "restart", "deploy/web") == "deployment.apps/web restarted\n"
    assert "kubectl.kubernetes.io/restartedAt" in template(web)["metadata"]["annotations"]
    assert web("rollout", "pause", "deploy/web") == "deployment.apps/web paused\n"
    assert "can't restart paused deployment" in web.fails("rollout", "restart", "deploy/web")
    assert web("rollout", "resume", "deploy/web") == "deployment.apps/web resumed\n"
    assert "Waiting for deployment" in web("rollout", "status", "deploy/web", "--watch=false")


def test_set_and_autoscale_and_expose(web: In) -> None:
    web("create", "serviceaccount", "robot")
    web("set", "serviceaccount", "deploy/web", "robot")
    web("set", "env", "deploy/web", "A=b")
    spec = template(web)["spec"]
    assert (spec["serviceAccountName"], spec["containers"][0]["env"]) == ("robot", [{"name": "A", "value": "b"}])
    web("autoscale", "deploy", "web", "--min=1", "--max=3")
    assert web("get", "hpa", "web", "--no-headers").split()[1] == "Deployment/web"
    web("expose", "deploy", "web", "--port=80")
    web("expose", "deploy", "web", "--port=80", "--name=np", "--type=NodePort")
    assert "web" in web("get", "svc", "-o", "wide", "--no-headers").split()
    assert "TargetPort:" in web("describe", "svc", "web")


def test_typed_creates(api: Cluster, kubectl: In) -> None:
    priority = f"p-{kubectl.namespace}-{Path(api.kubectl_path).parent.name}".strip(".").replace(".", "")
    kubectl("create", "quota", "q", "--hard=pods=10")
    kubectl("create", "priorityclass", priority, "--value=10")
    kubectl("create", "pdb", "pdb", "--selector=app=web", "--min-available=1")
    kubectl("create", "ingress", "ing", "--rule=a.example/*=web:80")
    kubectl("create", "cronjob", "cj", "--image=x:1", "--schedule=*/5 * * * *", "--", "date")
    kubectl("create", "job", "j", "--from=cronjob/cj")
    kubectl("create", "service", "clusterip", "s", "--tcp=80:8080")
    for name in ("quota/q", "pdb/pdb", "ing/ing", "cj/cj", "job/j", "svc/s", f"priorityclass/{priority}"):
        assert kubectl("get", name, "--no-headers")
        assert "Name:" in kubectl("describe", name)
    kubectl("delete", "priorityclass", priority)


def test_replacing(kubectl: In) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=1")
    text = kubectl("get", "cm", "c", "-o", "yaml")
    assert kubectl("replace", "-f", "-", stdin=text.replace('"1"', '"2"')) == "configmap/c replaced\n"
    assert "the object has been modified" in kubectl.fails("replace", "-f", "-", stdin=text)
    fresh = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '3'}\n"
    assert "configmap/c replaced" in kubectl("replace", "--force", "-f", "-", stdin=fresh)
    assert kubectl("get", "cm", "c", "-o", "jsonpath={.data.a}") == "3"
    kubectl("label", "cm", "c", "x=1")
    assert "'x' already has a value (1), and --overwrite is false" in kubectl.fails("label", "cm", "c", "x=2")
    kubectl("label", "cm", "c", "x=2", "--overwrite")
    kubectl("annotate", "cm", "c", "x=2", "--overwrite")


def test_kustomize_and_prune(kubectl: In, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, labels: {{g: x}}}}\n"
        )
    generator = "configMapGenerator: [{name: made, literals: [k=v]}]\n"
    (tmp_path / "kustomization.yaml").write_text(f"resources: [a.yaml]\nnamePrefix: pre-\n{generator}")
    assert "configmap/pre-a created" in kubectl("apply", "-k", str(tmp_path))
    assert kubectl("diff", "-k", str(tmp_path)) == ""
    kubectl("delete", "-k", str(tmp_path))
    files = ["-f", str(tmp_path / "a.yaml"), "-f", str(tmp_path / "b.yaml")]
    prune = ["-l", "g=x", "--prune", "--prune-allowlist=core/v1/ConfigMap"]
    kubectl("apply", *files, *prune)
    assert "configmap/b pruned" in kubectl("apply", *files[:2], *prune)


def test_certificates_are_approved_and_issued(api: Cluster, kubectl: In, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jane")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    spec = {
        "request": base64.b64encode(request.public_bytes(Encoding.PEM)).decode(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    }
    name = f"jane-{kubectl.namespace}"
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": spec,
    }
    api.kubectl("create", "-f", "-", stdin=json.dumps(body))
    assert "approved" in api.kubectl("certificate", "approve", name)
    certificate, deadline = "", time.monotonic() + 10
    while not certificate and time.monotonic() < deadline:
        certificate = api.kubectl("get", "csr", name, "-o", "jsonpath={.status.certificate}")
    (tmp_path / "crt").write_bytes(base64.b64decode(certificate))
    jane = [f"--client-certificate={tmp_path / 'crt'}", f"--client-key={tmp_path / 'key'}"]
    authority = f"--certificate-authority={api.state / 'server/pki/ca.crt'}"
    server = f"--server=https://127.0.0.1:{api.port}"
    who = api.kubectl("--kubeconfig=/dev/null", "auth", "whoami", *jane, authority, server, "-o", "json")
    assert json.loads(who)["status"]["userInfo"]["username"] == "jane"
    api.kubectl("delete", "csr", name)


def test_events_and_describe_tell_why_a_pod_waits(kubectl: In) -> None:
    kubectl("run", "p", "--image=web:1", "--overrides", '{"spec":{"nodeSelector":{"no":"where"}}}')
    kubectl("wait", "pod/p", "--for=condition=PodScheduled=false", "--timeout=10s")
    told = ""
    for _ in range(20):
        told = kubectl("describe", "pod", "p")
        if "FailedScheduling" in told:
            break
    assert "Status:           Pending" in told
    assert "Node-Selectors:              no=where" in told
    assert "FailedScheduling" in told and "default-scheduler" in told
    assert "FailedScheduling" in kubectl("events", "--for", "pod/p")
    columns = kubectl("get", "events", "--sort-by=.lastTimestamp").splitlines()[0].split()
    assert columns == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]


def test_debug_adds_an_ephemeral_container(kubectl: In) -> None:
    kubectl("run", "p", "--image=web:1")
    kubectl("debug", "p", "--image=busybox", "--attach=false", "-c", "shell")
    assert kubectl("get", "pod", "p", "-o", "jsonpath={.spec.ephemeralContainers[*].name}") == "shell"
    kubectl("debug", "p", "--copy-to=p2", "--image=busybox", "--attach=false", "-c", "shell")
    assert kubectl("get", "pod", "p2", "-o", "jsonpath={.spec.containers[*].name}") == "p shell"


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_every_way_of_deleting(web: In, cascade: str) -> None:
    web("delete", "deploy", "web", f"--cascade={cascade}", "--timeout=20s")
    web("wait", "--for=delete", "deploy/web", "--timeout=10s")
    if cascade == "orphan":
        assert len(web("get", "pods", "-o", "name").split()) == 2
    else:
        web("wait", "--for=delete", "pods", "-l", "app=web", "--timeout=20s")


def test_a_pod_right_after_its_namespace(api: Cluster, namespace: str) -> None:
    name = f"{namespace}-new"
    both = (
        f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n---\n"
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {name}}}\n"
        "spec: {containers: [{name: c, image: 'web:1'}]}\n"
    )
    assert "pod/p created\n" in api.kubectl("create", "-f", "-", stdin=both)
    api.kubectl("delete", "namespace", name, "--wait=false")


def test_chunks_and_sorting(kubectl: In) -> None:
    for number in range(7):
        kubectl("create", "configmap", f"c{number}", f"--from-literal=k={7 - number}")
    names = kubectl("get", "cm", "--chunk-size=3", "-o", "name").split()
    assert len([name for name in names if name.startswith("configmap/c")]) == 7
    ordered = kubectl("get", "cm", "--sort-by=.data.k", "--chunk-size=3", "-o", "name").split()
    assert [name for name in ordered if name.startswith("configmap/c")] == [f"configmap/c{n}" for n in range(6, -1, -1)]


@pytest.mark.parametrize(
    ("path", "has"),
    [
        ("/livez?verbose", "livez check passed"),
        ("/api/v1", '"kind":"APIResourceList"'),
        ("/apis/apps/v1", "deployments/scale"),
        ("/version", '"minor":"37"'),
        ("/metrics", "apiserver_request_duration_seconds_bucket"),
        ("/openapi/v3", "serverRelativeURL"),
        ("/.well-known/openid-configuration", "jwks_uri"),
    ],
)
def test_raw_paths(api: Cluster, path: str, has: str) -> None:
    assert has in api.kubectl("get", "--raw", path)


def test_what_is_not_there_is_said_as_upstream_says_it(api: Cluster, kubectl: In) -> None:
    assert "Metrics API not available" in kubectl.fails("top", "pods")
    assert "could not find the requested resource" in api.failure("get", "--raw", "/nope")
    assert 'the server doesn\'t have a resource type "nothings"' in api.failure("get", "nothings")
    assert "Kubernetes control plane" in api.kubectl("cluster-info")
    assert "Healthy" in api.kubectl("get", "componentstatuses")
    wide = api.kubectl("api-resources", "-o", "wide").splitlines()
    assert wide[0].split() == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", "VERBS", "CATEGORIES"]
