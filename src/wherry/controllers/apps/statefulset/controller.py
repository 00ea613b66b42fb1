"""Claims a StatefulSet's Pods and carries its plan out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from wherry.api import Obj, errors
from wherry.api.apps.controllerrevision import CONTROLLERREVISIONS
from wherry.api.apps.statefulset import STATEFULSETS
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.features import Gate
from wherry.api.types.apps_v1 import ControllerRevision, StatefulSet
from wherry.api.types.core_v1 import PersistentVolumeClaim, Pod
from wherry.api.types.decoding import convert
from wherry.client import Informer, Key
from wherry.controllers.apps.statefulset import revisions as history
from wherry.controllers.apps.statefulset.identity import is_member, revision_of
from wherry.controllers.apps.statefulset.plan import Action, Plan, Scene, plan
from wherry.controllers.apps.statefulset.pods import Actor
from wherry.controllers.claiming import claim_children
from wherry.controllers.documents import plain, status_patch
from wherry.controllers.ownership import index_by_controller, is_up_for_adoption, key_of, owner_keys
from wherry.controllers.podcontrol import slow_start
from wherry.controllers.selectors import matches
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch
from wherry.reconcile.expectations import Expectations


class State(Struct, frozen=True):
    sets: Informer[StatefulSet]
    pods: Informer[Pod]
    claims: Informer[PersistentVolumeClaim]
    revisions: Informer[ControllerRevision]
    expected: Expectations[str]


class _Revisions(Struct, frozen=True):
    """The two that matter in a pass, all others, and how many names were found taken."""

    current: ControllerRevision
    update: ControllerRevision
    known: Sequence[ControllerRevision]
    collisions: int


def start(deps: Deps) -> State:
    client = deps.client
    pods, revisions = client.informer(PODS, Pod), client.informer(CONTROLLERREVISIONS, ControllerRevision)
    index_by_controller(pods)
    index_by_controller(revisions)
    claims = client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim)
    return State(client.informer(STATEFULSETS, StatefulSet), pods, claims, revisions, Expectations(pods, deps.clock))


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    stateful_set = state.sets.get(key)
    if stateful_set is None:
        return DONE
    selector, owner = stateful_set.spec.selector, (STATEFULSETS, stateful_set.metadata)
    known = await claim_children(
        deps.client, owner, lambda labels: matches(selector, labels), CONTROLLERREVISIONS, state.revisions
    )
    pods = await claim_children(
        deps.client,
        owner,
        lambda labels: matches(selector, labels),
        PODS,
        state.pods,
        is_member=lambda pod: is_member(stateful_set, pod),
    )
    revisions = await _revisions(stateful_set, known, deps)
    decided, failure = await _scale(stateful_set, pods, revisions, deps)
    await _write_status(stateful_set, decided.status, deps)
    await _truncate(stateful_set, pods, revisions, deps)
    if failure is not None:
        raise failure
    return Result(decided.look_again)


async def _scale(
    stateful_set: StatefulSet, pods: Sequence[Pod], revisions: _Revisions, deps: Deps
) -> tuple[Plan, Exception | None]:
    state: State = deps.state
    current, update = revisions.current.metadata.name, revisions.update.metadata.name
    templates = {
        current: history.template_of(stateful_set, revisions.current),
        update: history.template_of(stateful_set, None),
    }
    actor = Actor(deps, stateful_set, templates, state.claims, state.expected)
    may = deps.features.has(Gate.MAX_UNAVAILABLE_STATEFUL_SET)
    scene = Scene(stateful_set, pods, actor.find_claim, current, update, revisions.collisions, deps.clock.time(), may)
    decided = plan(scene, may_scale=state.expected.is_satisfied(stateful_set.metadata.uid))
    for phase in decided.phases:
        failure = await _perform(actor, phase, is_parallel=scene.is_parallel)
        if failure is not None:
            return decided, failure
    return decided, None


async def _perform(actor: Actor, phase: Sequence[Action], *, is_parallel: bool) -> Exception | None:
    """One after the other, or all together; the first failure ends it."""
    if is_parallel:
        return (await slow_start(len(phase), lambda number: actor.act(phase[number])))[1]
    for action in phase:
        try:
            await actor.act(action)
        except Exception as failure:
            return failure
    return None


async def _revisions(stateful_set: StatefulSet, known: Sequence[ControllerRevision], deps: Deps) -> _Revisions:
    """Find the revisions, or make that of a new template."""
    target = history.target(stateful_set, known)
    collisions = stateful_set.status.collision_count or 0
    update = target.found
    if update is None and stateful_set.metadata.deletion_timestamp is None:
        update, collisions = await _create_revision(stateful_set, target.number, collisions, deps)
    elif update is None:
        update = convert(ControllerRevision, history.new_revision(stateful_set, target.number, collisions))
    elif update.revision != target.number:
        patch = {"revision": target.number}
        await deps.client.patch(CONTROLLERREVISIONS, update.metadata.name, patch, update.metadata.namespace)
    name = stateful_set.status.current_revision
    current = next((one for one in known if one.metadata.name == name), update)
    return _Revisions(current, update, known, collisions)


async def _create_revision(
    stateful_set: StatefulSet, number: int, collisions: int, deps: Deps
) -> tuple[ControllerRevision, int]:
    """Make the revision under the first name that is free, or find it made already."""
    namespace = stateful_set.metadata.namespace
    while True:
        revision = history.new_revision(stateful_set, number, collisions)
        try:
            created = await deps.client.create(CONTROLLERREVISIONS, revision, namespace)
        except errors.AlreadyExists:
            created = await deps.client.get(CONTROLLERREVISIONS, revision["metadata"]["name"], namespace)
            if created.get("data") != revision["data"]:
                collisions += 1
                continue
        return convert(ControllerRevision, created), collisions


async def _truncate(stateful_set: StatefulSet, pods: Sequence[Pod], revisions: _Revisions, deps: Deps) -> None:
    live = {revisions.current.metadata.name, revisions.update.metadata.name, *map(revision_of, pods)}
    for surplus in history.surplus(stateful_set, revisions.known, live):
        metadata = surplus.metadata
        try:
            await deps.client.delete(CONTROLLERREVISIONS, metadata.name, metadata.namespace, uid=metadata.uid)
        except errors.NotFound:
            continue


async def _write_status(stateful_set: StatefulSet, status: Obj, deps: Deps) -> None:
    """Conditions are other people's."""
    old = {name: value for name, value in plain(stateful_set.status).items() if name != "conditions"}
    patch = status_patch(old, status)
    if patch is not None:
        metadata = stateful_set.metadata
        try:
            await deps.client.patch(STATEFULSETS, metadata.name, patch, metadata.namespace, subresource="status")
        except errors.NotFound:
            return


