"""Time stands still until the test lets it pass: hours in milliseconds, each time the same."""

from pathlib import Path

import pytest

from wherry.testing import Cluster

pytestmark = pytest.mark.wherry(nodes=2, clock="manual")

JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: report}
spec:
  ttlSecondsAfterFinished: 3600
  template:
    metadata:
      annotations: {simulate.wherry.dev/run-time: 5m}
    spec:
      restartPolicy: Never
      containers: [{name: report, image: example.test/report}]
"""


def test_a_job_takes_its_time_and_is_cleared_away(wherry_cluster):
    wherry_cluster.apply(JOB)
    begin = wherry_cluster.clock.now()
    wherry_cluster.wait("job/report", "Complete", timeout=600)
    assert (wherry_cluster.clock.now() - begin).total_seconds() == 300
    wherry_cluster.clock.advance(hours=1, seconds=1)
    assert wherry_cluster.client().list("jobs") == []


def test_pods_leave_a_node_that_has_failed(wherry_cluster):
    wherry_cluster.apply(Path(__file__).with_name("web.yaml"))
    wherry_cluster.wait("deployment/web", "Available")
    wherry_cluster.fail_node("node-1")
    wherry_cluster.clock.advance(minutes=7)
    alive = [pod for pod in wherry_cluster.client().list("pods") if "deletionTimestamp" not in pod["metadata"]]
    assert {pod["spec"]["nodeName"] for pod in alive} == {"node-2"}


def run() -> str:
    with Cluster(nodes=2, clock="manual", seed=7) as cluster:
        cluster.apply(JOB)
        cluster.clock.advance(hours=2)
        return str(cluster.history())


def test_two_runs_write_the_same_history():
    assert run() == run()


def test_a_snapshot_is_a_place_to_return_to(wherry_cluster):
    wherry_cluster.apply(JOB)
    snapshot = wherry_cluster.snapshot()
    wherry_cluster.wait("job/report", "Complete", timeout=600)
    wherry_cluster.restore(snapshot)
    assert wherry_cluster.client().get("job/report")["status"].get("succeeded") is None
    with wherry_cluster.fork() as other:
        other.wait("job/report", "Complete", timeout=600)
