"""The scheduler as people meet it: `kubectl describe`, priorities, and a file of settings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cluster import KUBECTLS, Cluster
from tests.e2e.pods import until
from tests.e2e.serving import ServerProcess

pytestmark = pytest.mark.e2e

CONFIG = """\
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  plugins:
    score:
      disabled: [{name: "*"}]
      enabled: [{name: NodeResourcesFit}]
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}]}
"""
PODS = """\
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high}
value: 1000
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: packed}
spec:
  replicas: 6
  selector: {matchLabels: {app: packed}}
  template:
    metadata: {labels: {app: packed}}
    spec:
      schedulerName: packing
      terminationGracePeriodSeconds: 0
      containers: [{name: c, image: a, resources: {requests: {cpu: "1"}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: impossible}
spec:
  nodeSelector: {disk: ssd}
  containers: [{name: c, image: a}]
"""


class Configured(ServerProcess):
    """With two simulated nodes and a file of settings."""

    def __init__(self, state: Path, config: Path) -> None:
        super().__init__(state)
        self._config = config

    @property
    def command(self) -> list[str]:
        return [*super().command, "--simulate", "2", "--scheduler-config", str(self._config)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if not KUBECTLS:
        pytest.skip("no kubectl on this machine: tools/clients.py fetches one")
    folder = tmp_path_factory.mktemp("scheduler")
    (folder / "config.yaml").write_text(CONFIG)
    server = Configured(folder / "state", folder / "config.yaml")
    server.start()
    try:
        cluster = Cluster(folder / "state", server.port)
        until(lambda: len(cluster.get("nodes")["items"]) == 2, what="two nodes")
        cluster.kubectl("apply", "-f", "-", stdin=PODS)
        yield cluster
    finally:
        server.stop()


def homes(cluster: Cluster) -> list[str]:
    pods = cluster.get("pods", "-l", "app=packed")["items"]
    return [pod["spec"].get("nodeName", "") for pod in pods]


def test_a_profile_fills_one_node_first(cluster: Cluster) -> None:
    until(lambda: len(homes(cluster)) == 6 and all(homes(cluster)), what="six Pods with nodes")
    assert len(set(homes(cluster))) == 1


def test_describe_says_why(cluster: Cluster) -> None:
    reason = (
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. "
        "no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    )
    until(lambda: "FailedScheduling" in cluster.kubectl("describe", "pod", "impossible"), what="the Event")
    assert reason in cluster.kubectl("describe", "pod", "impossible")
    pod = cluster.get("pod", "impossible")
    assert [one["message"] for one in pod["status"]["conditions"]] == [reason]


def test_the_important_evict_others(cluster: Cluster) -> None:
    nodes = cluster.get("nodes")["items"]
    cpu = nodes[0]["status"]["allocatable"]["cpu"]
    for node in nodes[1:]:
        cluster.kubectl("cordon", node["metadata"]["name"])
    first = nodes[0]["metadata"]["name"]
    cluster.kubectl("scale", "deployment", "packed", "--replicas=0")
    until(lambda: not homes(cluster), what="no Pods")
    cluster.kubectl("apply", "-f", "-", stdin=_pod("low", cpu, ""))
    until(lambda: cluster.get("pod", "low")["spec"].get("nodeName") == first, what="the lower Pod's node")
    cluster.kubectl("apply", "-f", "-", stdin=_pod("urgent", cpu, "high"))
    until(lambda: cluster.get("pod", "urgent")["spec"].get("nodeName") == first, what="the higher Pod's node")
    uid = cluster.get("pod", "urgent")["metadata"]["uid"]
    assert f"Preempted by pod {uid} on node {first}" in cluster.kubectl("get", "events")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        pytest.param(
            "MostAllocated",
            "Best",
            'scoringStrategy.type: Unsupported value: "Best": supported values: "LeastAllocated"',
            id="settings that there are not",
        ),
        pytest.param(
            "profiles:",
            "profiles:\n- {schedulerName: idle, plugins: {bind: {disabled: [{name: '*'}]}}}",
            'at least one bind plugin is needed for profile with scheduler name "idle"',
            id="plugins that are no profile together",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace(old, new))
    command = [sys.executable, "-m", "wherry", "server", "--state", str(tmp_path / "state"), "--port", "0"]
    done = subprocess.run(
        [*command, "--scheduler-config", str(config)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert f"error: {config} is no usable KubeSchedulerConfiguration:" in done.stderr
    assert why in done.stderr


def _pod(name: str, cpu: str, priority: str) -> str:
    chosen = f"priorityClassName: {priority}" if priority else "terminationGracePeriodSeconds: 0"
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  {chosen}
  containers: [{{name: c, image: a, resources: {{requests: {{cpu: "{cpu}"}}}}}}]
"""
