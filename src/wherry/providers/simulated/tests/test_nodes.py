"""What users see of simulated nodes and the Pods on them, beside real controllers and a real scheduler."""

from __future__ import annotations

import pytest

from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.batch.job import JOBS
from wherry.api.coordination.lease import LEASES
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import Invalid
from wherry.controllers.tests.plane import deployment, template
from wherry.controlplane.settings import Settings
from wherry.providers.simulated.behaviour import ContainerBehaviour, by_image
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.providers.simulated.tests.cluster import Cluster, condition, running, state
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults

S = "simulate.wherry.dev/"


async def test_nodes_are_what_their_specs_say() -> None:
    taint = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}
    spec = NodeSpec(
        name="big", cpu="64", resources={"nvidia.com/gpu": "8"}, labels={"tier": "x"}, zone="z1", taints=[taint]
    )
    async with running(specs=[spec]) as cluster:
        node = await cluster.node("big")
        assert condition(node, "Ready") == "True"
        assert node["status"]["allocatable"]["nvidia.com/gpu"] == "8"
        assert node["status"]["capacity"]["cpu"] == "64"
        labels = node["metadata"]["labels"]
        assert (labels["tier"], labels["topology.kubernetes.io/zone"]) == ("x", "z1")
        assert node["spec"]["taints"] == [taint]
        assert node["spec"]["podCIDR"] == "10.64.0.0/24"
        assert node["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("simulated://")


async def test_a_pod_runs_and_is_ready_with_an_address_of_its_node() -> None:
    async with running() as cluster:
        await cluster.run("a")
        await cluster.run("b")
        pods = await cluster.pods()
        for pod in pods:
            assert pod["status"]["phase"] == "Running"
            assert condition(pod, "Ready") == "True"
            node = await cluster.node(pod["spec"]["nodeName"])
            assert pod["status"]["podIP"].rpartition(".")[0] == node["spec"]["podCIDR"].rpartition(".")[0]
            assert pod["status"]["hostIP"] == node["status"]["addresses"][0]["address"]
        assert len({pod["status"]["podIP"] for pod in pods}) == 2
        assert [reason for reason, _ in await cluster.events("a")] == ["Pulled", "Created", "Started"]


async def test_a_pod_is_written_once_on_its_way_to_running() -> None:
    async with running(1) as cluster:
        created = await cluster.run()
        pod = await cluster.pod()
        managers = {each["manager"]: each for each in pod["metadata"]["managedFields"]}
        assert managers["kubelet"]["subresource"] == "status"
        revisions = int(pod["metadata"]["resourceVersion"]) - int(created["metadata"]["resourceVersion"])
        assert revisions <= 2 + 4, "binding and status, and the Events beside them"


async def test_a_deployment_rolls_and_a_job_completes() -> None:
    async with running() as cluster:
        await cluster.apply(DEPLOYMENTS, deployment(replicas=3))
        status = (await cluster.client.get(DEPLOYMENTS, "web", "default"))["status"]
        assert (status["readyReplicas"], status["availableReplicas"]) == (3, 3)
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "busybox:2"}]}}}}
        await cluster.client.patch(DEPLOYMENTS, "web", patch, "default")
        await cluster.settle()
        assert {pod["spec"]["containers"][0]["image"] for pod in await cluster.pods()} == {"busybox:2"}
        job = {"metadata": {"name": "sum"}, "spec": {"completions": 2, "template": template("sum")}}
        job["spec"]["template"]["spec"]["restartPolicy"] = "Never"  # type: ignore[index]
        await cluster.apply(JOBS, {"apiVersion": "batch/v1", "kind": "Job", **job})
        await cluster.advance(5)
        assert (await cluster.client.get(JOBS, "sum", "default"))["status"]["succeeded"] == 2


async def test_a_deleted_pod_takes_its_time_and_is_gone() -> None:
    async with running() as cluster:
        await cluster.run(annotations={S + "stop-time": "5s"})
        await cluster.client.delete(PODS, "web", "default")
        await cluster.settle()
        assert "running" in state(await cluster.pod())
        await cluster.advance(4)
        assert [pod["metadata"]["name"] for pod in await cluster.pods()] == ["web"]
        await cluster.advance(1)
        assert await cluster.pods() == []
        assert ("Killing", "Stopping container main") in await cluster.events()


