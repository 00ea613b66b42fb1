"""The cluster as a test sees it, without nodes."""

from __future__ import annotations

import base64
import re
import ssl
import subprocess
import sys
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.errors import AlreadyExists, Conflict, Forbidden, InternalError, NotFound
from wherry.testing import Cluster, WaitTimeout
from wherry.testing.cluster.kinds import UnknownKind

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.test/web:1}]}
"""

BOATS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.example.com}
spec:
  group: sea.example.com
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bt]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: sea.example.com/v1
kind: Boat
metadata: {name: heron}
"""


def configmap(name: str, **data: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@pytest.fixture(params=["real", "manual"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with Cluster(0, clock=request.param) as made:
        yield made


@pytest.fixture
def still() -> Iterator[Cluster]:
    with Cluster(0, clock="manual") as made:
        yield made


def test_when_a_call_returns_its_consequences_are_there(cluster: Cluster) -> None:
    [deployment] = cluster.apply(DEPLOYMENT)
    assert deployment["spec"]["strategy"]["type"] == "RollingUpdate"
    api = cluster.client()
    assert len(api.list("pods")) == 3
    api.patch("deploy/web", {"spec": {"replicas": 1}})
    assert len(api.list("pods", label_selector="app=web")) == 1
    api.delete("deploy/web")
    assert (api.list("rs"), api.list("pods")) == ([], [])


def test_verbs(cluster: Cluster) -> None:
    api = cluster.client()
    created = api.create(configmap("a", x="1"))
    assert api.get("cm/a") == api.get("configmap", "a") == created
    with pytest.raises(AlreadyExists):
        api.create(configmap("a"))
    api.patch("cm", "a", {"data": {"x": "2"}})
    with pytest.raises(Conflict):
        api.update(created)
    assert api.update({**api.get("cm/a"), "data": {"y": "1"}})["data"] == {"y": "1"}
    api.create(configmap("elsewhere"), namespace="kube-system")
    names = [obj["metadata"]["name"] for obj in api.list("cm", namespace="*")]
    assert {"a", "elsewhere"} <= set(names)
    assert cluster.client("kube-system").get("cm/elsewhere")["metadata"]["namespace"] == "kube-system"
    api.delete("cm/a")
    with pytest.raises(NotFound, match='configmaps "a" not found'):
        api.get("cm/a")


def test_a_custom_kind_can_be_used_as_soon_as_it_is_applied(cluster: Cluster) -> None:
    api = cluster.client()
    with pytest.raises(UnknownKind):
        api.list("boats")
    cluster.apply(BOATS)
    assert [boat["metadata"]["name"] for boat in api.list("bt")] == ["heron"]


def test_a_namespace_finishes_deleting(cluster: Cluster) -> None:
    api = cluster.client()
    api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "brief"}})
    cluster.apply(DEPLOYMENT, namespace="brief")
    api.delete("ns/brief")
    assert cluster.wait("ns/brief", "delete", timeout=60) == {}


def test_waiting_ends_when_it_comes_true(still: Cluster) -> None:
    before = still.clock.time()
    obj = configmap("a")
    obj["metadata"]["labels"] = {"group": "g"}
    still.apply(obj)
    assert still.wait("cm/a", "create")["metadata"]["name"] == "a"
    assert still.wait("configmaps", lambda obj: True, selector="group=g")["metadata"]["name"] == "a"
    assert still.clock.time() == before


def test_waiting_in_vain_passes_the_time_and_tells_what_there_is(still: Cluster) -> None:
    before = still.clock.time()
    still.apply(DEPLOYMENT)
    with pytest.raises(WaitTimeout) as failure:
        still.wait("deployment/web", "Available", timeout=5)
    assert still.clock.time() == before + 5
    text = str(failure.value)
    assert text.startswith("deployment/web is not Available after 5 s\n")
    assert "Available=False (MinimumReplicasUnavailable)" in text
    assert "Scaled up replica set" in text


def test_real_time_goes_on_and_can_be_advanced() -> None:
    with Cluster(0) as cluster:
        assert abs(cluster.clock.now() - datetime.now(UTC)).total_seconds() < 5
        before = cluster.clock.time()
        cluster.clock.advance(hours=2, minutes=1)
        assert 7260 <= cluster.clock.time() - before < 7270


def test_a_job_is_removed_when_its_time_to_live_is_over(still: Cluster) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
    spec = {"ttlSecondsAfterFinished": 3600, "template": template}
    still.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": spec})
    api = still.client()
    [pod] = api.list("pods")
    api.patch("pod", pod["metadata"]["name"], {"status": {"phase": "Succeeded"}}, subresource="status")
    still.wait("job/j", "Complete")
    still.clock.advance(minutes=59)
    assert api.list("jobs")
    still.clock.advance(minutes=2)
    assert api.list("jobs") == []


