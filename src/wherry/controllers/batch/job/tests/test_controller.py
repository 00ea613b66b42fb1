from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.batch.job import JOBS
from wherry.api.core.event import EVENTS
from wherry.controllers.tests.plane import Plane, running


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


async def test_pods_of_a_deleted_job_lose_their_finalizer() -> None:
    async with running() as plane:
        await add_job(plane)
        assert len(await plane.pods()) == 2
        await plane.client.delete(JOBS, "j", "default", propagation="Background")
        await plane.settle()
        assert await plane.pods() == []
