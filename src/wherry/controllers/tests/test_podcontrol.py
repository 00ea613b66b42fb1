"""Controllers act on what an informer shows, which may be older than their own writes: they must not act twice."""

from __future__ import annotations

from typing import cast

import pytest

from wherry.api import Obj
from wherry.api.apps.daemonset import DAEMONSETS
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.batch.job import JOBS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.replicationcontroller import REPLICATIONCONTROLLERS
from wherry.api.resource import Resource
from wherry.client import Client
from wherry.controllers.tests.lagging import LaggingClient
from wherry.controllers.tests.plane import deployment, only, running, template

LOOPS = only(
    "deployment-controller",
    "replicaset-controller",
    "replication-controller",
    "statefulset-controller",
    "daemonset-controller",
    "job-controller",
    "node-ipam-controller",
)
SELECTOR = {"matchLabels": {"app": "web"}}
DAEMON = {
    "apiVersion": "apps/v1",
    "kind": "DaemonSet",
    "metadata": {"name": "web"},
    "spec": {"selector": SELECTOR, "template": template("web")},
}
STATEFUL = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "web"},
    "spec": {"replicas": 4, "selector": SELECTOR, "template": template("web"), "podManagementPolicy": "Parallel"},
}
REPLICATION = {
    "apiVersion": "v1",
    "kind": "ReplicationController",
    "metadata": {"name": "web"},
    "spec": {"replicas": 4, "selector": {"app": "web"}, "template": template("web")},
}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "web"},
    "spec": {
        "parallelism": 4,
        "completions": 4,
        "completionMode": "NonIndexed",
        "manualSelector": True,
        "selector": SELECTOR,
        "template": template("web", restartPolicy="Never"),
    },
}


@pytest.mark.parametrize("step", [1, 3, 50])
@pytest.mark.parametrize(
    ("resource", "obj"),
    [
        (DEPLOYMENTS, deployment(replicas=4)),
        (REPLICATIONCONTROLLERS, REPLICATION),
        (STATEFULSETS, STATEFUL),
        (DAEMONSETS, DAEMON),
        (JOBS, JOB),
    ],
    ids=["deployment", "replication controller", "stateful set", "daemon set", "job"],
)
async def test_nothing_is_created_twice(resource: Resource, obj: Obj, step: int) -> None:
    async with running(only()) as plane:
        for name in ("a", "b", "c", "d"):
            await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        real = plane.client
        lagging = LaggingClient(real)
        plane.client = cast(Client, lagging)
        await plane.start(LOOPS)
        lagging.deliver()
        await real.create(resource, obj, "default")
        most = 0
        for _ in range(60):
            lagging.deliver(step)
            await plane.pass_time(0.5)
            most = max(most, len((await real.list(PODS, "default")).items))
        assert most == 4
        assert len((await real.list(PODS, "default")).items) == 4
