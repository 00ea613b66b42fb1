"""Clusters with nodes: Pods run, nodes fall ill and get well, and all of it goes into snapshots."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from wherry.api.types.core_v1 import Pod
from wherry.providers.simulated.behaviour import Behaviour, ContainerBehaviour
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.testing import Cluster

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example.test/web:1"}]}
"""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(2, clock="manual") as made:
        yield made


def hosts(cluster: Cluster) -> list[str]:
    pods = cluster.client().list("pods")
    assert all(pod["status"]["phase"] == "Running" for pod in pods)
    return sorted(pod["spec"]["nodeName"] for pod in pods if "deletionTimestamp" not in pod["metadata"])


def test_pods_run(cluster: Cluster) -> None:
    cluster.apply(DEPLOYMENT)
    assert cluster.wait("deployment/web", "Available")["status"]["readyReplicas"] == 4
    assert hosts(cluster) == ["node-1", "node-1", "node-2", "node-2"]


def test_pods_leave_a_node_that_fails(cluster: Cluster) -> None:
    cluster.apply(DEPLOYMENT)
    cluster.fail_node("node-1")
    cluster.wait("node/node-1", "Ready=Unknown", timeout=120)
    cluster.clock.advance(minutes=6)
    assert hosts(cluster) == ["node-2"] * 4
    cluster.recover_node("node-1")
    cluster.wait("node/node-1", "Ready")


def test_a_snapshot_knows_how_nodes_are(cluster: Cluster) -> None:
    cluster.partition("node-1")
    cluster.clock.advance(minutes=2)
    with cluster.fork() as fork:
        fork.clock.advance(minutes=5)
        assert not fork.wait("node/node-1", "Ready=Unknown")["spec"].get("unschedulable")
        fork.recover_node("node-1")
        fork.wait("node/node-1", "Ready", timeout=5)
    cluster.wait("node/node-1", "Ready=Unknown")


def test_nodes_come_and_go(cluster: Cluster) -> None:
    cluster.add_node(NodeSpec(name="large", cpu="64", labels={"size": "large"}))
    assert cluster.wait("node/large", "Ready")["status"]["capacity"]["cpu"] == "64"
    with pytest.raises(ValueError, match="there is a node 'large' already"):
        cluster.add_node("large")
    cluster.remove_node("node-1")
    assert [node["metadata"]["name"] for node in cluster.client().list("nodes")] == ["large", "node-2"]
    with pytest.raises(LookupError, match="there is no node 'node-1'; there are node-2, large"):
        cluster.fail_node("node-1")


def test_named_nodes() -> None:
    with Cluster(["a", NodeSpec(name="b")]) as cluster:
        assert [node["metadata"]["name"] for node in cluster.client().list("nodes")] == ["a", "b"]


def test_pods_fare_as_they_are_told() -> None:
    crash = ContainerBehaviour(run_seconds=(1.0,), exit_codes=(3,))

    def slow(pod: Pod) -> Behaviour | None:
        return Behaviour(start_seconds=30) if pod.metadata.name == "slow" else None

    with Cluster(clock="manual", behave=({"example.test/crash": crash}, slow)) as cluster:
        for name, image in (("crash", "example.test/crash:2"), ("slow", "example.test/web")):
            spec = {"containers": [{"name": "c", "image": image}]}
            cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
        before = cluster.clock.time()
        cluster.wait("pod/slow", "Ready", timeout=60)
        assert cluster.clock.time() == before + 30
        [status] = cluster.client().get("pod/crash")["status"]["containerStatuses"]
        assert status["restartCount"] >= 1
        assert status["lastState"]["terminated"]["exitCode"] == 3


def test_history_tells_who_wrote_and_nothing_of_heartbeats(cluster: Cluster) -> None:
    cluster.apply(DEPLOYMENT)
    cluster.clock.advance(minutes=10)
    assert {entry.controller for entry in cluster.history(kind="pods", verb="create")} >= {"replicaset-controller"}
    assert not cluster.history(kind="leases", verb="patch")
    snapshot = cluster.snapshot()
    cluster.client().delete("deploy/web")
    cluster.restore(snapshot)
    assert not cluster.history(verb="delete", kind="deployments")


def test_faults_meet_who_they_are_meant_for(cluster: Cluster) -> None:
    fault = cluster.conflict_next("create", "pods", manager="kube-controller-manager")
    cluster.apply(DEPLOYMENT)
    cluster.wait("deployment/web", "Available")
    assert fault.hits == 1
    with cluster.slow("get", "configmaps", seconds=5, manager="nobody"):
        cluster.client().list("configmaps")


def test_what_a_test_asks_itself_takes_its_time_too(cluster: Cluster) -> None:
    cluster.apply(DEPLOYMENT)
    with cluster.slow(verb="*", seconds=5, manager="wherry"):
        for ask in (
            lambda: cluster.client().get("deployment/web"),
            lambda: cluster.events(),
            lambda: cluster.wait("deployment/web", "create"),
        ):
            before = cluster.clock.time()
            ask()
            assert cluster.clock.time() == before + 5


