"""Deletes a finished Job when its time is up, in the foreground, so that its Pods go first."""

from __future__ import annotations

from collections.abc import Iterable

from wherry.api import errors
from wherry.api.batch.job import JOBS
from wherry.api.types.batch_v1 import Job
from wherry.client import Key
from wherry.controllers.ownership import key_of
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


async def reconcile(key: Key, deps: Deps) -> Result:
    job = deps.client.informer(JOBS, Job).get(key)
    expiry = expires(job) if job is not None else None
    if job is None or expiry is None or job.metadata.deletion_timestamp is not None:
        return DONE
    left = expiry - deps.clock.time()
    if left > 0:
        return Result(left)
    try:
        fresh = await deps.client.get(JOBS, key.name, key.namespace)  # the time to live may just have been raised
        if fresh["spec"].get("ttlSecondsAfterFinished") != job.spec.ttl_seconds_after_finished:
            return DONE
        await deps.client.delete(JOBS, key.name, key.namespace, uid=job.metadata.uid, propagation="Foreground")
    except errors.NotFound:
        return DONE
    return DONE


def expires(job: Job) -> float | None:
    """When the Job is to be deleted; None for one that has not finished or may stay."""
    if job.spec.ttl_seconds_after_finished is None:
        return None
    for condition in job.status.conditions:
        if condition.type in ("Complete", "Failed") and condition.status == "True" and condition.last_transition_time:
            return condition.last_transition_time.timestamp() + job.spec.ttl_seconds_after_finished
    return None


def _of_job(old: Job | None, new: Job | None, deps: Deps) -> Iterable[Key]:
    """Most of what happens to Jobs, and all that happens to most of them, changes nothing here."""
    if new is None or (expiry := expires(new)) is None:
        return ()
    return (key_of(new.metadata),) if old is None or expires(old) != expiry else ()


CONTROLLER = Controller(
    name="ttl-after-finished-controller",
    reconciles=JOBS,
    view=Job,
    reconcile=reconcile,
    reads=(Watch(JOBS, Job, _of_job),),
    hears_own=False,
    writes=("jobs.batch (delete)",),
    workers=2,
)
