"""Further verbs of kubectl whose outcome is looked at from another side: what was issued, deleted or served."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path

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
