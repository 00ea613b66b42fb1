"""The cluster as a test sees it, without nodes."""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.errors import AlreadyExists, Conflict, NotFound
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
