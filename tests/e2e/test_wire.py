"""The fine print of the wire, with clients that no one here wrote and with bare bytes."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.e2e.cluster import KUBECTLS, Cluster
from tests.e2e.pods import until
from tests.e2e.serving import Talk, request

from wherry.apiserver.protobuf.reading import read
from wherry.roles.paths import Paths

PROTOBUF = "application/vnd.kubernetes.protobuf"


@pytest.fixture
def talk(control_plane: Cluster) -> Iterator[Talk]:
    with Talk(Paths(control_plane.state), control_plane.port) as talk:
        yield talk


CREATED = {
    "configmap": ("configmap", "a", "--from-literal=k=v"),
    "secret": ("secret", "generic", "a", "--from-literal=k=v"),
    "deployment": ("deployment", "a", "--image=example.org/a:1", "--replicas=2", "--port=80"),
    "job": ("job", "a", "--image=example.org/a:1", "--", "true"),
    "cronjob": ("cronjob", "a", "--image=example.org/a:1", "--schedule=0 0 * * *"),
    "service": ("service", "clusterip", "a", "--tcp=80:http"),
    "ingress": ("ingress", "a", "--rule=example.org/path*=svc:80,tls=cert"),
    "poddisruptionbudget": ("poddisruptionbudget", "a", "--selector=a=b", "--min-available=50%"),
    "quota": ("quota", "a", "--hard=cpu=1,memory=1Gi,pods=2"),
    "role": ("role", "a", "--verb=get,list", "--resource=pods,deployments.apps"),
    "rolebinding": ("rolebinding", "a", "--clusterrole=view", "--user=u", "--serviceaccount=x:y"),
    "serviceaccount": ("serviceaccount", "a"),
}


@pytest.mark.parametrize("kind", CREATED)
def test_go_reads_our_protobuf(api: Cluster, namespace: str, kind: str) -> None:
    """`kubectl create` asks for protobuf and prints what it made of it, which has to be what JSON says."""
    told = json.loads(api.kubectl("create", "-n", namespace, "-o", "json", *CREATED[kind]))
    kept = json.loads(api.kubectl("get", kind, "a", "-n", namespace, "-o", "json"))
    for obj in (told, kept):
        for changing in ("resourceVersion", "managedFields", "generation", "annotations"):
            obj["metadata"].pop(changing, None)  # controllers are quick
        obj.pop("status", None)
    assert without_empties(told) == without_empties(kept)


def test_go_reads_lists_in_protobuf(api: Cluster, namespace: str) -> None:
    """`kubectl cluster-info dump` lists in that form."""
    api.kubectl("create", "deployment", "dumped", "--image=example.org/a:1", "-n", namespace)
    until(lambda: api.get("pods", "-n", namespace)["items"], what="the deployment's pod")
    dumped = list(_documents(api.kubectl("cluster-info", "dump", "-n", namespace, "--namespaces", namespace)))
    by_kind = {document["kind"]: document["items"] for document in dumped}
    assert {"PodList", "ServiceList", "DeploymentList", "ReplicaSetList", "EventList", "NodeList"} <= set(by_kind)
    for kind, plural in (("PodList", "pods"), ("DeploymentList", "deployments"), ("ReplicaSetList", "replicasets")):
        [told] = by_kind[kind]
        [kept] = api.get(plural, "-n", namespace)["items"]
        assert without_empties(told["spec"]) == without_empties(kept["spec"])
        assert told["metadata"]["uid"] == kept["metadata"]["uid"]


def _documents(text: str) -> Iterator[Any]:
    """The JSON documents of a text that has other lines too."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        document, end = decoder.raw_decode(text, at)
        yield document
        at = text.find("{", end)


def test_go_reads_watches_in_protobuf(api: Cluster, namespace: str) -> None:
    """`kubectl events --watch` watches in that form."""
    _record(api, namespace, "Early")
    command = ("timeout", "30", api.kubectl_path, "events", "--watch", "-n", namespace)
    watching = api.start(*command, stdout=subprocess.PIPE)
    try:
        assert watching.stdout is not None
        assert any("Early" in line for line in watching.stdout)
        for reason in ("First", "Second", "Third"):
            _record(api, namespace, reason)
            assert reason in watching.stdout.readline()
    finally:
        watching.terminate()  # which `timeout` hands on
        watching.communicate()


