from __future__ import annotations

from typing import Any, cast

import pytest

from wherry.api import Obj
from wherry.api.batch.cronjob import CRONJOBS
from wherry.api.batch.job import JOBS
from wherry.api.core.event import EVENTS
from wherry.api.types.batch_v1 import CronJob
from wherry.client import Client
from wherry.controllers.tests.lagging import LaggingClient
from wherry.controllers.tests.plane import Plane, only, running, template
from wherry.lib.clock import format_time, parse_time

LOOPS = only("cronjob-controller")


def cron_job(schedule: str = "*/5 * * * *", **spec: Any) -> Obj:
    job = {"spec": {"template": template("tick", restartPolicy="Never")}, "metadata": {"labels": {"app": "tick"}}}
    whole = {"schedule": schedule, "jobTemplate": job, **spec}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"}, "spec": whole}


async def jobs(plane: Plane) -> list[str]:
    return [job["metadata"]["name"] for job in await plane.items(JOBS)]


async def status(plane: Plane) -> Obj:
    found: Obj = (await plane.get(CRONJOBS, "tick")).get("status", {})
    return found


async def finish(plane: Plane, name: str, outcome: str = "Complete") -> None:
    now = format_time(plane.clock.time())
    decided = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[outcome]
    ended = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in (decided, outcome)]
    patch: Obj = {"startTime": now, "conditions": ended}
    if outcome == "Complete":
        patch["completionTime"] = now
    await plane.client.patch(JOBS, name, {"status": patch}, "default", subresource="status")
    await plane.settle()


async def messages(plane: Plane) -> dict[str, str]:
    return {event["reason"]: event["message"] for event in await plane.items(EVENTS)}


async def test_a_job_is_made_for_each_time_and_named_by_it() -> None:
    async with running(LOOPS) as plane:
        owner = await plane.apply(CRONJOBS, cron_job(timeZone="Europe/Berlin"))
        assert await jobs(plane) == []
        await plane.pass_time(300)
        [job] = await plane.items(JOBS)
        due = plane.clock.time() // 300 * 300
        assert job["metadata"]["name"] == f"tick-{int(due) // 60}"
        stamp = job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
        assert (parse_time(stamp), stamp[-6:]) == (due, "+01:00")
        [reference] = job["metadata"]["ownerReferences"]
        assert (reference["uid"], reference["controller"]) == (owner["metadata"]["uid"], True)
        found = await status(plane)
        assert found["lastScheduleTime"] == format_time(due)
        [active] = found["active"]
        assert (active["kind"], active["uid"]) == ("Job", job["metadata"]["uid"])
        await finish(plane, job["metadata"]["name"])
        found = await status(plane)
        assert "active" not in found
        assert found["lastSuccessfulTime"] == format_time(plane.clock.time())
        said = await messages(plane)
        assert said["SuccessfulCreate"] == f"Created job {job['metadata']['name']}"
        assert said["SawCompletedJob"] == f"Saw completed job: {job['metadata']['name']}, condition: Complete"


async def test_history_is_limited_by_outcome() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(CRONJOBS, cron_job(successfulJobsHistoryLimit=2, failedJobsHistoryLimit=1))
        made: list[str] = []
        for number in range(8):
            await plane.pass_time(300)
            [new] = [name for name in await jobs(plane) if name not in made]
            made.append(new)
            await finish(plane, new, "Failed" if number % 2 else "Complete")
        assert sorted(await jobs(plane)) == [made[4], made[6], made[7]]
        assert (await messages(plane))["SuccessfulDelete"].startswith("Deleted job tick-")


async def test_policies_for_a_job_that_still_runs() -> None:
    for policy, count in (("Allow", 3), ("Forbid", 1), ("Replace", 1)):
        async with running(LOOPS) as plane:
            await plane.apply(CRONJOBS, cron_job(concurrencyPolicy=policy))
            await plane.pass_time(300)
            [first] = await jobs(plane)
            await plane.pass_time(600)
            found = await jobs(plane)
            assert len(found) == len((await status(plane))["active"]) == count
            assert (first in found) is (policy != "Replace")
            said = await messages(plane)
            assert ("JobAlreadyActive" in said) is (policy == "Forbid")
            assert ("SuccessfulDelete" in said) is (policy == "Replace")


async def test_what_was_forbidden_is_made_up_for() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(CRONJOBS, cron_job(concurrencyPolicy="Forbid"))
        await plane.pass_time(300)
        [first] = await jobs(plane)
        await plane.pass_time(400)
        await finish(plane, first)
        assert len(await jobs(plane)) == 2
        assert len((await status(plane))["active"]) == 1


