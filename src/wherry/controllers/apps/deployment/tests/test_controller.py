from __future__ import annotations

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.controllers.tests.plane import deployment, only, running

NEW_IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "busybox:2"}]}}}}


def condition(obj: Obj, type: str) -> Obj:
    found: Obj = next((c for c in obj["status"].get("conditions", []) if c["type"] == type), {})
    return found


async def test_a_new_deployment_gets_a_replica_set_pods_and_a_complete_status() -> None:
    async with running() as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=3))
        [one] = await plane.items(REPLICASETS)
        pods = await plane.pods()
        assert len(pods) == 3
        assert all(pod["metadata"]["ownerReferences"][0]["uid"] == one["metadata"]["uid"] for pod in pods)
        assert one["metadata"]["annotations"] == {
            "deployment.kubernetes.io/revision": "1",
            "deployment.kubernetes.io/desired-replicas": "3",
            "deployment.kubernetes.io/max-replicas": "4",
        }
        found = await plane.get(DEPLOYMENTS, "web")
        assert condition(found, "Progressing")["reason"] == "ReplicaSetUpdated"
        assert condition(found, "Available")["status"] == "False"
        await plane.run_pods()
        found = await plane.get(DEPLOYMENTS, "web")
        status = found["status"]
        assert (status["replicas"], status["readyReplicas"], status["availableReplicas"]) == (3, 3, 3)
        assert status["observedGeneration"] == found["metadata"]["generation"] == 1
        assert condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"
        message = f'ReplicaSet "{one["metadata"]["name"]}" has successfully progressed.'
        assert condition(found, "Progressing")["message"] == message
        assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
        messages = {event["message"] for event in await plane.items(EVENTS)}
        assert f"Scaled up replica set {one['metadata']['name']} from 0 to 3" in messages


async def test_a_new_template_rolls_within_its_limits() -> None:
    async with running() as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=4))
        await plane.run_pods()
        await plane.client.patch(DEPLOYMENTS, "web", NEW_IMAGE, "default")
        for _ in range(12):
            await plane.settle()
            pods = await plane.pods()
            alive = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
            ready = [pod for pod in alive if pod.get("status", {}).get("phase") == "Running"]
            assert len(alive) <= 5
            assert len(ready) >= 3
            await plane.run_pods()
        revision = "deployment.kubernetes.io/revision"
        sets = {one["metadata"]["annotations"][revision]: one for one in await plane.items(REPLICASETS)}
        assert (sets["1"]["spec"]["replicas"], sets["2"]["spec"]["replicas"]) == (0, 4)
        found = await plane.get(DEPLOYMENTS, "web")
        assert found["status"]["updatedReplicas"] == 4
        assert condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"


async def test_recreate_waits_until_the_last_old_pod_is_gone() -> None:
    async with running(only("deployment-controller", "replicaset-controller")) as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=2, strategy={"type": "Recreate"}))
        await plane.run_pods()
        [held, _] = await plane.pods()
        await plane.client.patch(PODS, held["metadata"]["name"], {"metadata": {"finalizers": ["x/y"]}}, "default")
        await plane.client.patch(DEPLOYMENTS, "web", NEW_IMAGE, "default")
        await plane.settle()
        assert len(await plane.items(REPLICASETS)) == 1
        assert [pod["metadata"]["name"] for pod in await plane.pods()] == [held["metadata"]["name"]]
        await plane.client.patch(PODS, held["metadata"]["name"], {"metadata": {"finalizers": None}}, "default")
        await plane.settle()
        assert len(await plane.items(REPLICASETS)) == 2
        assert len(await plane.pods()) == 2


ROLLBACK = "deprecated.deployment.rollback.to"


