"""As tests in other languages come by these paths: over TLS, with what the kubeconfig says."""

from __future__ import annotations

import base64
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from wherry.testing import Cluster

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


class Remote:
    """A program that knows a cluster by its kubeconfig."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        said = re.findall(r"(token|certificate-authority-data): ([^\s,}]+)", cluster.kubeconfig.read_text())
        words = {name: value.strip('"') for name, value in said}
        self._token = words["token"]
        self._trust = ssl.create_default_context(cadata=base64.b64decode(words["certificate-authority-data"]).decode())

    def text(self, method: str, path: str, body: Any = None, **headers: str) -> str:
        data = None if body is None else json.dumps(body).encode()
        given = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", **headers}
        asked = urllib.request.Request(self.cluster.url + path, data, given, method=method)
        with urllib.request.urlopen(asked, context=self._trust, timeout=20) as answer:
            text: str = answer.read().decode()
            return text

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return json.loads(self.text(method, path, body))

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        with pytest.raises(urllib.error.HTTPError) as told:
            self.text(method, path, body, **headers)
        with told.value as answer:
            return answer.code, json.loads(answer.read())["message"]

    def create(self, name: str) -> None:
        self.call("POST", CONFIGMAPS, {"metadata": {"name": name}})

    def names(self) -> set[str]:
        items = self.call("GET", CONFIGMAPS)["items"]
        return {item["metadata"]["name"] for item in items} - {"kube-root-ca.crt"}


@pytest.fixture(scope="module")
def origin() -> Iterator[Cluster]:
    with Cluster(nodes=1, clock="manual") as cluster:
        yield cluster


@pytest.fixture
def remote(origin: Cluster) -> Iterator[Remote]:
    with origin.fork() as cluster:
        yield Remote(cluster)


def test_the_clock_is_shown_and_advanced(remote: Remote) -> None:
    assert remote.call("GET", "/wherry/clock") == {"now": "2023-11-14T22:13:20.000000Z", "runs": False}
    assert remote.call("POST", "/wherry/clock", {"seconds": 61.5})["now"] == "2023-11-14T22:14:21.500000Z"
    for body in ({}, {"seconds": "1"}, {"seconds": True}, {"seconds": -1}, {"seconds": 1e99}, {"minutes": 1}):
        assert remote.refused("POST", "/wherry/clock", body)[0] == 400
    assert remote.call("GET", "/wherry/clock")["now"] == "2023-11-14T22:14:21.500000Z"


def test_back_to_a_snapshot(remote: Remote) -> None:
    remote.create("a")
    taken = remote.call("POST", "/wherry/snapshots", {"name": "with-a"})
    assert taken["objects"] == len(remote.cluster.snapshot().store.rows)
    remote.create("b")
    remote.call("POST", "/wherry/clock", {"seconds": 60})
    unnamed = remote.call("POST", "/wherry/snapshots")["name"]
    assert remote.call("POST", "/wherry/restore", {"snapshot": "with-a"}) == taken
    assert remote.names() == {"a"}
    assert remote.call("GET", "/wherry/clock")["now"] == taken["now"]
    remote.call("POST", "/wherry/restore", {"snapshot": unnamed})
    assert remote.names() == {"a", "b"}
    assert remote.call("DELETE", f"/wherry/snapshots/{unnamed}")["name"] == unnamed
    assert [each["name"] for each in remote.call("GET", "/wherry/snapshots")["snapshots"]] == ["with-a"]
    assert remote.call("GET", "/wherry/snapshots/with-a") == taken
    message = f"there is no snapshot {unnamed!r}; there are with-a"
    assert remote.refused("POST", "/wherry/restore", {"snapshot": unnamed}) == (404, message)


def test_a_control_plane_that_is_killed_knows_what_was_stored(remote: Remote) -> None:
    remote.create("a")
    assert remote.call("POST", "/wherry/restart", {}) == {}
    remote.create("b")
    assert remote.names() == {"a", "b"}


def test_nodes_come_fail_and_go(remote: Remote) -> None:
    def ready(name: str) -> str:
        conditions = remote.call("GET", f"/api/v1/nodes/{name}")["status"]["conditions"]
        return str(next(each["status"] for each in conditions if each["type"] == "Ready"))

    added = {"name": "big", "cpu": "96", "labels": {"disk": "ssd"}, "podCidr": "10.64.7.0/24"}
    assert remote.call("POST", "/wherry/nodes", added) == {"name": "big", "condition": "up"}
    node = remote.call("GET", "/api/v1/nodes/big")
    assert (node["status"]["capacity"]["cpu"], node["metadata"]["labels"]["disk"]) == ("96", "ssd")
    remote.call("POST", "/wherry/nodes/big", {"condition": "failed"})
    remote.call("POST", "/wherry/clock", {"seconds": 90})
    assert (ready("big"), ready("node-1")) == ("Unknown", "True")
    assert remote.call("GET", "/wherry/nodes")["nodes"] == [
        {"name": "node-1", "condition": "up"},
        {"name": "big", "condition": "failed"},
    ]
    remote.call("POST", "/wherry/nodes/big", {"condition": "up"})
    remote.call("POST", "/wherry/clock", {"seconds": 30})
    assert ready("big") == "True"
    assert remote.call("DELETE", "/wherry/nodes/big") == {"name": "big"}
    assert remote.refused("GET", "/api/v1/nodes/big")[0] == 404
    assert remote.refused("POST", "/wherry/nodes/big", {"condition": "failed"})[0] == 404
    assert remote.refused("POST", "/wherry/nodes", {"name": "node-1"}) == (400, "there is a node 'node-1' already")


def test_faults_meet_requests_until_they_are_removed(remote: Remote) -> None:
    fault = {"fault": "fail", "verb": "create", "resource": "cm", "status": 503, "message": "not now", "times": 1}
    placed = remote.call("POST", "/wherry/faults", fault)
    assert placed == {"id": "1", **fault, "hits": 0, "left": 1}
    assert remote.refused("POST", CONFIGMAPS, {"metadata": {"name": "a"}}) == (503, "not now")
    remote.create("a")
    remote.call("POST", "/wherry/faults", {"fault": "isolate", "user": "bob"})
    assert remote.refused("GET", CONFIGMAPS, **{"Impersonate-User": "bob"})[0] == 403
    assert [each["hits"] for each in remote.call("GET", "/wherry/faults")["faults"]] == [1, 0]
    remote.call("DELETE", "/wherry/faults/1")
    assert remote.refused("GET", "/wherry/faults/1")[0] == 404
    remote.call("DELETE", "/wherry/faults")
    assert remote.call("GET", "/wherry/faults") == {"faults": []}
    assert remote.cluster.faults.is_empty
    assert remote.refused("POST", "/wherry/faults", {"fault": "conflict", "resource": "podz"})[0] == 400


@pytest.mark.parametrize("end", ["drop", "expire"])
def test_watches_are_ended(remote: Remote, end: str) -> None:
    with remote.cluster.client().watch("cm", timeout=1) as watch:
        assert remote.call("POST", "/wherry/watches", {"end": end, "resource": "secrets"}) == {"ended": 0}
        assert remote.call("POST", "/wherry/watches", {"end": end, "resource": "cm"}) == {"ended": 1}
        watch.close()


def test_history_tells_who_wrote_and_who_was_refused(remote: Remote) -> None:
    remote.create("a")
    assert remote.refused("POST", CONFIGMAPS, {"metadata": {"name": "a"}})[0] == 409
    told = remote.call("GET", "/wherry/history?kind=cm&name=a&refused=true")
    created, refused = told["entries"]
    assert told["forgotten"] == 0
    assert (created["verb"], created["manager"], created["change"]) == ("create", "Python-urllib", "new")
    assert "refused" not in created
    message = 'configmaps "a" already exists'
    assert refused["refused"] == {"code": 409, "reason": "AlreadyExists", "message": message}
    assert remote.call("GET", f"/wherry/history?kind=cm&name=a&since={created['revision']}")["entries"] == []
    table = remote.text("GET", "/wherry/history?kind=cm&name=a&refused&table")
    assert table == f"{remote.cluster.history(kind='cm', name='a', refused=True)}\n"
    for query in ("sinse=1", "since=-1", "kind=podz"):
        assert remote.refused("GET", f"/wherry/history?{query}")[0] == 400


@pytest.mark.parametrize("path", ["clock", "history", "snapshots", "nodes", "faults", "snapshots/a"])
def test_nobody_else_is_let_in(remote: Remote, path: str) -> None:
    said = {"Impersonate-User": "bob", "Impersonate-Group": "system:authenticated"}
    code, message = remote.refused("GET", f"/wherry/{path}", **said)
    assert (code, message) == (403, f'forbidden: User "bob" cannot get path "/wherry/{path}"')
    assert remote.refused("POST", "/wherry/restart", {}, Authorization="Bearer nobody") == (401, "Unauthorized")
