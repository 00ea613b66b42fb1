"""A Job's Pods as they are made. Pure."""

from __future__ import annotations

from wherry.api import Obj
from wherry.api.types.batch_v1 import Job
from wherry.controllers.batch.job.counting import TRACKING, is_indexed
from wherry.controllers.batch.job.indexes import INDEX
from wherry.controllers.batch.job.plan import NewPod
from wherry.controllers.batch.job.policies import FAILURE_COUNT, IGNORED_COUNT
from wherry.controllers.podtemplate import pod_from_template

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
_LONGEST_PREFIX = 58
"""What leaves room for the end that the API makes."""


def new_pod(job: Job, template: Obj, reference: Obj, new: NewPod) -> Obj:
    pod = pod_from_template(template, job.metadata.name, reference)
    metadata: Obj = pod["metadata"]
    metadata["finalizers"] = [*metadata.get("finalizers", ()), TRACKING]
    if not is_indexed(job) or new.index is None:
        return pod
    metadata["generateName"] = _prefix(job.metadata.name, new.index)
    metadata["labels"] = {**metadata.get("labels", {}), INDEX: str(new.index)}
    annotations = {**metadata.get("annotations", {}), INDEX: str(new.index)}
    if new.failures is not None:
        annotations[FAILURE_COUNT] = str(new.failures)
        if new.ignored_failures:
            annotations[IGNORED_COUNT] = str(new.ignored_failures)
    metadata["annotations"] = annotations
    pod["spec"] = _indexed_spec(job, pod["spec"], new.index)
    return pod


def _prefix(name: str, index: int) -> str:
    """The name's beginning: of a long Job's name only as much as leaves the index visible."""
    end = f"-{index}-"
    return name[: _LONGEST_PREFIX - len(end)] + end


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