def _of_pod(old: Pod | None, new: Pod | None, deps: Deps) -> Iterable[Key]:
    keys = owner_keys("StatefulSet", old, new)
    if new is not None and is_up_for_adoption(old, new):
        for stateful_set in deps.state.sets.list(new.metadata.namespace):
            if matches(stateful_set.spec.selector, new.metadata.labels):
                keys.append(key_of(stateful_set.metadata))
    return keys


def _of_claim(old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None, deps: Deps) -> Iterable[Key]:
    """A claim that is gone may be what a new Pod waited for, or what a waiting one lacks."""
    if old is None or new is not None:
        return
    for stateful_set in deps.state.sets.list(old.metadata.namespace):
        templates = stateful_set.spec.volume_claim_templates
        if any(
            old.metadata.name.startswith(f"{template.metadata.name}-{stateful_set.metadata.name}-")
            for template in templates
        ):
            yield key_of(stateful_set.metadata)


def _of_revision(old: ControllerRevision | None, new: ControllerRevision | None, deps: Deps) -> Iterable[Key]:
    """Our own are made and numbered in passes that see to the rest as well; what others take away has to be noticed."""
    return owner_keys("StatefulSet", old, new) if new is None else ()


CONTROLLER = Controller(
    name="statefulset-controller",
    component="statefulset-controller",
    reconciles=STATEFULSETS,
    view=StatefulSet,
    reconcile=reconcile,
    reads=(
        Watch(PODS, Pod, _of_pod),
        Watch(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim, _of_claim),
        Watch(CONTROLLERREVISIONS, ControllerRevision, _of_revision),
    ),
    writes=(
        "statefulsets.apps/status",
        "pods[of StatefulSets]",
        "persistentvolumeclaims[of StatefulSets]",
        "controllerrevisions.apps[of StatefulSets]",
    ),
    start=start,
)
