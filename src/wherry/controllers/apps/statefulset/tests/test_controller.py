from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.apps.controllerrevision import CONTROLLERREVISIONS
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.core.event import EVENTS
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.controllers.tests.plane import Plane, only, running, template

LOOPS = only("statefulset-controller")
NEW_IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "busybox:2"}]}}}}
CLAIM = {
    "metadata": {"name": "data", "labels": {"tier": "db"}},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def stateful_set(replicas: int, **spec: Any) -> Obj:
    whole = {
        "replicas": replicas,
        "serviceName": "web",
        "selector": {"matchLabels": {"app": "web"}},
        "template": template("web"),
        **spec,
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": whole}


async def names(plane: Plane) -> list[str]:
    return sorted(pod["metadata"]["name"] for pod in await plane.pods())


async def images(plane: Plane) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"][-1] for pod in await plane.pods()}


async def status(plane: Plane) -> Obj:
    found: Obj = (await plane.get(STATEFULSETS, "web"))["status"]
    return found


async def change(plane: Plane, **spec: Any) -> None:
    await plane.client.patch(STATEFULSETS, "web", {"spec": spec}, "default")
    await plane.settle()


async def all_run(plane: Plane, replicas: int) -> None:
    for _ in range(replicas + 1):
        await plane.run_pods()


async def test_pods_come_one_after_the_other_and_go_the_other_way() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(3))
        assert await names(plane) == ["web-0"]
        await plane.run_pods()
        assert await names(plane) == ["web-0", "web-1"]
        await plane.run_pods()
        await plane.run_pods()
        assert await names(plane) == ["web-0", "web-1", "web-2"]
        found = await status(plane)
        assert (found["replicas"], found["readyReplicas"], found["availableReplicas"]) == (3, 3, 3)
        assert found["currentRevision"] == found["updateRevision"]
        assert (found["currentReplicas"], found["updatedReplicas"], found["collisionCount"]) == (3, 3, 0)
        await change(plane, replicas=1)
        assert await names(plane) == ["web-0"]
        assert (await status(plane))["replicas"] == 1


async def test_a_pod_is_known_by_name_labels_host_and_revision() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(1, ordinals={"start": 4}))
        [pod] = await plane.pods()
        assert pod["metadata"]["labels"] == {
            "app": "web",
            "statefulset.kubernetes.io/pod-name": "web-4",
            "apps.kubernetes.io/pod-index": "4",
            "controller-revision-hash": (await status(plane))["updateRevision"],
        }
        assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-4", "web")
        [owner] = pod["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["controller"], owner["blockOwnerDeletion"]) == ("StatefulSet", True, True)
        [event] = await plane.items(EVENTS)
        assert (event["reason"], event["message"]) == (
            "SuccessfulCreate",
            "create Pod web-4 in StatefulSet web successful",
        )
        await change(plane, ordinals={"start": 0})
        assert await names(plane) == ["web-0", "web-4"]
        await plane.run_pods([await plane.get(PODS, "web-0")])
        assert await names(plane) == ["web-0"]


async def test_in_parallel_all_come_at_once_and_go_at_once() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(4, podManagementPolicy="Parallel"))
        assert len(await names(plane)) == 4
        await change(plane, replicas=1)
        assert await names(plane) == ["web-0"]


async def test_ended_pods_are_made_again() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(2))
        await all_run(plane, 2)
        for phase in ("Failed", "Succeeded"):
            [pod, _] = sorted(await plane.pods(), key=lambda pod: str(pod["metadata"]["name"]))
            await plane.set_phase(pod, phase)
            await plane.settle()
            again = await plane.get(PODS, "web-0")
            assert again["metadata"]["uid"] != pod["metadata"]["uid"]
            await plane.run_pods()


async def test_minimum_ready_seconds_hold_the_next_pod_back() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(2, minReadySeconds=30))
        await plane.run_pods()
        assert await names(plane) == ["web-0"]
        await plane.pass_time(29)
        assert await names(plane) == ["web-0"]
        await plane.pass_time(2)
        assert await names(plane) == ["web-0", "web-1"]
        assert (await status(plane))["availableReplicas"] == 1


async def test_a_rolling_update_goes_from_the_top_down_to_the_partition() -> None:
    async with running(LOOPS) as plane:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
        await plane.apply(STATEFULSETS, stateful_set(3, updateStrategy=strategy))
        await all_run(plane, 3)
        before = (await status(plane))["updateRevision"]
        await plane.client.patch(STATEFULSETS, "web", NEW_IMAGE, "default")
        await plane.settle()
        assert await images(plane) == {"web-0": "1", "web-1": "1", "web-2": "2"}
        await plane.run_pods()
        assert await images(plane) == {"web-0": "1", "web-1": "2", "web-2": "2"}
        await plane.run_pods()
        found = await status(plane)
        assert (found["currentRevision"], found["currentReplicas"], found["updatedReplicas"]) == (before, 1, 2)
        await plane.end_pod(await plane.get(PODS, "web-0"))
        await plane.settle()
        assert (await images(plane))["web-0"] == "1"
        await change(plane, updateStrategy={"rollingUpdate": {"partition": 0}})
        await all_run(plane, 1)
        found = await status(plane)
        assert set((await images(plane)).values()) == {"2"}
        assert found["currentRevision"] == found["updateRevision"] != before
        assert found["currentReplicas"] == found["updatedReplicas"] == 3