def test_watching(still: Cluster) -> None:
    api = still.client()
    with api.watch("cm", field_selector="metadata.name=a", timeout=1) as watch:
        assert watch.take() == []
        api.create(configmap("a", x="1"))
        api.patch("cm/a", {"data": {"x": "2"}})
        assert [(event.type, event.object["data"]["x"]) for event in watch.take()] == [
            ("ADDED", "1"),
            ("MODIFIED", "2"),
        ]
        api.delete("cm/a")
        assert [event.type for event in watch] == ["DELETED"]


def test_restoring_undoes_what_was_done_and_goes_on(still: Cluster) -> None:
    api = still.client()
    still.apply(DEPLOYMENT)
    before, pods = still.clock.time(), api.list("pods")
    snapshot = still.snapshot()
    for _ in range(2):
        still.clock.advance(hours=1)
        api.delete("deploy/web")
        still.restore(snapshot)
        assert (still.clock.time(), api.list("pods")) == (before, pods)
    api.patch("deploy/web", {"spec": {"replicas": 4}})
    assert len(api.list("pods")) == 4


def test_a_fork_is_a_cluster_of_its_own(still: Cluster) -> None:
    still.apply(DEPLOYMENT)
    api = still.client()
    with still.fork() as fork:
        assert fork.client().list("pods") == api.list("pods")
        fork.client().delete("deploy/web")
        fork.clock.advance(days=1)
        assert fork.client().list("pods") == []
    assert len(api.list("pods")) == 3


def test_two_forks_do_the_same(still: Cluster) -> None:
    snapshot = still.snapshot()
    seen: list[Any] = []
    for _ in range(2):
        with still.fork(snapshot) as fork:
            fork.apply(DEPLOYMENT)
            seen.append(fork.client().list("pods"))
    assert seen[0] == seen[1]


def test_what_is_closed_says_so() -> None:
    cluster = Cluster(0)
    with pytest.raises(RuntimeError, match="the cluster is not open"):
        cluster.settle()
    with cluster:
        pass
    cluster.close()
    with pytest.raises(RuntimeError, match="the cluster is not open"):
        cluster.client().list("pods")


def test_words_that_are_not_understood() -> None:
    with pytest.raises(ValueError, match='clock is "real" or "manual"'), Cluster(0, clock="slow"):  # type: ignore[arg-type]
        pass
    with Cluster(0, clock="manual") as cluster, pytest.raises(ValueError, match="time does not go back"):
        cluster.clock.advance(-1)


class TestWithUnittest(unittest.TestCase):
    """As users of `unittest` have it."""

    def setUp(self) -> None:
        self.cluster = self.enterContext(Cluster(0, clock="manual"))

    def test_it_works(self) -> None:
        self.cluster.apply(configmap("a"))
        self.assertEqual(self.cluster.client().get("cm/a")["metadata"]["name"], "a")


def test_claims_get_volumes_unless_told_otherwise() -> None:
    claim: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    phases = []
    for storage in (True, False):
        with Cluster(clock="manual", storage=storage) as cluster:
            cluster.apply(claim)
            cluster.settle()
            phases.append(cluster.client().get("PersistentVolumeClaim", "data")["status"]["phase"])
    assert phases == ["Bound", "Pending"]


@pytest.mark.parametrize("name", ["deploy", "Deployment", "deployments", "deployments.apps", "*deployment*", "*"])
def test_faults_and_history_know_kinds_by_every_name_of_theirs(still: Cluster, name: str) -> None:
    fault = still.fail_next("patch", name)
    with pytest.raises(InternalError):
        still.apply(DEPLOYMENT)
    assert fault.hits == 1
    still.apply(DEPLOYMENT)
    assert "Deployment" in {entry.kind for entry in still.history(kind=name)}


def test_what_was_refused_is_told_in_its_place_until_time_goes_back(still: Cluster) -> None:
    api = still.client()
    with still.fail_next("delete", "cm", status=403), pytest.raises(Forbidden):
        api.delete("cm/kube-root-ca.crt")
    snapshot = still.snapshot()
    api.create(configmap("a"))
    still.restart()
    with pytest.raises(AlreadyExists):
        api.create(configmap("a"))
    still.fail_next("patch", "deploy", reason="Conflict", times=1)
    with pytest.raises(Conflict):
        still.apply(DEPLOYMENT)
    api.delete("cm", "a")

    def told() -> list[tuple[str, int]]:
        return [(entry.verb, entry.code) for entry in still.history(refused=True, who="wherry")]

    assert told() == [("delete", 403), ("create", 0), ("create", 409), ("patch", 409), ("delete", 0)]
    assert [entry.code for entry in still.history(who="wherry")] == [0, 0]
    assert len(still.history(kind="deploy", refused=True).refused) == 1
    still.restore(snapshot)
    assert told() == []


