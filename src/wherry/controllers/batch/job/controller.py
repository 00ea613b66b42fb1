"""Carries a Job's plan out: Pods, then the status, then finalizers, then what that makes of the status."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from wherry.api import Obj, errors
from wherry.api.batch.job import JOBS
from wherry.api.core.pod import PODS
from wherry.api.types.batch_v1 import Job
from wherry.api.types.core_v1 import Pod
from wherry.client import Informer, Key
from wherry.controllers.batch.job.backoff import Record
from wherry.controllers.batch.job.counting import TRACKING, is_tracked
from wherry.controllers.batch.job.newpods import new_pod
from wherry.controllers.batch.job.plan import Plan, conclude, created, is_finished, plan
from wherry.controllers.claiming import claim_children
from wherry.controllers.documents import plain, status_patch
from wherry.controllers.finalizers import remove_finalizer
from wherry.controllers.ownership import (
    children,
    controller_of,
    controller_reference,
    index_by_controller,
    is_up_for_adoption,
    owner_keys,
)
from wherry.controllers.podcontrol import (
    create_pod,
    delete_pods,
    is_namespace_terminating,
    slow_start,
)
from wherry.controllers.selectors import matches
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch
from wherry.reconcile.expectations import Expectations

BY_JOB = "tracked-by-job"
"""Index of Pods with the tracking finalizer by the key of their Job, or of nobody."""
OUR_NAME = "kubernetes.io/job-controller"
WIDTH = 64


class State(Struct, frozen=True):
    jobs: Informer[Job]
    pods: Informer[Pod]
    expected: Expectations[str]
    records: dict[str, Record] = field(default_factory=dict)
    """Failures since the last success, by the Job's UID."""
    freed: dict[str, frozenset[str]] = field(default_factory=dict)
    """UIDs of Pods whose finalizer is off and whose view may still show it, by the Job's UID."""
    known: dict[Key, str] = field(default_factory=dict)
    """UIDs of the Jobs of which something is remembered."""

    def remember(self, key: Key, uid: str) -> None:
        """Something may be remembered of this Job from now on, and nothing of a former one of its name; "": of none."""
        former = self.known.pop(key, uid)
        if former != uid:
            self.records.pop(former, None)
            self.freed.pop(former, None)
            self.expected.forget(former)
        if uid:
            self.known[key] = uid


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    index_by_controller(pods)
    pods.add_index(BY_JOB, _tracked_by)
    return State(deps.client.informer(JOBS, Job), pods, Expectations(pods, deps.clock))


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    if not key.name:
        await _settle(list(state.pods.by_index(BY_JOB, str(key))), deps)
        return DONE
    job = state.jobs.get(key)
    state.remember(key, job.metadata.uid if job is not None and not is_finished(job) else "")
    await _free_strays(key, job, deps)
    if job is None or (job.spec.managed_by or OUR_NAME) != OUR_NAME:
        return DONE
    uid = job.metadata.uid
    if is_finished(job):
        await _settle([pod for pod in children(state.pods, job.metadata) if is_tracked(pod)], deps)
        return DONE
    selector = job.spec.selector
    pods = await claim_children(
        deps.client,
        (JOBS, job.metadata),
        lambda labels: matches(selector, labels),
        PODS,
        state.pods,
        finalizer=TRACKING,
    )
    may_scale = state.expected.is_satisfied(uid)
    decided = _plan(job, pods, deps, may_scale=may_scale)
    failure = await _scale(job, decided, deps)
    if isinstance(failure, _Half):
        decided = created(decided, failure.created) if failure.is_creation else _plan(job, pods, deps, may_scale=False)
    await _write(job, decided, deps)
    if isinstance(failure, _Half) and failure.cause is not None:
        raise failure.cause
    return Result(decided.look_again)


class _Half(Struct, frozen=True):
    """Not all Pods could be made or deleted."""

    created: int
    is_creation: bool
    cause: Exception | None


def _plan(job: Job, pods: Sequence[Pod], deps: Deps, *, may_scale: bool) -> Plan:
    """Decide; what is settled and not yet seen to be is forgotten once it is."""
    state: State = deps.state
    uid = job.metadata.uid
    known = state.freed.get(uid, frozenset())
    freed = frozenset(pod.metadata.uid for pod in pods if is_tracked(pod) and pod.metadata.uid in known)
    _keep(state.freed, uid, freed)
    now = deps.clock.time()
    return plan(job, pods, now, may_scale=may_scale, known=state.records.get(uid), freed=freed)


