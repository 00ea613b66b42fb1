"""`wherry up --simulate`: kubectl cannot tell simulated nodes from others, and a kill -9 restarts no Pod."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.cluster import KUBECTLS, Cluster
from tests.e2e.conftest import _free_port

S = "simulate.wherry.dev/"
STATEFUL = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "postgres:17"}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {storageClassName: late, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: late}
provisioner: simulated.wherry.dev
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: true
"""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if not KUBECTLS:
        pytest.skip("no kubectl on this machine: tools/clients.py fetches one")
    cluster = Cluster(tmp_path_factory.mktemp("simulated") / "state", _free_port())
    try:
        where = ("--port", str(cluster.port), "--bind-address", "127.0.0.1")
        told = cluster.wherry("up", "--simulate", "3", "--no-kubeconfig", *where)
        assert "3 simulated nodes Ready" in told
        yield cluster
    finally:
        cluster.wherry("down", check=False)


def until(is_true: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def test_a_pod_that_was_bound_by_hand_without_room_shows_why(simulated: Cluster) -> None:
    kubectl = simulated.kubectl
    node = kubectl("get", "nodes", "-o", "name").splitlines()[0].removeprefix("node/")
    container = {"name": "c", "image": "busybox:1", "resources": {"requests": {"cpu": "99"}}}
    overrides = json.dumps({"spec": {"nodeName": node, "containers": [container]}})
    kubectl("run", "large", "--image=busybox:1", f"--overrides={overrides}")
    kubectl("wait", "--for=jsonpath={.status.phase}=Failed", "pod/large", "--timeout=20s")
    assert kubectl("get", "pod", "large", "--no-headers").split()[1:3] == ["0/1", "OutOfcpu"]
    why = "Node didn't have enough resource: cpu, requested: 99000, used: "
    assert f"Pod was rejected: {why}" in kubectl("get", "pod", "large", "-o", "jsonpath={.status.message}")
    until(lambda: why in kubectl("get", "events", "--field-selector=involvedObject.name=large"))
    kubectl("delete", "pod", "large", "--timeout=20s")


def test_pods_run_log_and_move_when_their_node_is_drained(simulated: Cluster) -> None:
    kubectl = simulated.kubectl
    assert [line.split()[1] for line in kubectl("get", "nodes", "--no-headers").splitlines()] == ["Ready"] * 3
    kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=6")
    kubectl("wait", "--for=condition=Available", "deployment/web", "--timeout=20s")
    logs = (f"--annotations={S}logs=begins\nticks {{line}}", f"--annotations={S}log-interval=200ms")
    kubectl("run", "talk", "--image=busybox:1", *logs)
    kubectl("wait", "--for=condition=Ready", "pod/talk", "--timeout=20s")
    assert kubectl("logs", "talk").startswith("begins\n")
    follow = (simulated.kubectl_path, "logs", "--follow", "--tail=1", "talk")
    with simulated.start(*follow, stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        assert [follower.stdout.readline()[:6] for _ in range(3)] == ["ticks "] * 3
        kubectl("delete", "pod", "talk")
        assert follower.wait(10) == 0
    assert "there are no processes behind it" in simulated.failure("exec", "deployment/web", "--", "ls")
    kubectl("drain", "node-1", "--timeout=20s")
    kubectl("wait", "--for=condition=Available", "deployment/web", "--timeout=20s")
    nodes = {pod["spec"]["nodeName"] for pod in simulated.get("pods", "-l", "app=web")["items"]}
    assert nodes == {"node-2", "node-3"}


def test_a_stateful_set_gets_its_volumes(simulated: Cluster, tmp_path: Path) -> None:
    kubectl = simulated.kubectl
    file = tmp_path / "db.yaml"
    file.write_text(STATEFUL)
    kubectl("apply", "-f", str(file))
    kubectl("rollout", "status", "statefulset/db", "--timeout=20s")
    claims = simulated.get("pvc", "-l", "app=db")["items"]
    assert [(one["metadata"]["name"], one["status"]["phase"]) for one in claims] == [
        ("data-db-0", "Bound"),
        ("data-db-1", "Bound"),
    ]
    kubectl("patch", "pvc", "data-db-0", "-p", '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}')
    kubectl("wait", "pvc/data-db-0", "--for=jsonpath={.status.capacity.storage}=2Gi", "--timeout=20s")
    kubectl("delete", "statefulset", "db")
    kubectl("delete", "pvc", "-l", "app=db", "--timeout=20s")
    until(lambda: simulated.get("pv")["items"] == [])


ROLLED = """
apiVersion: apps/v1
kind: {kind}
metadata: {{name: rolled}}
spec:
  selector: {{matchLabels: {{rolled: {kind}}}}}
  template:
    metadata: {{labels: {{rolled: {kind}}}}}
    spec: {{containers: [{{name: main, image: "main:1"}}]}}
  {more}
"""


@pytest.mark.parametrize(
    ("kind", "more", "end"),
    [
        (
            "StatefulSet",
            "replicas: 2\n  serviceName: rolled",
            "partitioned roll out complete: 2 new pods have been updated",
        ),
        ("DaemonSet", "", 'daemon set "rolled" successfully rolled out'),
    ],
)
def test_rollouts_are_followed_listed_and_undone(simulated: Cluster, kind: str, more: str, end: str) -> None:
    kubectl, name = simulated.kubectl, f"{kind.lower()}/rolled"
    kubectl("create", "-f", "-", stdin=ROLLED.format(kind=kind, more=more))
    assert end in kubectl("rollout", "status", name, "--timeout=20s")
    kubectl("set", "image", name, "main=main:2")
    assert end in kubectl("rollout", "status", name, "--timeout=20s")
    assert _revisions(simulated, name) == ["1", "2"]
    assert "main:1" in kubectl("rollout", "history", name, "--revision=1")
    kubectl("rollout", "undo", name)
    assert end in kubectl("rollout", "status", name, "--timeout=20s")
    assert _revisions(simulated, name) == ["2", "3"]
    images = kubectl("get", "pods", "-l", f"rolled={kind}", "-o", "jsonpath={.items[*].spec.containers[0].image}")
    assert set(images.split()) == {"main:1"}
    kubectl("delete", name, "--cascade=foreground")


def _revisions(cluster: Cluster, name: str) -> list[str]:
    return [line.split()[0] for line in cluster.kubectl("rollout", "history", name).splitlines()[2:] if line.strip()]


def test_a_killed_server_finds_its_pods_as_they_were(simulated: Cluster) -> None:
    kubectl = simulated.kubectl
    kubectl("run", "calm", "--image=busybox:1")
    kubectl("run", "busy", "--image=busybox:1", f"--annotations={S}run-time=1s")
    kubectl("wait", "--for=condition=Ready", "pod/calm", "--timeout=20s")
    until(lambda: _restarts(simulated) >= 1)
    before = simulated.get("pod", "calm")
    os.kill(_server(simulated), signal.SIGKILL)
    until(lambda: simulated.run(simulated.kubectl_path, "get", "--raw", "/readyz", check=False).returncode == 0)
    restarts = _restarts(simulated)
    assert 1 <= restarts <= 3
    until(lambda: _restarts(simulated) > restarts, 45)
    after = simulated.get("pod", "calm")
    assert after["status"] == before["status"]
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    kubectl("delete", "pod", "calm", "busy")


def _restarts(cluster: Cluster) -> int:
    statuses = cluster.get("pod", "busy")["status"].get("containerStatuses", [])
    return sum(int(each["restartCount"]) for each in statuses)


def _server(cluster: Cluster) -> int:
    """The process that serves this cluster."""
    found = subprocess.run(["pgrep", "-f", f"wherry server --state {cluster.state}"], capture_output=True, check=True)
    return int(found.stdout.split()[0])