async def test_behaviour_by_annotation_table_and_callable() -> None:
    table = by_image({"crash": ContainerBehaviour(run_seconds=(1.0,), exit_codes=(7,))})
    async with running(1, behaviours=[lambda pod: None, table]) as cluster:
        await cluster.run("a", containers=[{"name": "main", "image": "crash:v2"}])
        await cluster.run("b", annotations={S + "ready-delay": "30s"})
        await cluster.run("c", annotations={S + "run-time": "soon"})
        await cluster.advance(2)
        assert state(await cluster.pod("a"))["waiting"]["reason"] == "CrashLoopBackOff"
        assert condition(await cluster.pod("b"), "Ready") == "False"
        refused = (await cluster.pod("c"))["status"]
        assert (refused["phase"], refused["reason"]) == ("Pending", "ProviderFailed")
        assert "is no duration" in refused["message"]
        await cluster.advance(28)
        assert condition(await cluster.pod("b"), "Ready") == "True"


async def test_leases_are_renewed_and_status_is_reported() -> None:
    async with running(1) as cluster:
        before = await cluster.client.get(LEASES, "node-1", "kube-node-lease")
        heard = (await cluster.node("node-1"))["status"]["conditions"][0]["lastHeartbeatTime"]
        await cluster.advance(400)
        after = await cluster.client.get(LEASES, "node-1", "kube-node-lease")
        assert after["spec"]["renewTime"] > before["spec"]["renewTime"]
        node = await cluster.node("node-1")
        assert condition(node, "Ready") == "True"
        assert node["status"]["conditions"][0]["lastHeartbeatTime"] > heard


async def test_images_show_on_the_node_that_has_them() -> None:
    async with running(1) as cluster:
        await cluster.run()
        await cluster.advance(20)
        images = (await cluster.node("node-1"))["status"]["images"]
        assert images == [{"names": ["docker.io/library/busybox:1"], "sizeBytes": 10_000_000}]


@pytest.mark.parametrize("how", ["fail", "partition"])
async def test_a_lost_node_loses_its_pods_and_comes_back(how: str) -> None:
    async with running() as cluster:
        await cluster.apply(DEPLOYMENTS, deployment(replicas=2))
        lost = next(iter({pod["spec"]["nodeName"] for pod in await cluster.pods()}))
        getattr(cluster.nodes, how)(lost)
        await cluster.advance(70)
        assert condition(await cluster.node(lost), "Ready") == "Unknown"
        await cluster.advance(400)
        alive = [pod for pod in await cluster.pods() if pod["spec"]["nodeName"] != lost]
        assert sum(condition(pod, "Ready") == "True" for pod in alive) == 2
        stuck = [pod for pod in await cluster.pods() if pod["spec"]["nodeName"] == lost]
        assert stuck, "nobody has said that their containers ended"
        assert all("deletionTimestamp" in pod["metadata"] for pod in stuck)
        cluster.nodes.recover(lost)
        await cluster.advance(1)
        assert condition(await cluster.node(lost), "Ready") == "True"
        assert len(await cluster.pods()) == 2


async def test_what_happens_behind_a_partition_is_heard_afterwards() -> None:
    async with running(1) as cluster:
        await cluster.run(annotations={S + "run-time": "10s"}, restartPolicy="Never")
        cluster.nodes.partition("node-1")
        await cluster.advance(30)
        assert "running" in state(await cluster.pod())
        cluster.nodes.recover("node-1")
        await cluster.settle()
        ended = state(await cluster.pod())["terminated"]
        assert ended["exitCode"] == 0
        began = (await cluster.pod())["status"]["startTime"]
        assert (began[-3:], ended["finishedAt"][-3:]) == ("20Z", "30Z")


async def test_a_node_that_was_off_restarts_its_pods() -> None:
    async with running(1) as cluster:
        await cluster.run()
        cluster.nodes.fail("node-1")
        await cluster.advance(20)
        cluster.nodes.recover("node-1")
        await cluster.settle()
        container = (await cluster.pod())["status"]["containerStatuses"][0]
        assert container["restartCount"] == 1
        assert container["lastState"]["terminated"]["exitCode"] == 255


