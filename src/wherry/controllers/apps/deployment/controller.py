"""Claims a Deployment's ReplicaSets and carries its plan out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.core.pod import PODS
from wherry.api.types.apps_v1 import Deployment, ReplicaSet
from wherry.api.types.core_v1 import Pod
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.client import Informer, Key
from wherry.controllers import conditions
from wherry.controllers.apps.deployment.model import HASH_LABEL, REVISION, rollout_of
from wherry.controllers.apps.deployment.plan import NewSet, Plan, Resize, plan
from wherry.controllers.apps.deployment.revisions import find_new, is_same_template
from wherry.controllers.apps.deployment.rollback import Rollback, plan_rollback
from wherry.controllers.apps.deployment.status import PROGRESSING, condition, is_complete
from wherry.controllers.claiming import claim_children
from wherry.controllers.documents import plain, status_patch
from wherry.controllers.ownership import (
    children,
    controller_of,
    controller_reference,
    index_by_controller,
    is_controlled_by,
    is_up_for_adoption,
    owner_keys,
)
from wherry.controllers.podcontrol import is_namespace_terminating
from wherry.controllers.podstate import is_finished
from wherry.controllers.selectors import is_empty, matches
from wherry.controllers.statuswrites import StatusWrites
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch


class State(Struct, frozen=True):
    deployments: Informer[Deployment]
    sets: Informer[ReplicaSet]
    pods: Informer[Pod]
    written: StatusWrites


def start(deps: Deps) -> State:
    client = deps.client
    sets, pods = client.informer(REPLICASETS, ReplicaSet), client.informer(PODS, Pod)
    state = State(client.informer(DEPLOYMENTS, Deployment), sets, pods, StatusWrites())
    index_by_controller(state.sets)
    index_by_controller(state.pods)
    return state


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    deployment = state.deployments.get(key)
    if deployment is None:
        return DONE
    if is_empty(deployment.spec.selector):
        return await _refuse(deployment, deps)
    selector = deployment.spec.selector
    sets = await claim_children(
        deps.client,
        (DEPLOYMENTS, deployment.metadata),
        lambda labels: matches(selector, labels),
        REPLICASETS,
        state.sets,
    )
    if not deployment.spec.paused and deployment.metadata.deletion_timestamp is None:
        rollback = plan_rollback(deployment, sets)
        if rollback is not None:
            return await _roll_back(deployment, rollback, deps)
    decided = plan(deployment, sets, _old_pods_run(deployment, sets, state), deps.clock.time())
    await _carry_out(deployment, sets, decided, deps)
    return Result(decided.check_in)


async def _roll_back(deployment: Deployment, rollback: Rollback, deps: Deps) -> Result:
    """The change of the Deployment leads to the next pass, which is a rollout like any other."""
    metadata = deployment.metadata
    deps.events.event(deployment, rollback.type, rollback.reason, rollback.message)
    await deps.client.patch(DEPLOYMENTS, metadata.name, rollback.patch, metadata.namespace)
    return DONE


def _old_pods_run(deployment: Deployment, sets: Sequence[ReplicaSet], state: State) -> bool:
    """Whether a Pod of an old template is alive, on its way out or not; only Recreate needs to know."""
    if deployment.spec.strategy is None or deployment.spec.strategy.type != "Recreate":
        return False
    new = find_new(deployment.spec.template, sets)
    return any(not is_finished(pod) for one in sets if one is not new for pod in children(state.pods, one.metadata))


async def _carry_out(deployment: Deployment, sets: Sequence[ReplicaSet], decided: Plan, deps: Deps) -> None:
    if decided.create is not None and not await _create(deployment, decided.create, deps):
        return
    by_name = {one.metadata.name: one for one in sets}
    for resize in decided.resize:
        await _resize(deployment, by_name[resize.name], resize, deps)
    for name in decided.delete:
        await _delete(by_name[name].metadata, deps)
    await _write_status(deployment, decided.status, deps, revision=decided.revision)


async def _create(deployment: Deployment, new: NewSet, deps: Deps) -> bool:
    """Create the new ReplicaSet; False when this pass ends here."""
    namespace = deployment.metadata.namespace
    try:
        await deps.client.create(REPLICASETS, _replica_set(deployment, new), namespace)
    except errors.AlreadyExists:
        await _collide(deployment, new, deps)
        return False
    except errors.ApiError as error:
        if is_namespace_terminating(error):
            return False
        await _report_failure(deployment, new, error, deps)
        raise
    if new.replicas > 0:
        message = f"Scaled up replica set {new.name} from 0 to {new.replicas}"
        deps.events.event(deployment, "Normal", "ScalingReplicaSet", message)
    return True


async def _collide(deployment: Deployment, new: NewSet, deps: Deps) -> None:
    """The name is taken: by our own ReplicaSet that the cache lacks, or by one with another template."""
    found = await deps.client.get(REPLICASETS, new.name, deployment.metadata.namespace)
    shown = deps.client.informer(REPLICASETS, ReplicaSet).get(Key(deployment.metadata.namespace, new.name))
    if shown is None or shown.metadata.uid != found["metadata"]["uid"]:
        raise errors.Conflict.of(REPLICASETS, new.name, "the cache does not show it yet")
    is_ours = is_controlled_by(shown.metadata, deployment.metadata.uid)
    if is_ours and is_same_template(shown.spec.template, deployment.spec.template):
        return
    status = plain(deployment.status)
    another = {**status, "collisionCount": status.get("collisionCount", 0) + 1}
    await _write_status(deployment, another, deps, goes_on=True)


async def _report_failure(deployment: Deployment, new: NewSet, error: errors.ApiError, deps: Deps) -> None:
    message = f'Failed to create new replica set "{new.name}": {error.message}'
    deps.events.event(deployment, "Warning", "ReplicaSetCreateError", message)
    if rollout_of(deployment).deadline is not None:
        status = plain(deployment.status)
        failed = condition(PROGRESSING, "False", "ReplicaSetCreateError", message, deps.clock.time())
        await _write_status(
            deployment, {**status, "conditions": conditions.changed(status.get("conditions", ()), failed)}, deps
        )


async def _resize(deployment: Deployment, one: ReplicaSet, resize: Resize, deps: Deps) -> None:
    spec: Obj = {}
    if resize.replicas != resize.before:
        spec["replicas"] = resize.replicas
    if resize.min_ready_seconds is not None:
        spec["minReadySeconds"] = resize.min_ready_seconds
    metadata: Obj = {"resourceVersion": one.metadata.resource_version}
    if resize.annotations:
        metadata["annotations"] = dict(resize.annotations)
    patch: Obj = {"metadata": metadata, **({"spec": spec} if spec else {})}
    await deps.client.patch(REPLICASETS, resize.name, patch, one.metadata.namespace)
    if "replicas" in spec:
        direction = "up" if resize.replicas > resize.before else "down"
        message = f"Scaled {direction} replica set {resize.name} from {resize.before} to {resize.replicas}"
        deps.events.event(deployment, "Normal", "ScalingReplicaSet", message)


async def _delete(metadata: ObjectMeta, deps: Deps) -> None:
    try:
        await deps.client.delete(
            REPLICASETS, metadata.name, metadata.namespace, uid=metadata.uid, propagation="Background"
        )
    except errors.NotFound:
        return


async def _write_status(
    deployment: Deployment, status: Obj, deps: Deps, *, revision: str | None = None, goes_on: bool = False
) -> None:
    """Write what differs; the revision goes along, as an annotation written on the main path is a new generation.

    `goes_on` says that the change is to be looked at; that of a rollout that is complete always is, to tidy up.
    """
    patch = status_patch(plain(deployment.status), status)
    if revision is not None:
        patch = {**(patch or {}), "metadata": {"annotations": {REVISION: revision}}}
    if patch is not None:
        if not goes_on and not is_complete(rollout_of(deployment), status):
            deps.state.written.expect(deployment.metadata.uid, status)
        try:
            await deps.client.patch(
                DEPLOYMENTS, deployment.metadata.name, patch, deployment.metadata.namespace, subresource="status"
            )
        except errors.NotFound:
            return


async def _refuse(deployment: Deployment, deps: Deps) -> Result:
    message = "This deployment is selecting all pods. A non-empty selector is required."
    deps.events.event(deployment, "Warning", "SelectingAll", message)
    status = plain(deployment.status)
    await _write_status(deployment, {**status, "observedGeneration": deployment.metadata.generation}, deps)
    return DONE


def _replica_set(deployment: Deployment, new: NewSet) -> Obj:
    template = plain(deployment.spec.template)
    labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: new.hash}
    template["metadata"] = {**(template.get("metadata") or {}), "labels": labels}
    selector = plain(deployment.spec.selector)
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), HASH_LABEL: new.hash}
    spec: Obj = {"replicas": new.replicas, "selector": selector, "template": template}
    if deployment.spec.min_ready_seconds:
        spec["minReadySeconds"] = deployment.spec.min_ready_seconds
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": new.name,
            "namespace": deployment.metadata.namespace,
            "labels": dict(labels),
            "annotations": dict(new.annotations),
            "ownerReferences": [controller_reference(DEPLOYMENTS, deployment.metadata)],
        },
        "spec": spec,
    }


def _of_own(old: Deployment | None, new: Deployment | None, deps: Deps) -> Iterable[Key]:
    written: StatusWrites = deps.state.written
    return written.news(old, new)


def _of_replica_set(old: ReplicaSet | None, new: ReplicaSet | None, deps: Deps) -> Iterable[Key]:
    keys = owner_keys("Deployment", old, new)
    if new is not None and is_up_for_adoption(old, new):
        for deployment in deps.state.deployments.list(new.metadata.namespace):
            if matches(deployment.spec.selector, new.metadata.labels):
                keys.append(Key(deployment.metadata.namespace, deployment.metadata.name))
    return keys


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    """A Deployment that recreates waits for the last old Pod to be gone."""
    if old is None or (new is not None and not is_finished(new)):
        return
    parent = controller_of(old.metadata)
    if parent is None or parent.kind != "ReplicaSet":
        return
    owner = deps.state.sets.get(Key(old.metadata.namespace, parent.name))
    for key in owner_keys("Deployment", None, owner):
        deployment = deps.state.deployments.get(key)
        strategy = deployment.spec.strategy if deployment is not None else None
        if strategy is not None and strategy.type == "Recreate":
            yield key


CONTROLLER = Controller(
    name="deployment-controller",
    reconciles=DEPLOYMENTS,
    view=Deployment,
    reconcile=reconcile,
    reads=(
        Watch(DEPLOYMENTS, Deployment, _of_own),
        Watch(REPLICASETS, ReplicaSet, _of_replica_set),
        Watch(PODS, Pod, _of_pod),
    ),
    hears_own=False,
    writes=("deployments.apps/status", "deployments.apps", "replicasets.apps"),
    start=start,
)
