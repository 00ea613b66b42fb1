from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.batch.job import JOBS
from wherry.controllers.tests.plane import Plane, only, running, template
from wherry.lib.clock import format_time
from wherry.testing.clock import ManualClock
from wherry.testing.faults import Faults

LOOPS = only("ttl-after-finished-controller")


async def add_job(plane: Plane, **spec: Any) -> None:
    whole = {"template": template("j", restartPolicy="Never"), **spec}
    await plane.apply(JOBS, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": whole})


async def end(plane: Plane, outcome: str = "Complete") -> None:
    now = format_time(plane.clock.time())
    decided = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[outcome]
    ended = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in (decided, outcome)]
    status: Obj = {"startTime": now, "conditions": ended}
    if outcome == "Complete":
        status["completionTime"] = now
    await plane.client.patch(JOBS, "j", {"status": status}, "default", subresource="status")
    await plane.settle()


async def is_there(plane: Plane) -> bool:
    return bool(await plane.items(JOBS))


@pytest.mark.parametrize("outcome", ["Complete", "Failed"])
async def test_its_time_begins_with_its_end(outcome: str) -> None:
    async with running(LOOPS) as plane:
        await add_job(plane, ttlSecondsAfterFinished=60)
        await plane.pass_time(600)
        await end(plane, outcome)
        await plane.pass_time(59)
        assert await is_there(plane)
        await plane.pass_time(2)
        [going] = await plane.items(JOBS)
        assert "deletionTimestamp" in going["metadata"]
        assert going["metadata"]["finalizers"] == ["foregroundDeletion"]


@pytest.mark.parametrize(("at_first", "later", "goes"), [(60, 600, False), (60, None, False), (600, 60, True)])
async def test_what_it_was_given_may_change_until_then(at_first: int, later: int | None, goes: bool) -> None:
    async with running(LOOPS) as plane:
        await add_job(plane, ttlSecondsAfterFinished=at_first)
        await end(plane)
        await plane.pass_time(30)
        await plane.client.patch(JOBS, "j", {"spec": {"ttlSecondsAfterFinished": later}}, "default")
        await plane.pass_time(60)
        [job] = await plane.items(JOBS)
        assert ("deletionTimestamp" in job["metadata"]) is goes


async def test_time_may_be_given_to_one_that_has_ended_long_ago() -> None:
    async with running(LOOPS) as plane:
        await add_job(plane)
        await end(plane)
        await plane.pass_time(600)
        assert "deletionTimestamp" not in (await plane.get(JOBS, "j"))["metadata"]
        await plane.client.patch(JOBS, "j", {"spec": {"ttlSecondsAfterFinished": 0}}, "default")
        await plane.settle()
        assert "deletionTimestamp" in (await plane.get(JOBS, "j"))["metadata"]


async def test_a_rival_only_holds_it_up() -> None:
    gate = Faults(ManualClock())
    async with running(LOOPS, gate=gate) as plane:
        await add_job(plane, ttlSecondsAfterFinished=60)
        await end(plane)
        fault = gate.conflict_next("delete", "jobs")
        await plane.pass_time(62)
        assert fault.hits == 1
        [going] = await plane.items(JOBS)
        assert "deletionTimestamp" in going["metadata"]