def test_what_a_control_plane_finds_when_it_begins_is_no_news(still: Cluster) -> None:
    still.add_node("big")
    with still.fork() as fork:
        assert not fork.history(refused=True).refused
        fork.restart()
        assert not fork.history(refused=True).refused


def test_who_may_not_is_told_by_name(still: Cluster) -> None:
    config = dict(re.findall(r"(token|certificate-authority-data): ([^\s,}]+)", still.kubeconfig.read_text()))
    token, authority = config["token"].strip('"'), config["certificate-authority-data"].strip('"')
    headers = {"Authorization": f"Bearer {token}", "Impersonate-User": "bob", "User-Agent": "bobs-operator/2"}
    asked = urllib.request.Request(still.url + "/api/v1/namespaces/default/pods", headers=headers)
    trusting = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(asked, context=trusting)
    (entry,) = still.history(refused=True).refused
    assert (entry.who, entry.verb, entry.code) == ("bobs-operator (bob)", "list", 403)
    assert entry.message.startswith('pods is forbidden: User "bob" cannot list resource "pods"')


def test_a_fault_that_could_never_happen_is_a_slip(still: Cluster) -> None:
    for slip in (still.fail_next, still.slow, still.conflict_next):
        with pytest.raises(UnknownKind, match="'podz'"):
            slip("update", "podz")
    with pytest.raises(UnknownKind, match="'podz'"):
        still.faults.drop_watches("podz")
    with pytest.raises(UnknownKind, match="'podz'"):
        still.history(kind="podz")


def test_an_error_is_told_without_its_way_through_the_control_plane(still: Cluster) -> None:
    """What a test's report shows is the test's own line and the outcome."""
    acts: list[Callable[[], object]] = [
        lambda: still.client().get("cm/none"),
        lambda: still.apply("none.yaml"),
        lambda: still.wait("cm/none", "create", timeout=1),
        lambda: still.client().list("podz"),
    ]
    for act in acts:
        with pytest.raises((NotFound, FileNotFoundError, WaitTimeout, UnknownKind)) as told:
            act()
        shown = told.traceback.filter(told)
        assert {Path(str(entry.path)).name for entry in shown} == {"test_sync.py"}
        assert len(told.traceback) < 9


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda c: c.client().get("pods"), "which of the pods\\? say its name, as in 'pod/name'"),
        (lambda c: c.client().delete("deploy"), "'deployment/name'"),
        (lambda c: c.client().create({"kind": "Pod", "metadata": {"name": "p"}}), "says its apiVersion and kind"),
        (lambda c: c.wait("pods", "Ready", timeout=1), "not all pods are Ready after 1 s"),
        (lambda c: c.start(), "begun already"),
        (lambda c: Cluster(-1), "nodes is a number"),
        (lambda c: Cluster("three"), "nodes is a number, or a list of nodes or their names, not 'three'"),
        (lambda c: Cluster(behave="crash"), "behave is a function"),  # type: ignore[arg-type]
    ],
    ids=["get", "delete", "create", "wait", "start", "nodes", "a name for nodes", "behave"],
)
def test_slips_are_told_in_a_sentence(still: Cluster, act: Callable[[Cluster], object], message: str) -> None:
    with pytest.raises(Exception, match=message):
        act(still)


def test_events_are_told_in_the_order_in_which_they_happened() -> None:
    with Cluster(1, clock="manual") as cluster:
        cluster.apply(DEPLOYMENT)
        cluster.wait("deployment/web", "Available")
        pod = cluster.client().list("pods")[0]
        reasons = [event["reason"] for event in cluster.events(pod)]
        created = [entry.name for entry in cluster.history(kind="Event", verb="create")]
        assert {"Scheduled", "Started"} <= set(reasons)
        assert [event["metadata"]["name"] for event in cluster.events()] == created


def test_events_of_an_object_by_its_name(still: Cluster) -> None:
    still.apply(DEPLOYMENT)
    assert [event["reason"] for event in still.events("deploy/web")] == ["ScalingReplicaSet"]


def test_a_forked_process_is_told_that_the_cluster_is_elsewhere() -> None:
    code = """
import os, sys
from wherry.testing import Cluster
with Cluster(0) as cluster:
    if child := os.fork():
        print(os.waitpid(child, 0)[1], len(cluster.client().list("namespaces")), flush=True)
    else:
        try:
            cluster.client().list("namespaces")
        except RuntimeError as error:
            print(error, flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.splitlines() == [
        "the cluster is in the process that forked this one, which may use its kubeconfig",
        "0 4",
    ]
