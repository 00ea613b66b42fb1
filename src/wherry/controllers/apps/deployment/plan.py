"""What a Deployment does next: which ReplicaSets to make, resize and delete, and its status thereafter.

One pass is one small step; its writes wake the next. The order is upstream's: a paused Deployment, or one that was
scaled since its ReplicaSets were sized, only scales; any other one rolls, or recreates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.types.apps_v1 import Deployment, ReplicaSet
from wherry.controllers import conditions
from wherry.controllers.apps.deployment import proportional, revisions, rolling
from wherry.controllers.apps.deployment.model import (
    DESIRED,
    REVISION,
    Replicas,
    Rollout,
    active,
    replicas_of,
    rollout_of,
)
from wherry.controllers.apps.deployment.status import (
    PROGRESSING,
    TIMED_OUT,
    check_in,
    condition,
    counted,
    is_complete,
    progressed,
)
from wherry.controllers.documents import plain


class NewSet(Struct, frozen=True):
    """A ReplicaSet to create for the Deployment's template."""

    name: str
    hash: str
    replicas: int
    annotations: Mapping[str, str]


class Resize(Struct, frozen=True):
    """A ReplicaSet to patch: its size, and the annotations and readiness rule that go with it."""

    name: str
    before: int
    replicas: int
    annotations: Mapping[str, str]
    min_ready_seconds: int | None = None


class Plan(Struct, frozen=True):
    """One step. Carried out in the order of the fields."""

    create: NewSet | None
    resize: tuple[Resize, ...]
    delete: tuple[str, ...]
    revision: str | None
    """What the Deployment's revision annotation should say, when it says something else."""
    status: Obj
    check_in: float | None
    """Seconds until time alone changes something."""


class _Scene(Struct, frozen=True):
    """What a pass found."""

    deployment: Deployment
    rollout: Rollout
    now: float
    status: Obj
    """The present status, with conditions this pass added so far."""
    new_view: ReplicaSet | None
    new: Replicas | None
    old: tuple[Replicas, ...]


class _Step(Struct, frozen=True):
    """What a pass decided about sizes. `created` is the new ReplicaSet when it does not exist yet."""

    sizes: Mapping[str, int]
    created: NewSet | None = None
    cleans_up: bool = False
    is_rollout: bool = True


def plan(deployment: Deployment, sets: Sequence[ReplicaSet], old_pods_run: bool, now: float) -> Plan:
    """The next step. `old_pods_run` says whether Pods of other templates still run (asked by Recreate alone)."""
    scene = _look(deployment, sets, now)
    if deployment.metadata.deletion_timestamp is not None:
        step = _Step({}, is_rollout=False)
        return _finish(scene, step)
    scene = _with_pause(scene)
    if scene.rollout.is_paused or _was_scaled(scene):
        sizes = proportional.scaled(scene.rollout, scene.new, scene.old)
        return _finish(scene, _Step(sizes, cleans_up=scene.rollout.is_paused, is_rollout=False))
    step = _roll(scene) if scene.rollout.is_rolling else _recreate(scene, old_pods_run)
    return _finish(scene, step)


def _look(deployment: Deployment, sets: Sequence[ReplicaSet], now: float) -> _Scene:
    new_view = revisions.find_new(deployment.spec.template, sets)
    return _Scene(
        deployment=deployment,
        rollout=rollout_of(deployment),
        now=now,
        status=plain(deployment.status),
        new_view=new_view,
        new=replicas_of(new_view) if new_view is not None else None,
        old=tuple(replicas_of(one) for one in sets if one is not new_view),
    )


def _with_pause(scene: _Scene) -> _Scene:
    """Note in Progressing that the Deployment was paused or resumed, so that its deadline starts anew."""
    if scene.rollout.deadline is None:
        return scene
    current = conditions.find(scene.status.get("conditions", ()), PROGRESSING)
    reason = (current or {}).get("reason")
    if reason == TIMED_OUT:
        return scene
    if scene.rollout.is_paused and reason != "DeploymentPaused":
        return _with_condition(scene, "Unknown", "DeploymentPaused", "Deployment is paused")
    if not scene.rollout.is_paused and reason == "DeploymentPaused":
        return _with_condition(scene, "Unknown", "DeploymentResumed", "Deployment is resumed")
    return scene


def _was_scaled(scene: _Scene) -> bool:
    wanted = str(scene.rollout.replicas)
    sets = active([*scene.old, *([scene.new] if scene.new is not None else [])])
    return any(one.annotations.get(DESIRED, wanted) != wanted for one in sets)


def _roll(scene: _Scene) -> _Step:
    new, created = _new_or_created(scene)
    everything = [*scene.old, new]
    if created is None and (size := rolling.new_size(scene.rollout, new, everything)) != new.spec:
        return _Step({new.name: size})
    if sizes := rolling.shrunk_old(scene.rollout, new, scene.old):
        return _Step(sizes, created)
    return _Step({}, created, cleans_up=is_complete(scene.rollout, scene.status))


def _recreate(scene: _Scene, old_pods_run: bool) -> _Step:
    if sizes := {one.name: 0 for one in active(scene.old)}:
        return _Step(sizes)
    if old_pods_run or any(one.actual > 0 for one in scene.old):
        return _Step({})
    new, created = _new_or_created(scene)
    is_short = created is None and new.spec != scene.rollout.replicas
    sizes = {new.name: scene.rollout.replicas} if is_short else {}
    return _Step(sizes, created, cleans_up=is_complete(scene.rollout, scene.status))