async def _scale(job: Job, decided: Plan, deps: Deps) -> _Half | None:
    """Delete and create; None if all went well."""
    await _settle(decided.remove, deps)
    gone = [*decided.remove, *decided.delete]
    failure = await delete_pods(deps, job, gone, deps.state.expected)
    if failure is not None:
        return _Half(0, False, failure)
    if not decided.create:
        return None
    template = plain(job.spec.template)
    reference = controller_reference(JOBS, job.metadata)

    async def create(number: int) -> None:
        pod = new_pod(job, template, reference, decided.create[number])
        await create_pod(deps, job, job.metadata.namespace, pod, deps.state.expected)

    made, failure = await slow_start(len(decided.create), create)
    if failure is None:
        return None
    is_expected = isinstance(failure, errors.ApiError) and is_namespace_terminating(failure)
    return _Half(made, True, None if is_expected else failure)


async def _write(job: Job, decided: Plan, deps: Deps) -> None:
    """The status; then the finalizers of what it notes; then what that makes of the status."""
    state: State = deps.state
    uid, before, version = job.metadata.uid, plain(job.status), job.metadata.resource_version
    freed: frozenset[str] = frozenset()
    if decided.settle:
        version = await _write_status(job, before, decided.status, version, deps)
        before = decided.status
        freed = await _settle(decided.settle, deps)
        _keep(state.freed, uid, state.freed.get(uid, frozenset()) | freed)
    status, notes = conclude(job, decided, freed, deps.clock.time())
    await _write_status(job, before, status, version, deps)
    state.records[uid] = decided.record
    for note in (*decided.notes, *notes):
        deps.events.event(job, note.type, note.reason, note.message)


async def _write_status(job: Job, before: Obj, status: Obj, version: str, deps: Deps) -> str:
    """The resource version guards the counts: they are made from what this pass read. Returns the next one."""
    patch = status_patch(before, status, version)
    if patch is None:
        return version
    metadata = job.metadata
    written = await deps.client.patch(JOBS, metadata.name, patch, metadata.namespace, subresource="status")
    return str(written["metadata"]["resourceVersion"])


async def _settle(pods: Sequence[Pod], deps: Deps) -> frozenset[str]:
    """Take finalizers off; returns the Pods that have none any more."""
    for start_at in range(0, len(pods), WIDTH):
        batch = pods[start_at : start_at + WIDTH]
        await asyncio.gather(*(remove_finalizer(deps.client, PODS, pod.metadata, TRACKING) for pod in batch))
    return frozenset(pod.metadata.uid for pod in pods)


def _keep(kept: dict[str, frozenset[str]], uid: str, pods: frozenset[str]) -> None:
    if pods:
        kept[uid] = pods
    else:
        kept.pop(uid, None)


async def _free_strays(key: Key, job: Job | None, deps: Deps) -> None:
    """Pods whose Job is gone (or was replaced by one of the same name) are tracked by nobody any more."""
    uid = job.metadata.uid if job is not None else None
    strays: list[Pod] = []
    for pod in deps.state.pods.by_index(BY_JOB, str(key)):
        owner = controller_of(pod.metadata)
        if owner is None or owner.uid != uid:
            strays.append(pod)
    await _settle(strays, deps)


def _tracked_by(pod: Pod) -> tuple[str, ...]:
    if not is_tracked(pod):
        return ()
    owner = controller_of(pod.metadata)
    if owner is None:
        return (str(_orphans(pod)),)
    is_job = owner.kind == JOBS.kind and owner.api_version == JOBS.api_version
    return (str(Key(pod.metadata.namespace, owner.name)),) if is_job else ()


def _orphans(pod: Pod) -> Key:
    """The key that stands for: Pods of a namespace that are tracked, and nobody's."""
    return Key(pod.metadata.namespace, "")


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    keys = owner_keys("Job", old, new)
    if new is not None and is_tracked(new) and controller_of(new.metadata) is None:
        keys.append(_orphans(new))
    if new is not None and is_up_for_adoption(old, new):
        for job in deps.state.jobs.list(new.metadata.namespace):
            if matches(job.spec.selector, new.metadata.labels):
                keys.append(Key(job.metadata.namespace, job.metadata.name))
    return keys


CONTROLLER = Controller(
    name="job-controller",
    reconciles=JOBS,
    view=Job,
    reconcile=reconcile,
    reads=(Watch(PODS, Pod, _of_pod),),
    writes=("jobs.batch/status", "pods[of Jobs]"),
    start=start,
)
