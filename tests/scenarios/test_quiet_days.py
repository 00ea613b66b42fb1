"""Days on which nothing happens but heartbeats cost little, and nobody can tell what was left out."""

from __future__ import annotations

from contextlib import nullcontext

from wherry.lib.clock import parse_time
from wherry.testing import Cluster

CRONJOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: hourly}
spec:
  schedule: "17 * * * *"
  jobTemplate:
    spec:
      template: {spec: {restartPolicy: Never, containers: [{name: main, image: "example.test/main"}]}}
"""
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


Written = tuple[float, str, str, str, str, str, str]


def story(*, leaves_out: bool) -> tuple[list[Written], dict[str, float], int]:
    """What is written in a day in which nodes fail and come back, when their Leases were last renewed, and the newest
    revision. A fault that meets nobody keeps the clock from leaving anything out."""
    with Cluster(nodes=3, clock="manual", seed=7) as cluster:
        gate = nullcontext() if leaves_out else cluster.fail_next("get", "leases", name="nobody", times=None)
        with gate:
            cluster.apply(CRONJOB)
            cluster.apply(DEPLOYMENT)
            cluster.clock.advance(hours=2, seconds=33)
            cluster.fail_node("node-2")
            cluster.clock.advance(minutes=90, seconds=1)
            cluster.recover_node("node-2")
            cluster.partition("node-1")
            cluster.clock.advance(hours=1)
            cluster.recover_node("node-1")
            cluster.clock.advance(hours=1, seconds=17)
        writes = [
            (each.time, each.verb, each.manager, each.controller, each.kind, each.namespace, each.name)
            for each in cluster.history()
        ]
        leases = cluster.client().list("leases", namespace="kube-node-lease")
        renewed = {lease["metadata"]["name"]: parse_time(lease["spec"]["renewTime"]) for lease in leases}
        return writes, renewed, cluster.history()[-1].revision


def test_all_but_the_number_of_renewals_is_as_if_none_was_left_out() -> None:
    (writes, renewed, revision), (all_writes, all_renewed, all_revision) = (
        story(leaves_out=True),
        story(leaves_out=False),
    )
    assert writes == all_writes
    assert renewed == all_renewed
    assert revision < all_revision - 3000


def test_leases_are_fresh_whenever_somebody_looks() -> None:
    with Cluster(nodes=2, clock="manual") as cluster:
        for seconds in (3, 61, 3600, 86400):
            cluster.clock.advance(seconds)
            for lease in cluster.client().list("leases", namespace="kube-node-lease"):
                assert 0 <= cluster.clock.time() - parse_time(lease["spec"]["renewTime"]) <= 10


def test_whoever_watches_leases_sees_every_renewal() -> None:
    with Cluster(nodes=1, clock="manual") as cluster:
        cluster.clock.advance(100)
        with cluster.client().watch("leases", namespace="kube-node-lease", timeout=1) as watch:
            cluster.clock.advance(100)
            assert [event.type for event in watch] == ["ADDED", *["MODIFIED"] * 10]


def test_a_fault_meets_every_renewal() -> None:
    with Cluster(nodes=1, clock="manual") as cluster:
        fault = cluster.fail_next("patch", "leases", times=4)
        cluster.clock.advance(45)
        assert fault.hits == 4
        with cluster.fail_next("patch", "leases", times=None):
            cluster.wait("node/node-1", "Ready=Unknown", timeout=65)


def test_quiet_hours_cost_few_writes() -> None:
    with Cluster(nodes=3, clock="manual") as cluster:
        cluster.clock.advance(minutes=10)
        before = cluster.snapshot().store.revision
        cluster.clock.advance(hours=2)
        writes = cluster.snapshot().store.revision - before
        assert writes <= 3 * 24 * (1 + 2 * 3), "each node's reports, and at most two renewals of each for every report"
