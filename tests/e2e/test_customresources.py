"""Custom kinds through unmodified kubectl: from a definition to its objects, and to the end of both."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.e2e.cluster import Cluster
from tests.e2e.serving import ServerProcess
from tests.e2e.test_kubectl import In

SPEC = {
    "type": "object",
    "description": "What is wanted.",
    "required": ["cronSpec"],
    "properties": {
        "cronSpec": {"type": "string", "pattern": r"^(\S+\s+){4}\S+$", "description": "When to run."},
        "image": {"type": "string", "default": "nginx"},
        "replicas": {"type": "integer", "minimum": 0, "maximum": 10},
        "port": {"x-kubernetes-int-or-string": True},
        "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
    "x-kubernetes-validations": [{"rule": "!has(self.replicas) || self.replicas != 7", "message": "not seven"}],
}
STATUS = {"type": "object", "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}}}
COLUMNS = [
    {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"},
    {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
    {"name": "Image", "type": "string", "jsonPath": ".spec.image", "priority": 1},
]
SCALE = {
    "specReplicasPath": ".spec.replicas",
    "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}


def version(name: str = "v1", *, storage: bool = True, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "description": "CronTab runs things.", "properties": {"spec": SPEC, "status": STATUS}}
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}, **more}


def definition(group: str, *versions: dict[str, Any], **spec: Any) -> str:
    names = {
        "plural": "crontabs",
        "singular": "crontab",
        "kind": "CronTab",
        "shortNames": ["ct"],
        "categories": ["all"],
    }
    return json.dumps(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"crontabs.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": list(versions), **spec},
        }
    )


def crontab(group: str, name: str = "mine", version: str = "v1", **spec: Any) -> str:
    body = {"cronSpec": "* * * * */5", "replicas": 3, **spec}
    return json.dumps({"apiVersion": f"{group}/{version}", "kind": "CronTab", "metadata": {"name": name}, "spec": body})


class Inside(In):
    """kubectl in one namespace, also as a process that goes on or whose warnings are read."""

    def start(self, *words: str) -> subprocess.Popen[str]:
        cluster = self._cluster
        return cluster.start(cluster.kubectl_path, "-n", self.namespace, *words, stdout=subprocess.PIPE)

    def edit(self, script: str, *words: str) -> str:
        """`kubectl edit` by somebody who knows sed."""
        command = ("env", f"KUBE_EDITOR=sed -i {script}", self._cluster.kubectl_path, "-n", self.namespace, "edit")
        return self._cluster.run(*command, *words).stdout

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._cluster.run(self._cluster.kubectl_path, "-n", self.namespace, *words)


@pytest.fixture
def group(namespace: str) -> str:
    """A group for one test."""
    return f"{namespace}.example.com"


@pytest.fixture
def kubectl(api: Cluster, namespace: str, group: str) -> Iterator[Inside]:
    """kubectl in a namespace, with the kind established."""
    inside = Inside(api, namespace)
    whole = version(subresources={"status": {}, "scale": SCALE}, additionalPrinterColumns=COLUMNS)
    whole["selectableFields"] = [{"jsonPath": ".spec.image"}]
    inside("apply", "-f", "-", stdin=definition(group, whole))
    inside("wait", "--for=condition=Established", f"crd/crontabs.{group}", "--timeout=10s")
    yield inside
    api.kubectl("delete", "crd", f"crontabs.{group}", "--ignore-not-found", "--timeout=30s")


def shown(kubectl: Inside, group: str, name: str = "mine") -> Any:
    return json.loads(kubectl("get", f"crontabs.{group}", name, "-o", "json"))


def test_an_object_lives_like_any_other(kubectl: Inside, group: str) -> None:
    kind = f"crontabs.{group}"
    assert kubectl("apply", "-f", "-", stdin=crontab(group)) == f"crontab.{group}/mine created\n"
    assert kubectl("apply", "-f", "-", stdin=crontab(group)) == f"crontab.{group}/mine unchanged\n"
    assert shown(kubectl, group)["spec"] == {"cronSpec": "* * * * */5", "image": "nginx", "replicas": 3}
    assert kubectl("get", kind).splitlines()[0].split() == ["NAME", "SPEC", "REPLICAS"]
    assert kubectl("get", kind, "-o", "wide").splitlines()[0].split() == ["NAME", "SPEC", "REPLICAS", "IMAGE"]
    assert f"crontab.{group}/mine" in kubectl("get", "all", "-o", "name")
    assert "Cron Spec:  * * * * */5" in kubectl("describe", kind, "mine")
    kubectl("patch", kind, "mine", "--type=merge", "-p", '{"spec":{"image":"other"}}')
    edited = kubectl.edit("s/other/third/", kind, "mine")
    assert edited == f"crontab.{group}/mine edited\n"
    assert shown(kubectl, group)["spec"]["image"] == "third"
    kubectl("label", kind, "mine", "a=b")
    kubectl("annotate", kind, "mine", "c=d")
    assert kubectl("get", kind, "-l", "a=b", "-o", "name") == f"crontab.{group}/mine\n"
    assert kubectl("get", kind, "--field-selector", "spec.image=nginx", "-o", "name") == ""
    assert kubectl("get", kind, "--field-selector", "spec.image=third", "-o", "name") == f"crontab.{group}/mine\n"
    assert "field label not supported: spec.x" in kubectl.fails("get", kind, "--field-selector", "spec.x=y")
    kubectl("delete", kind, "mine")
    assert kubectl("get", kind, "-o", "name") == ""


def test_status_and_scale_are_paths_of_their_own(kubectl: Inside, group: str) -> None:
    kind = f"crontabs.{group}"
    kubectl("create", "-f", "-", stdin=crontab(group))
    kubectl("scale", f"{kind}/mine", "--replicas=5")
    assert shown(kubectl, group)["spec"]["replicas"] == 5
    status = '{"status":{"replicas":2,"selector":"a=b"},"spec":{"image":"ignored"}}'
    kubectl("patch", kind, "mine", "--subresource=status", "--type=merge", "-p", status)
    found = shown(kubectl, group)
    assert (found["status"], found["spec"]["image"]) == ({"replicas": 2, "selector": "a=b"}, "nginx")
    assert found["metadata"]["generation"] == 2
    kubectl("wait", f"{kind}/mine", "--for=jsonpath={.status.replicas}=2", "--timeout=5s")


def test_what_is_wrong_is_said(kubectl: Inside, group: str) -> None:
    kind = f"crontabs.{group}"
    said = kubectl.fails("apply", "-f", "-", stdin=crontab(group, bogus=1))
    assert 'strict decoding error: unknown field "spec.bogus"' in said
    kubectl("apply", "--validate=ignore", "-f", "-", stdin=crontab(group, bogus=1))
    assert "bogus" not in shown(kubectl, group)["spec"]
    said = kubectl.fails("patch", kind, "mine", "--type=merge", "-p", '{"spec":{"replicas":7}}')
    assert "not seven" in said
    said = kubectl.fails("patch", kind, "mine", "--type=merge", "-p", '{"spec":{"replicas":11,"cronSpec":"x"}}')
    assert "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10" in said
    assert "spec.cronSpec" in said


def test_explain_knows_the_schema(kubectl: Inside, group: str) -> None:
    text = kubectl("explain", "crontabs", f"--api-version={group}/v1", "--recursive")
    assert "CronTab runs things." in text
    for field in ("cronSpec\t<string>", "replicas\t<integer>", "metadata\t<ObjectMeta>"):
        assert field in text
    assert "When to run." in kubectl("explain", "crontabs.spec.cronSpec", f"--api-version={group}/v1")


def test_discovery_shows_a_kind_at_once(kubectl: Inside, group: str) -> None:
    lines = kubectl("api-resources", f"--api-group={group}", "--no-headers").splitlines()
    assert [line.split() for line in lines] == [["crontabs", "ct", f"{group}/v1", "true", "CronTab"]]
    assert f"{group}/v1" in kubectl("api-versions").splitlines()


def test_server_side_apply(kubectl: Inside, group: str) -> None:
    manifest = crontab(group)
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", stdin=manifest)
    managers = json.loads(kubectl("get", f"crontabs.{group}", "mine", "-o", "json", "--show-managed-fields"))
    assert [each["manager"] for each in managers["metadata"]["managedFields"]] == ["kubectl"]
    assert "conflict" in kubectl.fails(
        "apply", "--server-side", "--field-manager=other", "-f", "-", stdin=crontab(group, replicas=4)
    )


def test_roles_cover_custom_kinds(kubectl: Inside, group: str) -> None:
    kubectl("create", "role", "reader", "--verb=get,list", f"--resource=crontabs.{group}")
    kubectl("create", "rolebinding", "reader", "--role=reader", "--user=jane")
    kind = f"crontabs.{group}"
    assert kubectl("auth", "can-i", "list", kind, "--as=jane").strip() == "yes"
    assert "cannot create resource" in kubectl.fails("create", "-f", "-", "--as=jane", stdin=crontab(group))
    assert kubectl("get", kind, "--as=jane", "-o", "name") == ""


def test_a_definition_takes_its_objects_along(kubectl: Inside, group: str) -> None:
    kubectl("create", "-f", "-", stdin=crontab(group))
    watch = kubectl.start("get", f"crontabs.{group}", "--watch", "--no-headers", "--output-watch-events")
    assert watch.stdout is not None
    assert watch.stdout.readline().split()[:2] == ["ADDED", "mine"]
    kubectl("delete", "crd", f"crontabs.{group}", "--timeout=30s")
    assert watch.stdout.readline().split()[:2] == ["DELETED", "mine"]
    watch.stdout.close()
    assert watch.wait(20) == 0
    assert "the server doesn't have a resource type" in kubectl.fails("get", f"crontabs.{group}")
    assert group not in kubectl("api-versions")


def test_an_operators_finalizer_holds_definition_and_objects(kubectl: Inside, group: str) -> None:
    kind = f"crontabs.{group}"
    kubectl("create", "-f", "-", stdin=crontab(group))
    kubectl("patch", kind, "mine", "--type=merge", "-p", '{"metadata":{"finalizers":["example.com/hold"]}}')
    kubectl("delete", "crd", kind, "--wait=false")
    kubectl("wait", f"crd/{kind}", "--for=condition=Terminating", "--timeout=10s")
    said = kubectl.fails("create", "-f", "-", stdin=crontab(group, "late"))
    assert "create not allowed while custom resource definition is terminating" in said
    kubectl("patch", kind, "mine", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    kubectl("wait", f"crd/{kind}", "--for=delete", "--timeout=20s")


def test_two_versions_are_one_kind(kubectl: Inside, group: str) -> None:
    versions = [version(), version("v2", storage=False), version("v1beta1", storage=False, deprecated=True)]
    kubectl("apply", "-f", "-", stdin=definition(group, *versions))
    kubectl("create", "-f", "-", stdin=crontab(group, version="v2"))
    assert shown(kubectl, group)["apiVersion"] == f"{group}/v2"
    for name in ("v1", "v2"):
        found = json.loads(kubectl("get", f"crontabs.{name}.{group}", "mine", "-o", "json"))
        assert found["apiVersion"] == f"{group}/{name}"
    done = kubectl.run("get", f"crontabs.v1beta1.{group}", "mine")
    assert f"Warning: {group}/v1beta1 CronTab is deprecated; use {group}/v2 CronTab" in done.stderr


def test_everything_is_there_after_a_kill(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "state")
    server.start()
    group = "killed.example.com"
    try:
        with server.talk() as talk:
            body = json.loads(definition(group, version()))
            assert talk.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body).status == 201
            path = f"/apis/{group}/v1/namespaces/default/crontabs"
            while (made := talk.ask("POST", path, json.loads(crontab(group)))).status == 404:
                time.sleep(0.01)
            assert made.status == 201, made.message
        server.kill()
        server.start()
        with server.talk() as talk:
            assert talk.ask("GET", f"{path}/mine").json == made.json
            again = talk.ask("POST", path, json.loads(crontab(group, "another")))
            assert again.status == 201, again.message
    finally:
        server.kill()


class Hook(BaseHTTPRequestHandler):
    """Knows that `replicas` of v1 is `count` in v2."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        wanted = asked["request"]["desiredAPIVersion"]
        old, new = ("replicas", "count") if wanted.endswith("v2") else ("count", "replicas")
        converted = []
        for obj in asked["request"]["objects"]:
            spec = {new if key == old else key: value for key, value in obj["spec"].items()}
            converted.append({**obj, "apiVersion": wanted, "spec": spec})
        response = {"uid": asked["request"]["uid"], "result": {"status": "Success"}, "convertedObjects": converted}
        body = json.dumps({**asked, "request": None, "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are silent."""


@contextmanager
def hooked(folder: Path) -> Iterator[tuple[str, str]]:
    """A webhook with a certificate of its own: (URL, CA bundle)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    both = folder / "hook.pem"
    both.write_bytes(pem + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/convert", base64.b64encode(pem).decode()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_webhook_converts(kubectl: Inside, group: str, tmp_path: Path) -> None:
    second = version("v2", storage=False)
    properties = {"cronSpec": {"type": "string"}, "count": {"type": "integer"}, "image": {"type": "string"}}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}
    second["schema"] = {"openAPIV3Schema": schema}
    with hooked(tmp_path) as (url, bundle):
        webhook = {"clientConfig": {"url": url, "caBundle": bundle}, "conversionReviewVersions": ["v1"]}
        conversion = {"strategy": "Webhook", "webhook": webhook}
        kubectl("apply", "-f", "-", stdin=definition(group, version(), second, conversion=conversion))
        kubectl("create", "-f", "-", stdin=crontab(group))
        found = json.loads(kubectl("get", f"crontabs.v2.{group}", "mine", "-o", "json"))
        assert found["spec"] == {"cronSpec": "* * * * */5", "count": 3, "image": "nginx"}
        kubectl("patch", f"crontabs.v2.{group}", "mine", "--type=merge", "-p", '{"spec":{"count":4}}')
        old = json.loads(kubectl("get", f"crontabs.v1.{group}", "mine", "-o", "json"))
        assert old["spec"]["replicas"] == 4
    kubectl("patch", f"crontabs.v1.{group}", "mine", "--type=merge", "-p", '{"spec":{"replicas":5}}')
    said = kubectl.fails("get", f"crontabs.v2.{group}", "mine")
    about = f"Error from server: conversion webhook for {group}/v1, Kind=CronTab failed: Post"
    assert said.startswith(about), said