async def test_an_annotation_asks_for_an_earlier_revision() -> None:
    async with running(only("deployment-controller")) as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=1))
        await plane.client.patch(DEPLOYMENTS, "web", NEW_IMAGE, "default")
        await plane.settle()

        async def ask(revision: str) -> tuple[str, str]:
            await plane.client.patch(DEPLOYMENTS, "web", {"metadata": {"annotations": {ROLLBACK: revision}}}, "default")
            await plane.settle()
            found = await plane.get(DEPLOYMENTS, "web")
            assert ROLLBACK not in found["metadata"]["annotations"]
            [said] = [e for e in await plane.items(EVENTS) if e["reason"].startswith("DeploymentRollback")]
            await plane.client.delete(EVENTS, said["metadata"]["name"], "default")
            return found["spec"]["template"]["spec"]["containers"][0]["image"], f"{said['reason']}: {said['message']}"

        unchanged = 'The rollback revision contains the same template as current deployment "web"'
        assert await ask("9") == (
            "busybox:2",
            "DeploymentRollbackRevisionNotFound: Unable to find the revision to rollback to.",
        )
        assert await ask("2") == ("busybox:2", f"DeploymentRollbackTemplateUnchanged: {unchanged}")
        assert await ask("0") == ("busybox:1", 'DeploymentRollback: Rolled back deployment "web" to revision 1')
        revision = "deployment.kubernetes.io/revision"
        assert (await plane.get(DEPLOYMENTS, "web"))["metadata"]["annotations"][revision] == "3"
        history = {
            one["metadata"]["annotations"][revision]: one["metadata"]["annotations"].get(revision + "-history")
            for one in await plane.items(REPLICASETS)
        }
        assert history == {"2": None, "3": "1"}


async def test_a_rollout_that_stands_still_is_called_late_and_may_still_end_well() -> None:
    async with running(only("deployment-controller", "replicaset-controller")) as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=2, progressDeadlineSeconds=60))
        await plane.pass_time(59)
        assert condition(await plane.get(DEPLOYMENTS, "web"), "Progressing")["status"] == "True"
        await plane.pass_time(5)
        late = condition(await plane.get(DEPLOYMENTS, "web"), "Progressing")
        [one] = await plane.items(REPLICASETS)
        assert (late["status"], late["reason"]) == ("False", "ProgressDeadlineExceeded")
        assert late["message"] == f'ReplicaSet "{one["metadata"]["name"]}" has timed out progressing.'
        await plane.run_pods()
        done = condition(await plane.get(DEPLOYMENTS, "web"), "Progressing")
        assert (done["status"], done["reason"]) == ("True", "NewReplicaSetAvailable")


async def test_a_pause_stops_the_rollout_and_its_deadline_but_not_scaling() -> None:
    async with running(only("deployment-controller", "replicaset-controller")) as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=2, progressDeadlineSeconds=60))
        await plane.run_pods()
        await plane.client.patch(DEPLOYMENTS, "web", {"spec": {"paused": True}}, "default")
        await plane.client.patch(DEPLOYMENTS, "web", NEW_IMAGE, "default")
        await plane.pass_time(120)
        paused = condition(await plane.get(DEPLOYMENTS, "web"), "Progressing")
        assert (paused["status"], paused["reason"], paused["message"]) == (
            "Unknown",
            "DeploymentPaused",
            "Deployment is paused",
        )
        await plane.client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 5}}, "default")
        await plane.settle()
        [one] = await plane.items(REPLICASETS)
        assert one["spec"]["replicas"] == 5
        await plane.client.patch(DEPLOYMENTS, "web", {"spec": {"paused": False}}, "default")
        await plane.settle()
        assert len(await plane.items(REPLICASETS)) == 2


async def test_a_name_that_is_taken_leads_to_another() -> None:
    async with running(only("deployment-controller")) as plane:
        await plane.apply(DEPLOYMENTS, deployment(replicas=1))
        [taken] = await plane.items(REPLICASETS)
        await plane.client.delete(DEPLOYMENTS, "web", "default", propagation="Orphan")
        patch = {"metadata": {"ownerReferences": None, "labels": {"app": "other"}, "finalizers": None}}
        await plane.client.patch(REPLICASETS, taken["metadata"]["name"], patch, "default")
        await plane.client.patch(DEPLOYMENTS, "web", {"metadata": {"finalizers": None}}, "default")
        await plane.settle()
        await plane.apply(DEPLOYMENTS, deployment(replicas=1))
        names = {one["metadata"]["name"] for one in await plane.items(REPLICASETS)}
        assert len(names) == 2
        assert (await plane.get(DEPLOYMENTS, "web"))["status"]["collisionCount"] == 1