def _new_or_created(scene: _Scene) -> tuple[Replicas, NewSet | None]:
    """The new ReplicaSet as it is, or as it will be once created."""
    if scene.new is not None:
        return scene.new, None
    rollout = scene.rollout
    digest = revisions.template_hash(plain(scene.deployment.spec.template), scene.status.get("collisionCount"))
    name = f"{rollout.name}-{digest}"
    size = rolling.new_size(rollout, Replicas(name, 0), scene.old)
    own = scene.deployment.metadata.annotations
    annotations = revisions.annotations_for({}, own, _next_revision(scene), rollout.limits, exists=False)
    return Replicas(name, size, annotations=annotations), NewSet(name, digest, size, annotations)


def _next_revision(scene: _Scene) -> int:
    return max((revisions.revision_of(one.annotations) for one in scene.old), default=0) + 1


def _finish(scene: _Scene, step: _Step) -> Plan:
    """Turn sizes into patches, and describe what will be in the status."""
    is_going = scene.deployment.metadata.deletion_timestamp is not None
    scene = _with_found(scene, step) if not is_going else scene
    new, old = _after(scene, step)
    everything = [*old, *([new] if new is not None else [])]
    status = counted(scene.rollout, scene.status, everything, new, scene.now)
    if step.is_rollout:
        status = progressed(scene.rollout, scene.status, status, everything, new, scene.now)
    return Plan(
        create=step.created,
        resize=() if is_going else tuple(_resizes(scene, step)),
        delete=_surplus(scene.rollout, scene.old) if step.cleans_up else (),
        revision=None if is_going else _revision(scene, step),
        status=status,
        check_in=check_in(scene.rollout, status, scene.now),
    )


def _with_found(scene: _Scene, step: _Step) -> _Scene:
    """Progressing begins with the new ReplicaSet: made now, or found to be there already."""
    if scene.rollout.deadline is None:
        return scene
    if step.created is not None:
        message = f'Created new replica set "{step.created.name}"'
        return _with_condition(scene, "True", "NewReplicaSetCreated", message)
    if scene.new is not None and conditions.find(scene.status.get("conditions", ()), PROGRESSING) is None:
        return _with_condition(scene, "True", "FoundNewReplicaSet", f'Found new replica set "{scene.new.name}"')
    return scene


def _after(scene: _Scene, step: _Step) -> tuple[Replicas | None, list[Replicas]]:
    old = [one.scaled(step.sizes.get(one.name, one.spec)) for one in scene.old]
    if step.created is not None:
        return Replicas(step.created.name, step.created.replicas), old
    if scene.new is None:
        return None, old
    return scene.new.scaled(step.sizes.get(scene.new.name, scene.new.spec)), old


def _resizes(scene: _Scene, step: _Step) -> list[Resize]:
    """Patches for ReplicaSets whose size, annotations or readiness rule are to change."""
    patches: list[Resize] = []
    for one in scene.old:
        if one.name in step.sizes:
            size = step.sizes[one.name]
            annotations = {**one.annotations, **scene.rollout.limits}
            if size != one.spec or annotations != dict(one.annotations):
                patches.append(Resize(one.name, one.spec, size, scene.rollout.limits))
    if scene.new is not None and scene.new_view is not None:
        patch = _resize_new(scene, scene.new, scene.new_view, step.sizes.get(scene.new.name))
        if patch is not None:
            patches.append(patch)
    return patches


def _resize_new(scene: _Scene, new: Replicas, view: ReplicaSet, size: int | None) -> Resize | None:
    own = scene.deployment.metadata.annotations
    wanted = revisions.annotations_for(new.annotations, own, _next_revision(scene), {}, exists=True)
    if size is not None:
        wanted.update(scene.rollout.limits)
    changed = {name: value for name, value in wanted.items() if new.annotations.get(name) != value}
    min_ready = scene.deployment.spec.min_ready_seconds or 0
    is_stale = (view.spec.min_ready_seconds or 0) != min_ready
    replicas = new.spec if size is None else size
    if not changed and not is_stale and replicas == new.spec:
        return None
    return Resize(new.name, new.spec, replicas, changed, min_ready if is_stale else None)


def _revision(scene: _Scene, step: _Step) -> str | None:
    if step.created is not None:
        wanted = step.created.annotations[REVISION]
    elif scene.new is not None:
        wanted = str(max(_next_revision(scene), revisions.revision_of(scene.new.annotations)))
    else:
        return None
    return wanted if scene.deployment.metadata.annotations.get(REVISION) != wanted else None


def _surplus(rollout: Rollout, old: Sequence[Replicas]) -> tuple[str, ...]:
    """Old ReplicaSets beyond the history limit, oldest revision first; never one that still has Pods."""
    if rollout.history_limit is None:
        return ()
    alive = [one for one in old if not one.is_going]
    surplus = len(alive) - rollout.history_limit
    if surplus <= 0:
        return ()
    ordered = sorted(alive, key=lambda one: (revisions.revision_of(one.annotations), one.created, one.name))
    return tuple(one.name for one in ordered[:surplus] if one.actual == 0 and one.spec == 0 and one.is_observed)


def _with_condition(scene: _Scene, status: str, reason: str, message: str) -> _Scene:
    new = condition(PROGRESSING, status, reason, message, scene.now)
    found = conditions.changed(scene.status.get("conditions", ()), new)
    return replace(scene, status={**scene.status, "conditions": found})
