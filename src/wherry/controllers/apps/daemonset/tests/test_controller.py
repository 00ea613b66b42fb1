from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.apps.controllerrevision import CONTROLLERREVISIONS
from wherry.api.apps.daemonset import DAEMONSETS
from wherry.api.core.node import NODES
from wherry.controllers.tests.plane import Plane, only, running, template

HASH = "controller-revision-hash"
LOOPS = only("daemonset-controller")
NEW_IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "busybox:2"}]}}}}


async def add_node(plane: Plane, name: str, **facts: Any) -> None:
    metadata = {"name": name, "labels": facts.get("labels", {})}
    spec = {"taints": facts.get("taints", [])}
    await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec})


async def add_set(plane: Plane, rolling: Obj | None = None, **pod_spec: Any) -> None:
    strategy: Obj = {"type": "OnDelete"}
    if rolling is not None:
        strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    spec = {
        "selector": {"matchLabels": {"app": "d"}},
        "template": template("d", **pod_spec),
        "updateStrategy": strategy,
        "revisionHistoryLimit": 10,
    }
    await plane.apply(
        DAEMONSETS, {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"}, "spec": spec}
    )


async def status(plane: Plane) -> Obj:
    found: Obj = (await plane.get(DAEMONSETS, "d"))["status"]
    return found


async def targets(plane: Plane) -> list[str]:
    found = []
    for pod in await plane.pods():
        required = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        found.append(required["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])
    return sorted(found)


async def test_every_node_that_fits_gets_one_pod() -> None:
    async with running(LOOPS) as plane:
        await add_node(plane, "a", labels={"disk": "ssd"})
        await add_node(plane, "b")
        await add_node(plane, "c", labels={"disk": "ssd"}, taints=[{"key": "k", "effect": "NoSchedule"}])
        await add_set(plane, nodeSelector={"disk": "ssd"})
        assert await targets(plane) == ["a"]
        await plane.run_pods()
        found = await status(plane)
        assert (found["desiredNumberScheduled"], found["numberReady"], found["numberAvailable"]) == (1, 1, 1)
        await plane.client.patch(NODES, "b", {"metadata": {"labels": {"disk": "ssd"}}})
        await plane.settle()
        assert await targets(plane) == ["a", "b"]
        await plane.client.patch(NODES, "a", {"metadata": {"labels": {"disk": None}}})
        await plane.settle()
        assert await targets(plane) == ["b"]


async def test_daemons_tolerate_what_keeps_others_away() -> None:
    async with running(LOOPS) as plane:
        await add_node(plane, "a", taints=[{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}])
        await add_set(plane)
        [pod] = await plane.pods()
        keys = {toleration["key"] for toleration in pod["spec"]["tolerations"]}
        assert {"node.kubernetes.io/unreachable", "node.kubernetes.io/unschedulable"} <= keys


async def test_a_rolling_update_replaces_one_after_the_other() -> None:
    async with running(LOOPS) as plane:
        for name in ("a", "b", "c"):
            await add_node(plane, name)
        await add_set(plane, {"maxUnavailable": 1, "maxSurge": 0})
        await plane.run_pods()
        await plane.client.patch(DAEMONSETS, "d", NEW_IMAGE, "default")
        for _ in range(8):
            await plane.settle()
            running_now = [p for p in await plane.pods() if p["status"].get("phase") == "Running"]
            assert len(running_now) >= 2
            await plane.run_pods()
        assert {p["spec"]["containers"][0]["image"] for p in await plane.pods()} == {"busybox:2"}
        assert (await status(plane))["updatedNumberScheduled"] == 3
        revisions = await plane.items(CONTROLLERREVISIONS)
        assert sorted(r["revision"] for r in revisions) == [1, 2]
        assert all(r["data"]["spec"]["template"]["$patch"] == "replace" for r in revisions)


async def test_with_surge_the_old_pod_stays_until_the_new_one_is_ready() -> None:
    async with running(LOOPS) as plane:
        for name in ("a", "b"):
            await add_node(plane, name)
        await add_set(plane, {"maxUnavailable": 0, "maxSurge": 1})
        await plane.run_pods()
        await plane.client.patch(DAEMONSETS, "d", NEW_IMAGE, "default")
        for _ in range(8):
            await plane.settle()
            pods = await plane.pods()
            assert len(pods) <= 3
            assert len([p for p in pods if p["status"].get("phase") == "Running"]) >= 2
            await plane.run_pods()
        assert {p["spec"]["containers"][0]["image"] for p in await plane.pods()} == {"busybox:2"}


async def test_on_delete_changes_nothing_by_itself() -> None:
    async with running(LOOPS) as plane:
        await add_node(plane, "a")
        await add_set(plane)
        await plane.run_pods()
        await plane.client.patch(DAEMONSETS, "d", NEW_IMAGE, "default")
        await plane.settle()
        [pod] = await plane.pods()
        assert pod["spec"]["containers"][0]["image"] == "busybox:1"
        await plane.end_pod(pod)
        await plane.settle()
        [pod] = await plane.pods()
        assert pod["spec"]["containers"][0]["image"] == "busybox:2"


async def test_of_twin_revisions_one_stays_with_all_the_pods() -> None:
    async with running(LOOPS) as plane:
        await add_node(plane, "a")
        await add_set(plane, {"maxUnavailable": 1, "maxSurge": 0})
        await plane.run_pods()
        [first], [pod] = await plane.items(CONTROLLERREVISIONS), await plane.pods()
        metadata = {**first["metadata"], "name": "d-twin", "labels": {"app": "d", HASH: "twin"}}
        twin = {**first, "metadata": {k: v for k, v in metadata.items() if k in ("name", "labels", "ownerReferences")}}
        await plane.apply(CONTROLLERREVISIONS, {**twin, "revision": 2})
        assert [one["metadata"]["name"] for one in await plane.items(CONTROLLERREVISIONS)] == ["d-twin"]
        [same] = await plane.pods()
        assert (same["metadata"]["uid"], same["metadata"]["labels"][HASH]) == (pod["metadata"]["uid"], "twin")
        assert (await status(plane))["updatedNumberScheduled"] == 1


async def test_on_its_way_out_it_neither_acts_nor_tells() -> None:
    async with running(LOOPS) as plane:
        await add_node(plane, "a")
        await add_set(plane)
        await plane.client.patch(DAEMONSETS, "d", {"metadata": {"finalizers": ["x/y"]}}, "default")
        await plane.client.delete(DAEMONSETS, "d", "default", propagation="Background")
        await plane.settle()
        before = await status(plane)
        await add_node(plane, "b")
        await plane.end_pod((await plane.pods())[0])
        await plane.settle()
        assert (await plane.pods(), await status(plane)) == ([], before)


async def test_failed_pods_are_replaced_more_and_more_slowly() -> None:
    async with running(LOOPS) as plane:
        await add_node(plane, "a")
        await add_set(plane)
        made: set[str] = set()
        for _ in range(30):
            for pod in await plane.pods():
                made.add(pod["metadata"]["uid"])
                await plane.set_phase(pod, "Failed")
            await plane.pass_time(1)
        assert 4 <= len(made) <= 7