async def test_on_delete_changes_nothing_by_itself() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(2, updateStrategy={"type": "OnDelete"}))
        await all_run(plane, 2)
        await plane.client.patch(STATEFULSETS, "web", NEW_IMAGE, "default")
        await plane.settle()
        assert set((await images(plane)).values()) == {"1"}
        await plane.end_pod(await plane.get(PODS, "web-1"))
        await plane.settle()
        assert await images(plane) == {"web-0": "1", "web-1": "2"}


async def test_going_back_to_an_old_template_numbers_its_revision_anew() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(1, revisionHistoryLimit=1))
        first = (await status(plane))["updateRevision"]
        for image in ("2", "3", "1"):
            patch = {"template": {"spec": {"containers": [{"name": "main", "image": f"busybox:{image}"}]}}}
            await plane.run_pods()
            await change(plane, **patch)
            await plane.run_pods()
        found = {one["metadata"]["name"]: one for one in await plane.items(CONTROLLERREVISIONS)}
        if first in found:  # the limit may have taken it before it was needed again
            assert found[first]["revision"] == 4
        assert max(one["revision"] for one in found.values()) == 4
        assert len(found) == 2
        assert (await status(plane))["updateRevision"] == first


async def test_claims_are_made_with_the_labels_of_both() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(1, volumeClaimTemplates=[CLAIM]))
        [claim] = await plane.items(PERSISTENTVOLUMECLAIMS)
        assert claim["metadata"]["name"] == "data-web-0"
        assert claim["metadata"]["labels"] == {"app": "web", "tier": "db"}
        assert "ownerReferences" not in claim["metadata"]
        [pod] = await plane.pods()
        assert pod["spec"]["volumes"][0] == {
            "name": "data",
            "persistentVolumeClaim": {"claimName": "data-web-0"},
        }
        messages = {event["message"] for event in await plane.items(EVENTS)}
        assert "create Claim data-web-0 Pod web-0 in StatefulSet web success" in messages
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data-web-0", "default", grace_seconds=0)
        await plane.settle()
        patch = {"metadata": {"finalizers": None}}
        for left in await plane.items(PERSISTENTVOLUMECLAIMS):
            if "deletionTimestamp" in left["metadata"]:
                await plane.client.patch(PERSISTENTVOLUMECLAIMS, left["metadata"]["name"], patch, "default")
        await plane.settle()
        [again] = await plane.items(PERSISTENTVOLUMECLAIMS)
        assert again["metadata"]["uid"] != claim["metadata"]["uid"]


async def owners(plane: Plane, name: str) -> list[tuple[str, str]]:
    claim = await plane.get(PERSISTENTVOLUMECLAIMS, name)
    return [(owner["kind"], owner["name"]) for owner in claim["metadata"].get("ownerReferences", [])]


async def test_the_retention_policy_says_whose_the_claims_are() -> None:
    async with running(only("statefulset-controller", "garbage-collector")) as plane:
        policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
        spec = stateful_set(2, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
        await plane.apply(STATEFULSETS, spec)
        await all_run(plane, 2)
        assert await owners(plane, "data-web-1") == [("StatefulSet", "web")]
        await change(plane, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain"})
        assert await owners(plane, "data-web-1") == []
        await change(plane, persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"})
        assert await owners(plane, "data-web-1") == []
        held = {"metadata": {"finalizers": ["x/y"]}}
        await plane.client.patch(PODS, "web-1", held, "default")
        await change(plane, replicas=1)
        assert await owners(plane, "data-web-1") == [("Pod", "web-1")]
        assert await owners(plane, "data-web-0") == []


async def test_a_pod_waits_until_the_claim_of_its_predecessor_is_gone() -> None:
    async with running(LOOPS) as plane:
        policy = {"whenDeleted": "Retain", "whenScaled": "Delete"}
        spec = stateful_set(1, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
        reference = {"apiVersion": "v1", "kind": "Pod", "name": "web-0", "uid": "gone", "controller": True}
        metadata = {"name": "data-web-0", "ownerReferences": [reference]}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": CLAIM["spec"]}
        await plane.apply(PERSISTENTVOLUMECLAIMS, claim)
        await plane.apply(STATEFULSETS, spec)
        assert await names(plane) == []
        patch = {"metadata": {"finalizers": None}}
        await plane.client.patch(PERSISTENTVOLUMECLAIMS, "data-web-0", patch, "default")
        await plane.client.delete(PERSISTENTVOLUMECLAIMS, "data-web-0", "default")
        await plane.settle()
        assert await names(plane) == ["web-0"]


async def test_only_pods_of_its_name_are_adopted() -> None:
    async with running(LOOPS) as plane:
        spec = {"containers": [{"name": "main", "image": "busybox:1"}]}
        for name in ("web-0", "other"):
            metadata = {"name": name, "labels": {"app": "web"}}
            await plane.apply(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        owner = await plane.apply(STATEFULSETS, stateful_set(1))
        await plane.run_pods()
        adopted = await plane.get(PODS, "web-0")
        assert adopted["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
        assert adopted["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "web-0"
        assert "ownerReferences" not in (await plane.get(PODS, "other"))["metadata"]
        messages = {event["message"] for event in await plane.items(EVENTS)}
        assert "update Pod web-0 in StatefulSet web successful" in messages


async def test_conditions_are_left_to_whoever_sets_them() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(STATEFULSETS, stateful_set(1))
        condition = {"type": "StatusUpdate", "status": "True", "reason": "E2E", "message": "set by a test"}
        patch = {"status": {"conditions": [condition]}}
        await plane.client.patch(STATEFULSETS, "web", patch, "default", subresource="status")
        await plane.run_pods()
        assert (await status(plane))["conditions"] == [condition]
        assert (await status(plane))["readyReplicas"] == 1
