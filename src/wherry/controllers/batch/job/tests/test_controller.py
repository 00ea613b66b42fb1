from __future__ import annotations

import random
from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.batch.job import JOBS
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.api.resource import Resource
from wherry.controllers import catalog
from wherry.controllers.tests.lagging import LaggingClient
from wherry.controllers.tests.plane import Plane, only, running, without
from wherry.reconcile.loop import Loops


async def add_job(plane: Plane, **spec: Any) -> None:
    whole: Obj = {
        "parallelism": 2,
        "completions": 3,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "manualSelector": True,
        "selector": {"matchLabels": {"job": "j"}},
        "template": {
            "metadata": {"labels": {"job": "j"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]},
        },
        **spec,
    }
    await plane.apply(JOBS, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": whole})


async def end_all(plane: Plane, phase: str = "Succeeded") -> None:
    for pod in await plane.pods():
        if pod["status"].get("phase") in (None, "Pending", "Running"):
            await plane.set_phase(pod, phase)
    await plane.settle()


async def status(plane: Plane) -> Obj:
    found: Obj = (await plane.get(JOBS, "j"))["status"]
    return found


def conditions(found: Obj) -> dict[str, str]:
    return {c["type"]: c["reason"] for c in found.get("conditions", []) if c["status"] == "True"}


async def test_a_job_runs_to_its_end_and_is_deleted_when_its_time_is_up() -> None:
    async with running() as plane:
        await add_job(plane, ttlSecondsAfterFinished=10)
        assert (await status(plane))["active"] == 2
        assert all(p["metadata"]["finalizers"] == ["batch.kubernetes.io/job-tracking"] for p in await plane.pods())
        await end_all(plane)
        await end_all(plane)
        found = await status(plane)
        assert conditions(found) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}
        assert (found["succeeded"], found["uncountedTerminatedPods"], "active" in found) == (3, {}, False)
        assert found["completionTime"]
        assert not any(p["metadata"].get("finalizers") for p in await plane.pods())
        reasons = [event["reason"] for event in await plane.items(EVENTS)]
        assert reasons.count("SuccessfulCreate") == 3
        assert reasons.count("Completed") == 1
        await plane.pass_time(11)
        assert (await plane.items(JOBS), await plane.pods()) == ([], [])