def _record(api: Cluster, namespace: str, reason: str) -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": reason.lower(), "namespace": namespace},
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": namespace},
        "type": "Normal",
        "reason": reason,
        "message": "something happened",
    }
    api.kubectl("create", "-f", "-", stdin=json.dumps(event))


def without_empties(value: Any) -> Any:
    """Go shows the zeros of what is no pointer, whatever it was sent."""
    if isinstance(value, dict):
        found = {key: without_empties(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item not in (None, {}, [], "", 0, False)}
    return [without_empties(item) for item in value] if isinstance(value, list) else value


def test_every_kind_is_listed_in_protobuf(talk: Talk) -> None:
    """Whatever is there by now, in both forms."""
    lists = 0
    for path, plural in _listable(talk):
        as_json = talk.ask("GET", f"{path}/{plural}").json
        answer = talk.ask("GET", f"{path}/{plural}", headers={"Accept": f"{PROTOBUF},application/json"})
        if answer.headers["content-type"] != PROTOBUF:
            continue
        lists += 1
        found = read(answer.body)
        assert found["kind"] == as_json["kind"]
        bare = [{key: item[key] for key in item if key not in ("apiVersion", "kind")} for item in as_json["items"]]
        if found["metadata"]["resourceVersion"] == as_json["metadata"]["resourceVersion"]:
            assert without_empties(found.get("items", [])) == without_empties(bare), plural
    assert lists > 50


def _listable(talk: Talk) -> list[tuple[str, str]]:
    groups = talk.ask("GET", "/apis").json["groups"]
    paths = ["/api/v1", *(f"/apis/{version['groupVersion']}" for group in groups for version in group["versions"])]
    return [
        (path, resource["name"])
        for path in paths
        for resource in talk.ask("GET", path).json["resources"]
        if "list" in resource["verbs"]
    ]


def test_a_watch_over_websocket(control_plane: Cluster, namespace: str, talk: Talk) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    talk.ask("POST", path, {"metadata": {"name": "first"}})
    with websocket(control_plane, f"{path}?watch=1&fieldSelector=metadata.name!%3Dkube-root-ca.crt") as messages:
        assert event(next(messages)) == ("ADDED", "first")
        talk.ask("POST", path, {"metadata": {"name": "second"}})
        assert event(next(messages)) == ("ADDED", "second")
        talk.ask("DELETE", f"{path}/first")
        assert event(next(messages)) == ("DELETED", "first")


def event(message: bytes) -> tuple[str, str]:
    told = json.loads(message)
    return told["type"], told["object"]["metadata"]["name"]


@contextmanager
def websocket(cluster: Cluster, path: str) -> Iterator[Iterator[bytes]]:
    """The messages of a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Origin": "http://localhost",
    }
    with Talk(Paths(cluster.state), cluster.port) as talk:
        talk.send(request("GET", path, headers=headers))
        stream = talk.socket.makefile("rb")
        assert stream.readline().startswith(b"HTTP/1.1 101 ")
        while stream.readline().strip():
            pass
        yield _messages(stream)
        talk.send(b"\x88\x80\0\0\0\0")
        assert stream.read() == b"\x88\x02\x03\xe8"


def _messages(stream: Any) -> Iterator[bytes]:
    while head := stream.read(2):
        assert head[0] == 0x81
        size = head[1]
        if size >= 126:
            size = int.from_bytes(stream.read(2 if size == 126 else 8), "big")
        yield stream.read(size)


def test_custom_objects_have_no_protobuf_but_their_metadata_has(talk: Talk) -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"x": {"type": "integer"}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "wires", "singular": "wire", "kind": "Wire", "listKind": "WireList"}
    definition = {
        "metadata": {"name": "wires.wire.example.com"},
        "spec": {"group": "wire.example.com", "scope": "Cluster", "names": names, "versions": [version]},
    }
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    path = "/apis/wire.example.com/v1/wires"
    try:
        assert talk.ask("POST", definitions, definition).status == 201
        until(lambda: talk.ask("GET", path).status == 200, what="the new kind")
        wire = {"apiVersion": "wire.example.com/v1", "kind": "Wire", "metadata": {"name": "a"}, "spec": {"x": 1}}
        assert talk.ask("POST", path, wire).status == 201
        for target in (path, f"{path}/a"):
            either = talk.ask("GET", target, headers={"Accept": f"{PROTOBUF},application/json"})
            assert (either.status, either.headers["content-type"]) == (200, "application/json")
            refused = talk.ask("GET", target, headers={"Accept": PROTOBUF})
            assert refused.status == 406
            assert read(refused.body)["message"] == (
                "only the following media types are accepted: application/json, application/yaml"
            )
        partial = {"Accept": f"{PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
        assert read(talk.ask("GET", f"{path}/a", headers=partial).body)["metadata"]["name"] == "a"
    finally:
        talk.ask("DELETE", f"{definitions}/wires.wire.example.com")


def test_large_answers_are_packed_on_request(namespace: str, talk: Talk) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    for number in range(3):
        assert talk.ask("POST", path, {"metadata": {"name": f"c{number}"}, "data": {"k": "x" * 70_000}}).status == 201
    plain = talk.ask("GET", path)
    packed = talk.ask("GET", path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "content-encoding" not in talk.ask("GET", f"{path}/c0", headers={"Accept-Encoding": "gzip"}).headers


def test_too_large_bodies(control_plane: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    body = b'{"metadata":{"name":"a"},"data":{"k":"%b"}}' % (b"x" * (3 << 20))
    for method, target in (("POST", path), ("PUT", f"{path}/a"), ("PATCH", f"{path}/a"), ("DELETE", f"{path}/a")):
        content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
        with Talk(Paths(control_plane.state), control_plane.port) as talk:
            answer = talk.ask(method, target, body, content_type)
        assert (answer.status, answer.reason) == (413, "RequestEntityTooLarge"), method
        assert answer.message == "Request entity too large: limit is 3145728"


if not KUBECTLS:
    pytest.skip("no kubectl on this machine: tools/clients.py fetches one", allow_module_level=True)


def test_the_time_that_kubectl_gives_its_requests(api: Cluster, namespace: str, talk: Talk) -> None:
    """`--request-timeout` is part of every request's path; long-running ones are not ended by it."""
    made = api.kubectl("-n", namespace, "--request-timeout=20s", "create", "configmap", "a")
    assert made == "configmap/a created\n"
    assert (
        api.kubectl("-n", namespace, "--request-timeout=20", "get", "configmap", "a", "-o", "name") == "configmap/a\n"
    )
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    assert talk.ask("GET", f"{path}?timeout=1ms").status == 200
    refused = talk.ask("GET", f"{path}?timeout=soon")
    assert (refused.status, refused.reason) == (400, "BadRequest")
    assert refused.message == 'invalid timeout specified in the request URL - time: invalid duration "soon"'
    # A state that is still to come is waited for as long as the client says, but for three seconds.
    late = talk.ask("GET", f"{path}?resourceVersion=999999999&timeout=100ms")
    assert (late.status, late.reason) == (504, "Timeout")
    assert late.message == "Timeout: request did not complete within the allotted timeout"


def test_asking_for_heads(talk: Talk) -> None:
    for path, status in (("/readyz", 200), ("/version", 405), ("/apis", 405), ("/api/v1/namespaces/default", 405)):
        answer = talk.ask("HEAD", path)
        assert (answer.status, answer.body) == (status, b""), path
    assert talk.ask("GET", "/version").status == 200


def test_long_answers_to_writes_are_packed(control_plane: Cluster, namespace: str, talk: Talk) -> None:
    body = {"metadata": {"name": "long"}, "data": {"k": "x" * 200_000}}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    made = talk.ask("POST", path, body, headers={"Accept-Encoding": "gzip"})
    assert (made.status, made.headers["content-encoding"]) == (201, "gzip")
    assert json.loads(gzip.decompress(made.body))["data"] == body["data"]
    assert len(made.body) < 10_000
