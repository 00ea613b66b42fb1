"""Adoption and release where the cache is behind, for every controller that claims children."""

from __future__ import annotations

import random

import pytest

from wherry.api import Obj
from wherry.api.apps.daemonset import DAEMONSETS
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.batch.job import JOBS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.replicationcontroller import REPLICATIONCONTROLLERS
from wherry.api.resource import Resource
from wherry.controllers import catalog
from wherry.controllers.tests.lagging import LaggingClient
from wherry.controllers.tests.plane import Plane, deployment, only, running, template
from wherry.reconcile.loop import Loops

SELECTOR = {"matchLabels": {"app": "web"}}
OWNERS: dict[str, tuple[Resource, Obj]] = {
    "replicaset-controller": (REPLICASETS, {"replicas": 2, "selector": SELECTOR, "template": template("web")}),
    "replication-controller": (
        REPLICATIONCONTROLLERS,
        {"replicas": 2, "selector": {"app": "web"}, "template": template("web")},
    ),
    "deployment-controller": (DEPLOYMENTS, deployment(replicas=2)["spec"]),
    "statefulset-controller": (STATEFULSETS, {"replicas": 2, "selector": SELECTOR, "template": template("web")}),
    "daemonset-controller": (DAEMONSETS, {"selector": SELECTOR, "template": template("web")}),
    "job-controller": (
        JOBS,
        {
            "completions": 2,
            "manualSelector": True,
            "selector": SELECTOR,
            "template": template("web", restartPolicy="Never"),
        },
    ),
}


def orphan_of(resource: Resource) -> tuple[Resource, Obj]:
    """Something without an owner that the owners above would like to have."""
    metadata = {"name": "web-0", "labels": {"app": "web"}}
    if resource is DEPLOYMENTS:
        spec = {"replicas": 0, "selector": SELECTOR, "template": template("web", image="old")}
        return REPLICASETS, {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}
    spec = {**template("web")["spec"], "nodeName": "n"}
    return PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


async def start(plane: Plane, name: str, client: LaggingClient) -> None:
    chosen = only(name)(catalog.controllers(catalog.Settings(root_ca=lambda: "")))
    loops = Loops(chosen, client, plane.clock, random.Random(7), plane.recorder)
    plane.loops.append(loops)
    await loops.start()
    await plane.settle()


@pytest.mark.parametrize("name", OWNERS)
@pytest.mark.parametrize("is_made_anew", [False, True], ids=["deleted", "made anew"])
async def test_an_owner_that_is_gone_without_the_cache_knowing_adopts_and_makes_nothing(
    name: str, is_made_anew: bool
) -> None:
    resource, spec = OWNERS[name]
    children, orphan = orphan_of(resource)
    metadata: Obj = {"name": "web", "finalizers": ["example.com/held"]}
    owner = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}
    async with running(lambda _: []) as plane:
        lagging = LaggingClient(plane.client)
        await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
        await plane.apply(children, orphan)
        await plane.apply(resource, owner)
        await start(plane, name, lagging)
        before = lagging.waiting
        await plane.client.delete(resource, "web", "default", propagation="Background")
        if is_made_anew:
            await plane.client.patch(resource, "web", {"metadata": {"finalizers": None}}, "default")
            del metadata["finalizers"]
            await plane.apply(resource, owner)
        lagging.deliver(before)
        await plane.settle()
        assert [item["metadata"]["name"] for item in await plane.items(children)] == ["web-0"]
        assert "ownerReferences" not in (await plane.get(children, "web-0"))["metadata"]
        if children is not PODS:
            assert await plane.pods() == []
        lagging.deliver()
        await plane.pass_time(30)
        adopted = "ownerReferences" in (await plane.get(children, "web-0"))["metadata"]
        assert adopted is is_made_anew
