"""A whole kubelet on a fake runtime and a real API in memory, on the test's clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.coordination.lease import LEASES
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.event import EVENTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.inprocess import InProcessClient
from wherry.client import Client
from wherry.kubelet.kubelet import Kubelet, KubeletSettings, World
from wherry.kubelet.node.description import NodeSettings
from wherry.kubelet.pods.cgroups import Cgroups
from wherry.kubelet.pods.layout import Layout
from wherry.kubelet.runtime.protocol import RuntimeFailure
from wherry.kubelet.tests.fakeruntime import FakeRuntime
from wherry.kubelet.tests.runtimesuite import check_life_of_a_pod
from wherry.lib.tasks import Tasks
from wherry.reconcile.events import Recorder
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock


async def test_the_fake_is_a_runtime(tmp_path: Path) -> None:
    await check_life_of_a_pod(FakeRuntime(ManualClock()), "docker.io/library/img:1", tmp_path)


class Scene:
    """What a test has in its hands."""

    def __init__(self, client: Client, runtime: FakeRuntime, clock: ManualClock, layout: Layout) -> None:
        self.client = client
        self.runtime = runtime
        self.clock = clock
        self.layout = layout

    async def create(self, name: str, **spec: Any) -> Obj:
        spec.setdefault("containers", [{"name": "app"}])
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            container.setdefault("image", "img:1")
        spec = {"nodeName": "n1", "terminationGracePeriodSeconds": 5, **spec}
        return await self.client.create(
            PODS,
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec},
            "default",
        )

    async def pod(self, name: str) -> Obj | None:
        try:
            return await self.client.get(PODS, name, "default")
        except NotFound:
            return None

    async def until(self, is_true: Callable[[Obj | None], object], name: str, seconds: float = 60) -> Obj | None:
        """Let time pass until the pod is as wanted."""
        for _ in range(int(seconds * 2)):
            if is_true(pod := await self.pod(name)):
                return pod
            await self.clock.advance(0.5)
        raise AssertionError(f"did not happen within {seconds} s: {await self.pod(name)}")

    async def running(self, name: str) -> Obj:
        pod = await self.until(lambda pod: pod and pod["status"].get("phase") == "Running", name)
        assert pod is not None
        return pod

    async def reasons(self) -> list[str]:
        return [each["reason"] for each in (await self.client.list(EVENTS, "default")).items]


@asynccontextmanager
async def kubelet(tmp_path: Path, runtime: FakeRuntime, clock: ManualClock, client: Client) -> AsyncIterator[Scene]:
    layout = Layout(tmp_path / "pods", tmp_path / "memory", tmp_path / "log", tmp_path / "links")
    settings = KubeletSettings(
        NodeSettings("n1", ("192.0.2.1",), "n1", 10250), layout, Cgroups(tmp_path, "/kubepods", True, is_usable=False)
    )

    async def no_http(*_: Any) -> int:
        raise OSError("no network here")

    events = Recorder(client, clock, "kubelet", "n1")
    made = Kubelet(World(client, runtime, events, no_http, clock, random.Random(1)), settings, lambda _: None)
    async with Tasks("test") as tasks:
        tasks.spawn(made.run())
        await clock.advance(1)
        yield Scene(client, runtime, clock, layout)
    await made.close()
    await events.close()


@asynccontextmanager
async def cluster() -> AsyncIterator[tuple[InProcessClient, ManualClock]]:
    clock = ManualClock()
    api = Api(Settings(store=MemoryStore(), clock=clock, random=random.Random(2)))
    await api.open()
    try:
        yield api.client(), clock
    finally:
        await api.close()


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with cluster() as (client, clock), kubelet(tmp_path, FakeRuntime(clock), clock, client) as made:
        yield made


async def test_registers_and_keeps_its_lease(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        node = await s.client.get(NODES, "n1")
        ready = node["status"]["conditions"][-1]
        assert (ready["type"], ready["status"]) == ("Ready", "True")
        first = await s.client.get(LEASES, "n1", "kube-node-lease")
        await s.clock.advance(11)
        second = await s.client.get(LEASES, "n1", "kube-node-lease")
        assert second["spec"]["renewTime"] > first["spec"]["renewTime"]
        assert (await s.client.get(NODES, "n1"))["metadata"]["resourceVersion"] == node["metadata"]["resourceVersion"]


async def test_a_runtime_may_restart_before_the_node_is_called_not_ready(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:

        async def ready() -> str:
            return str((await s.client.get(NODES, "n1"))["status"]["conditions"][-1]["status"])

        s.runtime.failures["conditions"] = RuntimeFailure("gone")
        await s.clock.advance(20)
        assert await ready() == "True"
        await s.clock.advance(30)
        assert await ready() == "False"
        del s.runtime.failures["conditions"]
        await s.clock.advance(20)
        assert await ready() == "True"


async def test_a_pod_runs_and_goes(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.create("web")
        pod = await s.running("web")
        assert pod["status"]["podIP"].startswith("10.0.0.")
        assert {each["type"]: each["status"] for each in pod["status"]["conditions"]}["Ready"] == "True"
        assert await s.reasons() == ["Pulled", "Created", "Started"]
        await s.client.delete(PODS, "web", "default")
        await s.until(lambda pod: pod is None, "web")
        assert "stop_container app 5" in s.runtime.calls
        assert (await s.runtime.pod(pod["metadata"]["uid"])).sandboxes == ()
        assert not (s.layout.pods / pod["metadata"]["uid"]).exists()


@pytest.mark.parametrize("call", ["stop_sandbox", "remove_sandbox"])
async def test_an_end_that_fails_in_an_unforeseen_way_is_tried_again(tmp_path: Path, call: str) -> None:
    async with scene(tmp_path) as s:
        await s.create("web")
        await s.running("web")
        s.runtime.failures[call] = ZeroDivisionError("nobody thought of this")
        await s.client.delete(PODS, "web", "default")
        await s.clock.advance(20)
        assert await s.pod("web") is not None
        del s.runtime.failures[call]
        await s.until(lambda pod: pod is None, "web")


async def test_a_crashing_container_backs_off(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.create("web")
        await s.running("web")
        s.runtime.exit(s.runtime.running("app").id, 1)
        await s.until(lambda pod: pod and pod["status"]["containerStatuses"][0]["restartCount"] == 1, "web", 3)
        s.runtime.exit(s.runtime.running("app").id, 1)
        waiting = await s.until(
            lambda pod: pod and "waiting" in pod["status"]["containerStatuses"][0]["state"], "web", 3
        )
        assert waiting is not None
        assert waiting["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert waiting["status"]["phase"] == "Running"
        pod = await s.until(lambda pod: pod and pod["status"]["containerStatuses"][0]["restartCount"] == 2, "web", 12)
        assert pod is not None
        assert pod["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 1
        assert "BackOff" in await s.reasons()


async def test_a_job_like_pod_completes_and_keeps_its_container(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.create("job", restartPolicy="Never")
        await s.running("job")
        s.runtime.exit(s.runtime.running("app").id, 0)
        pod = await s.until(lambda pod: pod and pod["status"]["phase"] == "Succeeded", "job", 5)
        assert pod is not None
        assert len((await s.runtime.pod(pod["metadata"]["uid"])).containers) == 1
        await s.client.delete(PODS, "job", "default")
        await s.until(lambda pod: pod is None, "job", 5)


async def test_init_containers_and_sidecars_in_order(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        inits = [{"name": "side", "restartPolicy": "Always"}, {"name": "init"}]
        await s.create("web", initContainers=inits)
        await s.until(lambda _: "start_container init" in s.runtime.calls, "web", 5)
        assert "start_container app" not in s.runtime.calls
        s.runtime.exit(s.runtime.running("init").id, 0)
        await s.running("web")
        await s.client.delete(PODS, "web", "default")
        await s.until(lambda pod: pod is None, "web", 10)
        stops = [call.split()[1] for call in s.runtime.calls if call.startswith("stop_container")]
        assert stops == ["app", "side"]


async def test_an_image_that_cannot_be_had(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.create("web", containers=[{"name": "app", "image": "none:1"}])

        def reason(pod: Obj | None) -> str:
            statuses = pod["status"].get("containerStatuses", []) if pod else []
            return str(statuses[0]["state"].get("waiting", {}).get("reason")) if statuses else ""

        await s.until(lambda pod: reason(pod) == "ErrImagePull", "web", 3)
        await s.until(lambda pod: reason(pod) == "ImagePullBackOff", "web", 8)
        s.runtime.pullable.add("docker.io/library/none:1")
        await s.running("web")
        await s.clock.advance(1)
        assert await s.reasons() == [
            "Pulling",
            "Failed",
            "Failed",
            "BackOff",
            "Failed",
            "Pulled",
            "Created",
            "Started",
        ]


async def test_a_missing_config_map_is_waited_for(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        mounts = [{"name": "cfg", "mountPath": "/cfg"}]
        await s.create(
            "web",
            containers=[{"name": "app", "volumeMounts": mounts}],
            volumes=[{"name": "cfg", "configMap": {"name": "cfg"}}],
        )
        await s.clock.advance(2)
        assert "FailedMount" in await s.reasons()
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg"}, "data": {"k": "1"}}
        await s.client.create(CONFIGMAPS, config, "default")
        pod = await s.running("web")
        file = s.layout.memory / pod["metadata"]["uid"] / "kubernetes.io~projected/cfg/k"
        assert file.read_text() == "1"
        await s.client.patch(CONFIGMAPS, "cfg", {"data": {"k": "2"}}, "default")
        await s.clock.advance(1)
        assert file.read_text() == "2"


async def test_a_sandbox_that_cannot_be_made_is_tried_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        s.runtime.failures["run_sandbox"] = RuntimeFailure("no network")
        await s.create("web")
        await s.clock.advance(2)
        assert "FailedCreatePodSandBox" in await s.reasons()
        del s.runtime.failures["run_sandbox"]
        await s.running("web")


async def test_a_pod_too_large_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.create("web", containers=[{"name": "app", "resources": {"requests": {"cpu": "10000"}}}])
        pod = await s.until(lambda pod: pod and pod["status"].get("phase") == "Failed", "web", 5)
        assert pod is not None
        assert pod["status"]["reason"] == "OutOfcpu"
        assert pod["status"]["message"].startswith("Pod was rejected: Node didn't have enough resource: cpu, requested")
        assert "containerStatuses" not in pod["status"]
        assert s.runtime.calls == []
        events = (await s.client.list(EVENTS, "default")).items
        assert [(each["type"], each["reason"]) for each in events] == [("Warning", "OutOfcpu")]
        assert events[0]["message"].startswith("Node didn't have enough resource: cpu, requested: 10000000, used: 0")


async def test_a_label_that_the_api_has_by_now_counts(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.client.patch(NODES, "n1", {"metadata": {"labels": {"tier": "x"}}})
        await s.create("web", nodeSelector={"tier": "x"})
        await s.running("web")
        await s.create("lost", nodeSelector={"tier": "y"})
        pod = await s.until(lambda pod: pod and pod["status"].get("phase") == "Failed", "lost", 5)
        assert pod is not None
        assert pod["status"]["reason"] == "NodeAffinity"


async def test_others_end_for_a_critical_one(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.create("web", containers=[{"name": "app", "ports": []}])
        await s.running("web")
        cores = (await s.client.get(NODES, "n1"))["status"]["allocatable"]["cpu"]
        await s.create("large", containers=[{"name": "app", "resources": {"requests": {"cpu": cores}}}])
        await s.running("large")
        critical = {"containers": [{"name": "app", "resources": {"requests": {"cpu": "100m"}}}]}
        await s.create("dns", priority=2_000_000_000, **critical)
        await s.running("dns")
        pod = await s.until(lambda pod: pod and pod["status"].get("phase") == "Failed", "large", 60)
        assert pod is not None
        assert (pod["status"]["reason"], pod["status"]["message"]) == (
            "Preempting",
            "Preempted in order to admit critical pod",
        )
        target = [each for each in pod["status"]["conditions"] if each["type"] == "DisruptionTarget"]
        assert target[0]["reason"] == "TerminationByKubelet"
        assert (await s.running("web"))["status"]["phase"] == "Running"
        assert "Preempting" in await s.reasons()


async def test_a_new_agent_adopts_what_runs_and_ends_what_nobody_knows(tmp_path: Path) -> None:
    async with cluster() as (client, clock):
        runtime = FakeRuntime(clock)
        async with kubelet(tmp_path, runtime, clock, client) as s:
            await s.create("stays")
            await s.create("goes")
            stays, goes = await s.running("stays"), await s.running("goes")
        ids = {each.id for each in await runtime.containers() if each.uid == stays["metadata"]["uid"]}
        await client.delete(PODS, "goes", "default", grace_seconds=0)
        async with kubelet(tmp_path, runtime, clock, client) as s:
            await clock.advance(5)
            found = await runtime.pod(stays["metadata"]["uid"])
            assert {each.id for each in found.containers} == ids
            assert found.has_running
            assert (await runtime.pod(goes["metadata"]["uid"])).sandboxes == ()
            pod = await s.pod("stays")
            assert pod is not None
            assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
            assert not (s.layout.pods / goes["metadata"]["uid"]).exists()


async def test_what_ran_before_has_its_room_whoever_is_heard_of_first(tmp_path: Path) -> None:
    async with cluster() as (client, clock):
        runtime = FakeRuntime(clock)
        async with kubelet(tmp_path, runtime, clock, client) as s:
            cores = (await client.get(NODES, "n1"))["status"]["allocatable"]["cpu"]
            await s.create("zealous", containers=[{"name": "app", "resources": {"requests": {"cpu": cores}}}])
            await s.running("zealous")
        client.close()  # What the first agent heard by is gone with it.
        small = {"containers": [{"name": "app", "image": "img:1", "resources": {"requests": {"cpu": "100m"}}}]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "another"}, "spec": {"nodeName": "n1", **small}}
        await client.create(PODS, body, "default")
        async with kubelet(tmp_path, runtime, clock, client) as s:
            pod = await s.until(lambda pod: pod and pod["status"].get("phase") == "Failed", "another", 5)
            assert pod is not None
            assert pod["status"]["reason"] == "OutOfcpu"
            assert (await s.running("zealous"))["status"]["phase"] == "Running"


async def test_a_pod_past_its_deadline_is_ended(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        await s.create("job", restartPolicy="Never", activeDeadlineSeconds=30)
        await s.running("job")
        pod = await s.until(lambda pod: pod and pod["status"]["phase"] == "Failed", "job", 40)
        assert pod is not None
        assert pod["status"]["reason"] == "DeadlineExceeded"


async def test_deletion_calls_off_what_is_under_way(tmp_path: Path) -> None:
    async with scene(tmp_path) as s:
        never = asyncio.Event()

        async def hang(*_: Any) -> str:
            await never.wait()
            return ""

        s.runtime.run_sandbox = hang  # type: ignore[method-assign, assignment]
        await s.create("web")
        await s.clock.advance(1)
        await s.client.delete(PODS, "web", "default")
        await s.until(lambda pod: pod is None, "web", 5)