async def test_indexed_pods_know_their_index() -> None:
    async with running() as plane:
        await add_job(plane, completionMode="Indexed", parallelism=3)
        pods = sorted(await plane.pods(), key=lambda pod: str(pod["spec"]["hostname"]))
        assert [pod["spec"]["hostname"] for pod in pods] == ["j-0", "j-1", "j-2"]
        assert pods[1]["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] == "1"
        assert pods[1]["metadata"]["name"].startswith("j-1-")
        assert pods[1]["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"
        await end_all(plane)
        assert (await status(plane))["completedIndexes"] == "0-2"


async def test_failures_back_off_and_end_the_job() -> None:
    async with running() as plane:
        await add_job(plane, backoffLimit=1, parallelism=1, completions=1)
        await end_all(plane, "Failed")
        assert (await status(plane))["failed"] == 1
        assert len(await plane.pods()) == 1
        await plane.pass_time(11)
        assert len(await plane.pods()) == 2
        await end_all(plane, "Failed")
        assert conditions(await status(plane)) == {
            "FailureTarget": "BackoffLimitExceeded",
            "Failed": "BackoffLimitExceeded",
        }


async def test_a_deadline_and_a_suspension() -> None:
    async with running() as plane:
        await add_job(plane, activeDeadlineSeconds=60, suspend=True)
        assert await plane.pods() == []
        assert conditions(await status(plane)) == {"Suspended": "JobSuspended"}
        await plane.pass_time(100)
        await plane.client.patch(JOBS, "j", {"spec": {"suspend": False}}, "default")
        await plane.settle()
        assert len(await plane.pods()) == 2
        await plane.pass_time(61)
        await plane.run_pods()
        assert conditions(await status(plane)) == {"FailureTarget": "DeadlineExceeded", "Failed": "DeadlineExceeded"}


async def test_a_job_of_one_pod_takes_as_few_writes_as_upstreams() -> None:
    async with running() as plane:
        states: list[Obj] = []
        seen = plane.client.informer(JOBS, dict)
        seen.add_handler(lambda _, new: states.append(new["status"]) if new is not None else None)
        await add_job(plane, parallelism=1, completions=1)
        await plane.run_pods()
        await end_all(plane)
        told = [
            (s.get("active"), s.get("ready"), s.get("succeeded"), s.get("uncountedTerminatedPods") not in (None, {}))
            for s in states
        ]
        assert told == [
            (None, None, None, False),  # created
            (1, 0, None, False),  # its Pod is there
            (1, 1, None, False),  # and ready
            (None, 0, None, True),  # and has succeeded
            (None, 0, 1, False),  # which counts: complete
        ]


async def test_suspended_pods_do_not_count_as_failed_and_the_time_starts_anew() -> None:
    async with running(without("pod-garbage-collector-controller")) as plane:
        await add_job(plane, backoffLimit=0, activeDeadlineSeconds=100)
        await plane.run_pods()
        await plane.pass_time(90)
        await plane.client.patch(JOBS, "j", {"spec": {"suspend": True}}, "default")
        await plane.settle()
        found = await status(plane)
        assert await plane.pods() == []
        assert ("failed" in found, "active" in found, "startTime" in found) == (False, False, False)
        await plane.pass_time(90)
        await plane.client.patch(JOBS, "j", {"spec": {"suspend": False}}, "default")
        await plane.settle()
        assert len(await plane.pods()) == 2
        assert {c["type"]: c["status"] for c in (await status(plane))["conditions"]} == {"Suspended": "False"}
        await plane.pass_time(90)
        assert len(await plane.pods()) == 2


async def test_a_job_that_others_manage_is_left_alone() -> None:
    async with running() as plane:
        await add_job(plane, managedBy="example.com/other")
        assert await plane.pods() == []
        assert (await status(plane)) == {}


async def test_failures_beyond_the_limit_take_the_others_along() -> None:
    async with running(without("pod-garbage-collector-controller")) as plane:
        await add_job(plane, backoffLimit=0, completions=2)
        await plane.run_pods()
        await plane.set_phase((await plane.pods())[0], "Failed")
        await plane.settle()
        found = await status(plane)
        assert conditions(found) == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
        assert (found["failed"], found["terminating"]) == (2, 0)
        assert len(await plane.pods()) == 1
        failed = [event for event in await plane.items(EVENTS) if event["type"] == "Warning"]
        assert [event["message"] for event in failed] == ["Job has reached the specified backoff limit"]


async def test_evictions_that_a_policy_ignores_do_not_count() -> None:
    async with running(without("pod-garbage-collector-controller")) as plane:
        ignored = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
        await add_job(plane, backoffLimit=0, parallelism=1, completions=1, podFailurePolicy={"rules": [ignored]})
        await plane.run_pods()
        name = (await plane.pods())[0]["metadata"]["name"]
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        await plane.client.create(PODS, body, "default", name=name, subresource="eviction")
        await plane.settle()
        await plane.client.patch(PODS, name, {"status": {"phase": "Failed"}}, "default", subresource="status")
        await plane.settle()
        await plane.pass_time(11)
        assert "failed" not in await status(plane)
        assert name not in [pod["metadata"]["name"] for pod in await plane.pods()]
        assert len(await plane.pods()) == 1


class PodsLag(LaggingClient):
    """Shows Jobs at once and Pods later, as two watches of their own may."""

    def informer(self, resource: Resource, view: type[Any], *, field_selector: str = "") -> Any:
        if resource is JOBS:
            return self._real.informer(resource, view, field_selector=field_selector)
        return super().informer(resource, view, field_selector=field_selector)


@pytest.mark.parametrize("client", [LaggingClient, PodsLag])
async def test_stale_views_count_no_pod_twice(client: type[LaggingClient]) -> None:
    """Informers that show old states lead to conflicts and waiting, never to more Pods or other numbers."""
    async with running(lambda _: []) as plane:
        lagging = client(plane.client)
        chosen = only("job-controller")(catalog.controllers(catalog.Settings(root_ca=lambda: "")))
        loops = Loops(chosen, lagging, plane.clock, random.Random(7), plane.recorder)
        plane.loops.append(loops)
        await loops.start()
        await add_job(plane, completions=4, parallelism=2)
        for turn in range(200):
            lagging.deliver(1 + turn % 3)
            await plane.pass_time(1)
            pods = [pod for pod in await plane.pods() if pod["status"].get("phase") in (None, "Pending")]
            assert len(pods) <= 2
            if pods and turn % 4 == 0:
                await plane.set_phase(pods[0], "Succeeded")
        found = await status(plane)
        assert (found["succeeded"], found["uncountedTerminatedPods"]) == (4, {})
        assert len(await plane.pods()) == 4
        assert conditions(found) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}


async def test_nothing_is_remembered_of_jobs_that_are_gone_or_finished() -> None:
    async with running() as plane:
        state = next(loop._deps.state for loop in plane.loops[0].loops if loop.controller.name == "job-controller")
        await add_job(plane, completions=1, parallelism=1)
        assert (len(state.known), len(state.records)) == (1, 1)
        await end_all(plane)
        assert (state.known, state.records, state.freed) == ({}, {}, {})
        await plane.client.delete(JOBS, "j", "default", propagation="Background")
        await plane.settle()
        await add_job(plane)
        assert len(state.known) == 1
        await plane.client.delete(JOBS, "j", "default", propagation="Background")
        await plane.settle()
        assert (state.known, state.records, state.freed) == ({}, {}, {})


async def test_pods_of_a_deleted_job_lose_their_finalizer() -> None:
    async with running() as plane:
        await add_job(plane)
        assert len(await plane.pods()) == 2
        await plane.client.delete(JOBS, "j", "default", propagation="Background")
        await plane.settle()
        assert await plane.pods() == []


TRACKING = "batch.kubernetes.io/job-tracking"


async def add_pod(plane: Plane, name: str, **metadata: Any) -> None:
    spec = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]}
    whole = {"name": name, "labels": {"job": "j"}, **metadata}
    await plane.apply(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": whole, "spec": spec})


async def test_adopted_pods_are_tracked_and_count_at_once() -> None:
    async with running(without("pod-garbage-collector-controller")) as plane:
        await add_pod(plane, "done")
        await plane.set_phase(await plane.get(PODS, "done"), "Succeeded")
        await add_pod(plane, "running")
        await add_job(plane, completions=2, parallelism=2)
        assert len(await plane.pods()) == 2
        assert (await plane.get(PODS, "running"))["metadata"]["finalizers"] == [TRACKING]
        found = await status(plane)
        assert (found["succeeded"], found["active"]) == (1, 1)


async def test_released_pods_are_tracked_no_more() -> None:
    async with running() as plane:
        await add_job(plane, completions=1, parallelism=1)
        [pod] = await plane.pods()
        await plane.client.patch(PODS, pod["metadata"]["name"], {"metadata": {"labels": {"job": "k"}}}, "default")
        await plane.settle()
        released = await plane.get(PODS, pod["metadata"]["name"])
        assert not {"finalizers", "ownerReferences"} & released["metadata"].keys()
        assert len(await plane.pods()) == 2


async def test_nobodys_pods_are_not_tracked() -> None:
    """Whether they come so, or lose their Job to someone who takes its name off them."""
    async with running() as plane:
        await add_pod(plane, "stray", labels={}, finalizers=[TRACKING, "example.com/held"])
        await add_job(plane, completions=1, parallelism=1)
        [other] = [pod["metadata"]["name"] for pod in await plane.pods() if pod["metadata"]["name"] != "stray"]
        change = {"metadata": {"ownerReferences": None, "labels": {"job": "k"}}}
        await plane.client.patch(PODS, other, change, "default")
        await plane.settle()
        assert (await plane.get(PODS, "stray"))["metadata"]["finalizers"] == ["example.com/held"]
        assert "finalizers" not in (await plane.get(PODS, other))["metadata"]


async def test_pods_that_a_deleted_job_leaves_behind_are_not_tracked() -> None:
    async with running() as plane:
        await add_job(plane)
        await plane.client.delete(JOBS, "j", "default", propagation="Orphan")
        await plane.pass_time(5)
        assert await plane.items(JOBS) == []
        left = [pod["metadata"] for pod in await plane.pods()]
        assert len(left) == 2
        assert not any({"finalizers", "ownerReferences"} & metadata.keys() for metadata in left)
