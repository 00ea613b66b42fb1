"""CronJobs in bad times: writes are refused, controllers start anew, Jobs end when they like or vanish."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.api.batch.cronjob import CRONJOBS
from wherry.api.batch.job import JOBS
from wherry.api.types.batch_v1 import Job
from wherry.controllers.batch.cronjob.history import outcome_of
from wherry.controllers.tests.plane import Plane, only, running, template
from wherry.controllers.tests.refusing import Refusing
from wherry.lib.clock import format_time
from wherry.testing.eventloop import SettlingLoop

LOOPS = only("cronjob-controller")
STEPS = st.lists(
    st.sampled_from(["minute", "minute", "quarter", "hour", "end", "end", "vanish", "restart", "refuse"]),
    min_size=5,
    max_size=25,
)


def cron_job(policy: str) -> Obj:
    job = {"spec": {"template": template("tick", restartPolicy="Never")}}
    spec = {"schedule": "*/5 * * * *", "jobTemplate": job, "concurrencyPolicy": policy}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"}, "spec": spec}


async def end(plane: Plane, name: str) -> None:
    now = format_time(plane.clock.time())
    ended = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("SuccessCriteriaMet", "Complete")]
    patch: Obj = {"startTime": now, "completionTime": now, "conditions": ended}
    await plane.client.patch(JOBS, name, {"status": patch}, "default", subresource="status")


async def step(plane: Plane, name: str, rng: random.Random) -> None:
    seconds = {"minute": 60, "quarter": 900, "hour": 3600}
    unfinished = [job["metadata"]["name"] for job in await plane.items(JOBS) if not job["status"].get("conditions")]
    if name in seconds:
        await plane.pass_time(seconds[name])
    elif name == "restart":
        for loops in plane.loops:
            await loops.stop()
        plane.loops.clear()
        await plane.start(LOOPS)
    elif unfinished and name == "end":
        await end(plane, rng.choice(unfinished))
    elif unfinished and name == "vanish":
        await plane.client.delete(JOBS, rng.choice(unfinished), "default", propagation="Background")
    await plane.settle()


@pytest.mark.parametrize("policy", ["Allow", "Forbid", "Replace"])
@settings(max_examples=12, deadline=None)
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_every_minute_has_one_job_at_most_and_none_too_many_run(policy: str, steps: list[str], seed: int) -> None:
    async def scenario() -> None:
        rng = random.Random(seed)
        gate = Refusing(rng)
        async with running(only(), gate=gate) as plane:
            jobs = plane.client.informer(JOBS, Job)
            made: list[str] = []
            faults: list[Any] = []

            def on_job(old: Job | None, new: Job | None) -> None:
                if old is not None or new is None:
                    return
                made.append(new.metadata.name)
                due = int(new.metadata.name.rpartition("-")[2]) * 60
                if due % 300 or due > plane.clock.time():
                    faults.append(f"{new.metadata.name} was not due")
                if policy != "Allow" and len([job for job in jobs.list() if not outcome_of(job)]) > 1:
                    faults.append("two run at once")

            jobs.add_handler(on_job)
            await plane.client.create(CRONJOBS, cron_job(policy), "default")
            await plane.start(LOOPS)
            for name in steps:
                rate, gate.rate = gate.rate, 0.0
                if name == "refuse":
                    rate = 0.0 if rate else 0.4
                if name in ("end", "vanish"):
                    await step(plane, name, rng)
                gate.rate = rate
                if name not in ("end", "vanish", "refuse"):
                    await step(plane, name, rng)
            gate.rate = 0.0
            await plane.pass_time(300)
            for _ in range(2):  # what was forbidden is made up for once, and ends too
                for job in await plane.items(JOBS):
                    if not job["status"].get("conditions"):
                        await end(plane, job["metadata"]["name"])
                await plane.settle()
            await plane.pass_time(300)
            assert faults == []
            assert len(set(made)) == len(made)
            last = int(plane.clock.time()) // 300 * 300
            assert made[-1] == f"tick-{last // 60}"
            status = (await plane.get(CRONJOBS, "tick"))["status"]
            assert status["lastScheduleTime"] == format_time(last)
            assert [reference["name"] for reference in status["active"]] == [made[-1]]

    with asyncio.Runner(loop_factory=SettlingLoop) as runner:
        runner.run(scenario())