async def test_whoever_starts_again_finds_all_pods_as_they_were() -> None:
    async with running(2) as cluster:
        await cluster.run("steady")
        await cluster.run("crashing", annotations={S + "run-time": "1s"})
        await cluster.run("ending", annotations={S + "stop-time": "20s"})
        await cluster.run("done", annotations={S + "run-time": "1s"}, restartPolicy="Never")
        await cluster.advance(40)
        await cluster.client.delete(PODS, "ending", "default")
        await cluster.settle()
        before = {pod["metadata"]["name"]: pod for pod in await cluster.pods()}
        await cluster.nodes.close()
        await cluster.start_nodes()
        assert {pod["metadata"]["name"]: pod for pod in await cluster.pods()} == before
        await cluster.advance(40)
        after = {pod["metadata"]["name"]: pod for pod in await cluster.pods()}
        assert sorted(after) == ["crashing", "done", "steady"]
        assert (after["steady"], after["done"]) == (before["steady"], before["done"])
        crashes = [
            pod["status"]["containerStatuses"][0]["restartCount"] for pod in (before["crashing"], after["crashing"])
        ]
        assert crashes == [3, 4]


async def test_addresses_are_never_given_twice() -> None:
    spec = NodeSpec(name="tiny", pod_cidr="10.9.0.0/29")
    async with running(specs=[spec]) as cluster:
        for name in "abcde":
            await cluster.run(name)
        addresses = [(await cluster.pod(name))["status"].get("podIP") for name in "abcde"]
        assert addresses == [f"10.9.0.{number}" for number in range(2, 7)]
        await cluster.run("f")
        assert (await cluster.pod("f"))["status"]["reason"] == "ProviderFailed"
        await cluster.nodes.close()
        await cluster.start_nodes()
        await cluster.client.delete(PODS, "b", "default")
        await cluster.settle()
        await cluster.run("g")
        assert (await cluster.pod("g"))["status"]["podIP"] == "10.9.0.3"


async def test_a_node_that_was_deleted_stays_away() -> None:
    async with running(2) as cluster:
        await cluster.client.delete(NODES, "node-1")
        await cluster.advance(60)
        assert [node["metadata"]["name"] for node in (await cluster.client.list(NODES)).items] == ["node-2"]


async def test_an_annotation_of_the_node_is_enough_to_cut_it_off() -> None:
    async with running(2) as cluster:
        for said, expected in (("failed", "Unknown"), (None, "True"), ("partitioned", "Unknown"), ("nonsense", "True")):
            await cluster.client.patch(NODES, "node-1", {"metadata": {"annotations": {S + "state": said}}})
            await cluster.advance(70)
            assert condition(await cluster.node("node-1"), "Ready") == expected, said


async def test_two_runs_are_the_same() -> None:
    async def history() -> list[object]:
        async with running(3) as cluster:
            await cluster.apply(DEPLOYMENTS, deployment(replicas=5))
            await cluster.advance(30)
            await cluster.client.delete(DEPLOYMENTS, "web", "default")
            await cluster.advance(30)
            found: Cluster = cluster
            return [*(await found.client.list(PODS)).items, *(await found.client.list(NODES)).items]

    assert await history() == await history()


async def test_rivals_only_hold_up_what_a_node_reports() -> None:
    gate = Faults(ManualClock())
    async with running(1, settings=Settings(gate=gate)) as cluster:
        written = gate.conflict_next("patch", "pods/status", manager="kubelet")
        await cluster.run("a", terminationGracePeriodSeconds=1)
        await cluster.advance(1)
        assert (await cluster.pod("a"))["status"]["phase"] == "Running"
        removed = gate.conflict_next("delete", "pods", manager="kubelet")
        await cluster.client.delete(PODS, "a", "default")
        await cluster.advance(3)
        assert await cluster.pods() == []
        assert (written.hits, removed.hits) == (1, 1)


@pytest.mark.parametrize("resource", ["nodes", "leases"])
async def test_a_node_for_which_the_api_has_no_time_registers_later(resource: str) -> None:
    gate = Faults(ManualClock())
    gate.throttle_next("create", resource, times=2, manager="kubelet")
    async with running(1, settings=Settings(gate=gate)) as cluster:
        await cluster.run("a")
        await cluster.advance(1)
        assert condition(await cluster.node("node-1"), "Ready") == "True"
        assert (await cluster.pod("a"))["status"]["phase"] == "Running"


async def test_a_node_that_cannot_be_is_told_at_once() -> None:
    with pytest.raises(Invalid):
        async with running(specs=[NodeSpec(name="No Such Name")]):
            pass
