"""Programs as people write them, inside a cluster of the test's own, while things go wrong around them.

One is an operator with informer and work queue, by the official Python client; the other makes Pods and follows them
and their logs, as schedulers of computations do.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from wherry.testing import Cluster

pytestmark = [
    # The client's own slips are not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LABEL = "app=fleet"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(nodes=2) as c:
        yield c


@pytest.fixture
def kubernetes(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_PROXY", "*")
    library = pytest.importorskip("kubernetes")
    library.config.load_kube_config(str(cluster.kubeconfig))
    return library


class Operator:
    """Keeps a Deployment of as many replicas as a ConfigMap says, for every ConfigMap with the label."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._core, self._apps = library.client.CoreV1Api(), library.client.AppsV1Api()
        self._queue: queue.Queue[str] = queue.Queue()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._inform, self._work)]
        self.troubles: list[str] = []

    @contextmanager
    def running(self) -> Iterator[Operator]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join(10)

    def _inform(self) -> None:
        """List, then watch from there, and again from the beginning when the watch breaks."""
        listing = self._core.list_namespaced_config_map
        while not self._over.is_set():
            try:
                found = listing("default", label_selector=LABEL)
                for obj in found.items:
                    self._queue.put(obj.metadata.name)
                version = found.metadata.resource_version
                watch = self._library.watch.Watch()
                for event in watch.stream(
                    listing, "default", label_selector=LABEL, resource_version=version, timeout_seconds=1
                ):
                    self._queue.put(event["object"].metadata.name)
            except Exception as error:
                self._note(error)

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                name = self._queue.get(timeout=0.1)
            except queue.Empty:
                continue
            try:
                self._reconcile(name)
            except Exception as error:
                self._note(error)
                self._queue.put(name)

    def _note(self, error: Exception) -> None:
        self.troubles.append(str(getattr(error, "status", type(error).__name__)))
        time.sleep(0.02)

    def _reconcile(self, name: str) -> None:
        missing = self._library.client.ApiException
        try:
            wanted = self._core.read_namespaced_config_map(name, "default")
        except missing as error:
            if error.status == 404:
                return
            raise
        replicas = int(wanted.data["replicas"])
        try:
            found = self._apps.read_namespaced_deployment(name, "default")
        except missing as error:
            if error.status != 404:
                raise
            self._apps.create_namespaced_deployment("default", _deployment(wanted, replicas))
            return
        if found.spec.replicas != replicas:
            found.spec.replicas = replicas
            self._apps.replace_namespaced_deployment(name, "default", found)


def _deployment(owner: Any, replicas: int) -> dict[str, Any]:
    name = owner.metadata.name
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": owner.metadata.uid, "controller": True}
    template = {"metadata": {"labels": {"ship": name}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "metadata": {"name": name, "ownerReferences": [reference]},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"ship": name}}, "template": template},
    }


def fleet(name: str, replicas: int) -> dict[str, Any]:
    metadata = {"name": name, "labels": {"app": "fleet"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"replicas": str(replicas)}}


def ready(replicas: int) -> Callable[[Any], bool]:
    def is_ready(obj: Any) -> bool:
        status = obj.get("status", {})
        return bool(obj["spec"]["replicas"] == replicas and status.get("readyReplicas", 0) == replicas)

    return is_ready


def test_an_operator_comes_to_its_end_whatever_befalls_it(cluster: Cluster, kubernetes: Any) -> None:
    theirs: dict[str, Any] = {"manager": "OpenAPI-Generator*"}
    with Operator(kubernetes).running() as operator:
        cluster.fail_next("create", "deployments", status=500, times=2, **theirs)
        cluster.faults.lose_reply("create", "deployments", **theirs)
        cluster.apply(fleet("north", 2))
        cluster.wait("deployment/north", ready(2))

        cluster.conflict_next("update", "deployments", times=2, **theirs)
        cluster.faults.throttle_next("get", "configmaps", **theirs)
        cluster.faults.drop_watches("configmaps")
        cluster.apply(fleet("north", 3))
        cluster.wait("deployment/north", ready(3))

        cluster.faults.expire_watches("configmaps")
        cluster.restart()
        cluster.apply([fleet("north", 1), fleet("south", 2)])
        cluster.wait("deployment/north", ready(1))
        cluster.wait("deployment/south", ready(2))

        cluster.client().delete("configmap/north")
        cluster.wait("deployment/north", "delete")
        assert {"500", "409"} <= set(operator.troubles)
    made = cluster.history(kind="Deployment", verb="create", who="OpenAPI-Generator*")
    assert [entry.name for entry in made] == ["north", "south"]


def worker(number: int) -> dict[str, Any]:
    annotations = {"simulate.wherry.dev/run-time": "200ms", "simulate.wherry.dev/logs": f"result {number * number}"}
    return {
        "metadata": {"generateName": "worker-", "labels": {"job": "squares"}, "annotations": annotations},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example.test/worker"}]},
    }


def test_who_makes_pods_and_follows_their_logs_gets_all_results(cluster: Cluster, kubernetes: Any) -> None:
    core, failed = kubernetes.client.CoreV1Api(), kubernetes.client.ApiException

    def patiently(call: Callable[[], Any]) -> Any:
        for _ in range(50):
            try:
                return call()
            except failed:
                time.sleep(0.02)
        raise AssertionError("the faults never ended")

    cluster.fail_next("create", "pods", status=503, times=3, manager="OpenAPI-Generator*")
    cluster.slow("create", "pods/binding", seconds=0.2, times=2)
    waiting = set()
    for number in range(5):
        made = patiently(partial(core.create_namespaced_pod, "default", worker(number)))
        waiting.add(made.metadata.name)
    results: list[str] = []
    is_dropped = False
    while waiting:
        version = patiently(partial(core.list_namespaced_pod, "default", label_selector="job=squares"))
        done = {pod.metadata.name for pod in version.items if pod.status.phase == "Succeeded"} & waiting
        for name in sorted(done):
            results.append(patiently(partial(core.read_namespaced_pod_log, name, "default")).strip())
            patiently(partial(core.delete_namespaced_pod, name, "default"))
            waiting.discard(name)
        watch = kubernetes.watch.Watch()
        for event in watch.stream(
            core.list_namespaced_pod,
            "default",
            label_selector="job=squares",
            resource_version=version.metadata.resource_version,
            timeout_seconds=1,
        ):
            if not is_dropped:
                is_dropped = cluster.faults.drop_watches("pods") > 0
            if event["object"].status.phase == "Succeeded":
                watch.stop()
    assert sorted(results) == sorted(f"result {number * number}" for number in range(5))
    cluster.wait("pods", "delete", selector="job=squares")
