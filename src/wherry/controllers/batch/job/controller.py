"""Carries a Job's plan out: status first, then finalizers, then Pods."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wherry.api import Obj, errors
from wherry.api.batch.job import JOBS
from wherry.api.core.pod import PODS
from wherry.api.types.batch_v1 import Job
from wherry.api.types.core_v1 import Pod
from wherry.client import Informer, Key
from wherry.controllers.batch.job.counting import TRACKING, is_indexed, is_tracked
from wherry.controllers.batch.job.indexes import INDEX
from wherry.controllers.batch.job.plan import NewPod, Plan, is_finished, plan
from wherry.controllers.batch.job.policies import FAILURE_COUNT, IGNORED_COUNT
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
    pod_from_template,
    slow_start,
)
from wherry.controllers.selectors import matches
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch
from wherry.reconcile.expectations import Expectations

BY_JOB = "tracked-by-job"
"""Index of Pods with the tracking finalizer by the key of their Job."""
INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
OUR_NAME = "kubernetes.io/job-controller"
WIDTH = 64


@dataclass(frozen=True, slots=True)
class State:
    jobs: Informer[Job]
    pods: Informer[Pod]
    expected: Expectations[str]


def start(deps: Deps) -> State:
    pods = deps.client.informer(PODS, Pod)
    index_by_controller(pods)
    pods.add_index(BY_JOB, _tracked_by)
    return State(deps.client.informer(JOBS, Job), pods, Expectations(pods, deps.clock))


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    job = state.jobs.get(key)
    await _free_strays(key, job, deps)
    if job is None or (job.spec.managed_by or OUR_NAME) != OUR_NAME:
        return DONE
    if is_finished(job):
        await _settle([pod for pod in children(state.pods, job.metadata) if is_tracked(pod)], deps)
        return DONE
    selector = job.spec.selector
    pods = await claim_children(
        deps.client, (JOBS, job.metadata), lambda labels: matches(selector, labels), PODS, state.pods
    )
    may_scale = state.expected.is_satisfied(job.metadata.uid)
    decided = plan(job, pods, deps.clock.time(), may_scale=may_scale)
    await _carry_out(job, decided, deps)
    return Result(decided.look_again)


async def _carry_out(job: Job, decided: Plan, deps: Deps) -> None:
    await _write_status(job, decided.status, deps)
    for note in decided.notes:
        deps.events.event(job, note.type, note.reason, note.message)
    await _settle(decided.settle, deps)
    failure = await delete_pods(deps, job, decided.delete, deps.state.expected)
    if failure is None:
        failure = await _create(job, decided.create, deps)
    if failure is not None:
        raise failure


async def _write_status(job: Job, status: Obj, deps: Deps) -> None:
    """The resource version guards the counts: they are made from what this pass read."""
    patch = status_patch(plain(job.status), status, job.metadata.resource_version)
    if patch is not None:
        await deps.client.patch(JOBS, job.metadata.name, patch, job.metadata.namespace, subresource="status")


async def _settle(pods: Sequence[Pod], deps: Deps) -> None:
    for start_at in range(0, len(pods), WIDTH):
        batch = pods[start_at : start_at + WIDTH]
        await asyncio.gather(*(remove_finalizer(deps.client, PODS, pod.metadata, TRACKING) for pod in batch))


async def _create(job: Job, new: Sequence[NewPod], deps: Deps) -> Exception | None:
    if not new:
        return None
    template = plain(job.spec.template)
    reference = controller_reference(JOBS, job.metadata)

    async def create(number: int) -> None:
        pod = _pod(job, template, reference, new[number])
        await create_pod(deps, job, job.metadata.namespace, pod, deps.state.expected)

    _, failure = await slow_start(len(new), create)
    if isinstance(failure, errors.ApiError) and is_namespace_terminating(failure):
        return None
    return failure


def _pod(job: Job, template: Obj, reference: Obj, new: NewPod) -> Obj:
    pod = pod_from_template(template, job.metadata.name, reference)
    metadata: Obj = pod["metadata"]
    metadata["finalizers"] = [*metadata.get("finalizers", ()), TRACKING]
    if not is_indexed(job) or new.index is None:
        return pod
    metadata["generateName"] = f"{job.metadata.name}-{new.index}-"
    metadata["labels"] = {**metadata.get("labels", {}), INDEX: str(new.index)}
    annotations = {**metadata.get("annotations", {}), INDEX: str(new.index)}
    if new.failures is not None:
        annotations[FAILURE_COUNT] = str(new.failures)
        if new.ignored_failures:
            annotations[IGNORED_COUNT] = str(new.ignored_failures)
    metadata["annotations"] = annotations
    pod["spec"] = _indexed_spec(job, pod["spec"], new.index)
    return pod


def _indexed_spec(job: Job, spec: Obj, index: int) -> Obj:
    """Tell each container its index, and name the Pod by it."""
    told = {**spec, "hostname": f"{job.metadata.name}-{index}"}
    variable = {
        "name": INDEX_VARIABLE,
        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}},
    }
    for kind in ("initContainers", "containers"):
        if kind in spec:
            told[kind] = [_with_variable(container, variable) for container in spec[kind]]
    return told


def _with_variable(container: Obj, variable: Obj) -> Obj:
    env = container.get("env", [])
    if any(entry.get("name") == INDEX_VARIABLE for entry in env):
        return container
    return {**container, "env": [*env, variable]}


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
    owner = controller_of(pod.metadata)
    if owner is None or owner.kind != "Job" or not is_tracked(pod):
        return ()
    return (str(Key(pod.metadata.namespace, owner.name)),)


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    keys = owner_keys("Job", old, new)
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
    writes=("jobs.batch/status", "pods"),
    start=start,
)