async def test_a_time_missed_by_too_much_is_let_go() -> None:
    async with running(only()) as plane:
        await plane.apply(CRONJOBS, cron_job(startingDeadlineSeconds=20))
        await plane.pass_time(360)
        await plane.start(LOOPS)
        assert await jobs(plane) == []
        await plane.pass_time(300)
        assert len(await jobs(plane)) == 1


async def test_after_a_week_away_the_last_time_is_made_up_for() -> None:
    async with running(only()) as plane:
        await plane.apply(CRONJOBS, cron_job())
        await plane.pass_time(7 * 86_400)
        await plane.start(LOOPS)
        assert await jobs(plane) == [f"tick-{int(plane.clock.time()) // 300 * 5}"]
        assert (await messages(plane))["TooManyMissedTimes"].startswith("too many missed start times. Set or decrease")


async def test_a_suspended_one_rests() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(CRONJOBS, cron_job(suspend=True))
        await plane.pass_time(900)
        assert await jobs(plane) == []
        await plane.client.patch(CRONJOBS, "tick", {"spec": {"suspend": False}}, "default")
        await plane.settle()
        assert len(await jobs(plane)) == 1


async def test_a_new_schedule_takes_effect() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(CRONJOBS, cron_job("0 0 1 1 *"))
        await plane.pass_time(900)
        assert await jobs(plane) == []
        await plane.client.patch(CRONJOBS, "tick", {"spec": {"schedule": "* * * * *"}}, "default")
        await plane.pass_time(60)
        assert len(await jobs(plane)) == 1


@pytest.mark.parametrize("change", [{"schedule": "*/5 * * * *"}, {"timeZone": "Asia/Kathmandu"}])
async def test_times_that_a_new_schedule_would_have_had_are_not_made_up_for(change: Obj) -> None:
    """Made at 22:13:20 and changed a quarter of an hour later, when it is 04:13:20 in Nepal."""
    async with running(LOOPS) as plane:
        await plane.apply(CRONJOBS, cron_job("0,5,10,15,20,25 4 * * *"))
        await plane.pass_time(900)
        await plane.client.patch(CRONJOBS, "tick", {"spec": change}, "default")
        await plane.settle()
        assert await jobs(plane) == []
        await plane.pass_time(102)
        assert len(await jobs(plane)) == 1


async def test_jobs_that_vanish_or_appear_are_noticed() -> None:
    async with running(LOOPS) as plane:
        owner = await plane.apply(CRONJOBS, cron_job())
        await plane.pass_time(300)
        [first] = await jobs(plane)
        await plane.client.delete(JOBS, first, "default", propagation="Background")
        await plane.settle()
        assert "active" not in await status(plane)
        assert (await messages(plane))["MissingJob"] == f"Active job went missing: {first}"
        reference = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": "tick",
            "uid": owner["metadata"]["uid"],
            "controller": True,
        }
        spec = {"template": template("x", restartPolicy="Never")}
        metadata = {"name": "guest", "ownerReferences": [reference]}
        await plane.apply(JOBS, {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
        assert (await messages(plane))["UnexpectedJob"].endswith("did not create or forgot: guest")


async def test_a_lagging_cache_makes_nothing_twice() -> None:
    async with running(only()) as plane:
        real = plane.client
        lagging = LaggingClient(real)
        plane.client = cast(Client, lagging)
        await plane.start(LOOPS)
        lagging.deliver()
        await real.create(CRONJOBS, cron_job("* * * * *"), "default")
        for _ in range(300):
            lagging.deliver(1)
            await plane.pass_time(1)
        made = await jobs(plane)
        assert len(made) == 5
        found = await status(plane)
        assert {reference["name"] for reference in found["active"]} == set(made)
        assert "UnexpectedJob" not in await messages(plane)
        assert "MissingJob" not in await messages(plane)


async def test_a_firing_costs_two_writes_of_the_status() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(CRONJOBS, cron_job())
        changes: list[CronJob | None] = []
        plane.client.informer(CRONJOBS, CronJob).add_handler(lambda _, new: changes.append(new))
        changes.clear()
        for _ in range(6):
            await plane.pass_time(300)
            [job] = [reference["name"] for reference in (await status(plane))["active"]]
            await finish(plane, job)
        assert len(changes) == 2 * 6
        [loop] = plane.loops[0].loops
        assert loop.stats.errors == 0
        assert loop.stats.successes <= 1 + 2 * 6