def test_a_control_plane_starts_although_all_that_is_asked_of_it_takes_long(cluster: Cluster) -> None:
    cluster.apply(DEPLOYMENT)
    with cluster.slow(seconds=5):
        before = cluster.clock.time()
        cluster.restart()
        assert cluster.clock.time() > before
        cluster.restart()
    cluster.wait("deployment/web", "Available", timeout=600)


@pytest.mark.parametrize("seed", range(1, 7))
def test_slow_requests_and_ill_nodes_leave_nothing_wrong(seed: int) -> None:
    chance = random.Random(seed)
    nodes = ("node-1", "node-2", "node-3")
    with Cluster(3, clock="manual", seed=seed) as cluster:
        steps: list[Callable[[], object]] = [
            lambda: cluster.slow(
                "patch", ("pods/status", "nodes/status"), seconds=chance.choice((0.5, 4, 30)), times=9
            ),
            lambda: cluster.slow(chance.choice(("create", "update", "*")), "*", seconds=5, manager="kubelet"),
            lambda: cluster.fail_node(chance.choice(nodes)),
            lambda: cluster.partition(chance.choice(nodes)),
            lambda: cluster.recover_node(chance.choice(nodes)),
            lambda: cluster.client().patch("deploy/web", {"spec": {"replicas": chance.randint(1, 9)}}),
            lambda: cluster.clock.advance(chance.choice((5, 60, 400))),
            cluster.restart,
        ]
        cluster.apply(DEPLOYMENT)
        for _ in range(12):
            chance.choice(steps)()
        cluster.faults.clear()
        for node in nodes:
            cluster.recover_node(node)
        cluster.clock.advance(700)
        pods = cluster.client().list("pods")
        assert [len(pods)] == [cluster.client().get("deploy/web")["spec"]["replicas"]]
        told = [each for pod in pods for each in pod["status"]["conditions"] if each["type"] == "PodScheduled"]
        assert {each["status"] for each in told} == {"True"}


def test_watches_can_be_dropped_from_the_tests_thread() -> None:
    with Cluster(0) as cluster, cluster.client().watch("configmaps", timeout=5) as watch:
        watch.take()
        assert cluster.faults.drop_watches("configmaps", manager="wherry") == 1
        assert [event.type for event in watch if event.type != "ADDED"] == []


STAGE = """
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: pod-done}
spec:
  resourceRef: {apiGroup: v1, kind: Pod}
  selector:
    matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.phase, operator: NotIn, values: [Succeeded]}
  delay: {durationMilliseconds: 60000}
  next:
    statusTemplate: |
      phase: Succeeded
"""


def test_pods_go_through_stages() -> None:
    with Cluster(clock="manual", stages=STAGE) as cluster:
        spec = {"containers": [{"name": "c", "image": "example.test/i"}]}
        cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
        before = cluster.clock.time()
        cluster.wait("pod/p", "jsonpath={.status.phase}=Succeeded", timeout=90)
        assert cluster.clock.time() == before + 60


def test_what_is_no_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="is no Stage of kwok"):
        Cluster(stages=DEPLOYMENT)


AUTOSCALED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: example.test/web, resources: {requests: {cpu: 100m}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  minReplicas: 1
  maxReplicas: 9
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
"""


def test_autoscalers_see_what_simulated_pods_use(cluster: Cluster) -> None:
    """Up at once; down only when the window, five minutes, has seen no need for more."""

    def use(amount: str) -> None:
        annotations = {"annotations": {"simulate.wherry.dev/cpu": amount}}
        for pod in cluster.client().list("pods", label_selector="app=web"):
            cluster.client().patch("pod", pod["metadata"]["name"], {"metadata": annotations})

    def replicas() -> int:
        return int(cluster.client().get("deployment/web")["spec"]["replicas"])

    cluster.apply(AUTOSCALED)
    cluster.clock.advance(minutes=2)
    assert replicas() == 1, "half of what is requested, which is what is wanted"
    use("200m")
    cluster.clock.advance(seconds=15)
    assert replicas() == 4
    use("10m")
    cluster.clock.advance(minutes=4)
    assert replicas() == 4
    cluster.clock.advance(minutes=3)
    assert replicas() < 4


def test_what_pods_use_may_stand_in_a_table() -> None:
    with Cluster(2, clock="manual", behave={"example.test/web": ContainerBehaviour(cpu=0.4)}) as busy:
        busy.apply(AUTOSCALED)
        busy.wait("deployment/web", "jsonpath={.spec.replicas}=9", timeout=600)
        status = busy.client().get("hpa/web")["status"]
        assert status["currentMetrics"][0]["resource"]["current"]["averageUtilization"] == 400
