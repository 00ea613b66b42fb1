"""Which Pods of a StatefulSet to create, mend and delete now, and what its status says.

Two rules hold whatever happens. With OrderedReady one thing is done at a time, and none before all Pods of lower
ordinals are available (deletion goes from the highest ordinal down). And a rolling update deletes an available Pod only
while fewer than `maxUnavailable` are missing; with Parallel it may always delete those that are of no use anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum

from msgspec import Struct, field

from wherry.api import Obj
from wherry.api.meta.intorstring import scaled
from wherry.api.types.apps_v1 import StatefulSet
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.api.types.meta_v1 import ObjectMeta
from wherry.controllers.apps.statefulset.claims import FindClaim, Member, are_owned_rightly, claim_names, is_stale
from wherry.controllers.apps.statefulset.identity import (
    has_identity,
    has_storage,
    is_in_range,
    name_of,
    ordinal_of,
    replicas_of,
    revision_of,
    start_of,
)
from wherry.controllers.podstate import available_in, is_available, is_finished, is_ready


class Verb(Enum):
    """What is done to the Pod of an ordinal."""

    CREATE = "create"
    DELETE = "delete"
    MEND = "mend"
    """Give it back its labels, its volumes and the owners of its claims."""
    CLAIM = "claim"
    """Make the claims that a waiting Pod lacks."""
    HAND_OVER = "hand over"
    """Give its claims the owners that the retention policy wants."""


class Action(Struct, frozen=True):
    verb: Verb
    member: Member
    pod: Pod | None = None
    revision: str = ""
    """For CREATE: the name of the revision to make it from."""


class Plan(Struct, frozen=True):
    """Carried out phase by phase; with Parallel the actions of one phase may go together."""

    phases: tuple[tuple[Action, ...], ...]
    status: Obj
    look_again: float | None


class Scene(Struct, frozen=True):
    """What a pass found: all Pods that are owned, and the names of the revisions before and after the rollout."""

    stateful_set: StatefulSet
    pods: Sequence[Pod]
    claim: FindClaim
    current: str
    update: str
    collisions: int
    now: float
    has_max_unavailable: bool = True
    """Whether a rolling update may take more than one Pod at a time."""

    @property
    def is_parallel(self) -> bool:
        return self.stateful_set.spec.pod_management_policy == "Parallel"

    @property
    def min_ready(self) -> int:
        return self.stateful_set.spec.min_ready_seconds or 0

    def is_available(self, pod: Pod) -> bool:
        return is_available(pod, self.min_ready, self.now)

    def is_missing(self, pod: Pod | None) -> bool:
        """Not there, not ready for long enough, or on its way out."""
        return pod is None or _is_going(pod) or not _is_running_and_ready(pod) or not self.is_available(pod)

    def member(self, ordinal: int, pod: Pod | None) -> Member:
        if pod is not None:
            return Member(pod.metadata, ordinal, is_in_range(self.stateful_set, ordinal))
        metadata = {"name": name_of(self.stateful_set, ordinal), "namespace": self.stateful_set.metadata.namespace}
        return Member(convert(ObjectMeta, metadata), ordinal, is_wanted=True)


class _Draft(Struct):
    """The slots from the lowest ordinal up, those beyond the range from the highest down, and what to do so far."""

    slots: list[Pod | None]
    condemned: list[Pod]
    phases: list[tuple[Action, ...]] = field(default_factory=list)
    deleted_for_update: int = 0


def plan(scene: Scene, *, may_scale: bool) -> Plan:
    """`may_scale` is False while own writes are on their way."""
    draft = _sort(scene)
    if may_scale and scene.stateful_set.metadata.deletion_timestamp is None:
        _decide(scene, draft)
        counted: Iterable[Pod] = [pod for pod in (*draft.slots, *draft.condemned) if pod is not None]
    else:
        counted = scene.pods
    waits = [available_in(pod, scene.min_ready, scene.now) for pod in counted]
    return Plan(
        phases=tuple(phase for phase in draft.phases if phase),
        status=_status(scene, counted, draft.deleted_for_update),
        look_again=min((wait for wait in waits if wait is not None), default=None),
    )


def _sort(scene: Scene) -> _Draft:
    start = start_of(scene.stateful_set)
    slots: list[Pod | None] = [None] * replicas_of(scene.stateful_set)
    condemned: list[Pod] = []
    for pod in scene.pods:
        ordinal = ordinal_of(pod)
        if is_in_range(scene.stateful_set, ordinal):
            slots[ordinal - start] = pod
        elif ordinal >= 0:
            condemned.append(pod)
    condemned.sort(key=ordinal_of, reverse=True)
    return _Draft(slots, condemned)


def _decide(scene: Scene, draft: _Draft) -> None:
    if _fill(scene, draft) and not scene.is_parallel:
        return
    draft.phases.append(tuple(_hand_over(scene, draft.condemned)))
    if _shrink(scene, draft) and not scene.is_parallel:
        return
    if (strategy := scene.stateful_set.spec.update_strategy) is None or strategy.type != "OnDelete":
        _roll(scene, draft)


def _fill(scene: Scene, draft: _Draft) -> bool:
    """See to the Pods that are wanted; True when one of them holds the others up."""
    actions: list[Action] = []
    start = start_of(scene.stateful_set)
    is_held_up = False
    for index, pod in enumerate(draft.slots):
        found, is_blocking = _see_to(scene, start + index, pod)
        actions += found
        is_held_up = is_held_up or is_blocking
        if is_blocking and not scene.is_parallel:
            break
    draft.phases.append(tuple(actions))
    return is_held_up


def _see_to(scene: Scene, ordinal: int, pod: Pod | None) -> tuple[list[Action], bool]:
    """(what to do about one ordinal, whether others have to wait for it)."""
    member = scene.member(ordinal, pod)
    if pod is None:
        if is_stale(scene.stateful_set, member, scene.claim):
            return [], True
        return [Action(Verb.CREATE, member, revision=_revision_for(scene, ordinal))], True
    if is_finished(pod):
        return ([] if _is_going(pod) else [Action(Verb.DELETE, member, pod)]), True
    actions: list[Action] = []
    if pod.status.phase == "Pending" and _lacks_claims(scene, member):
        actions.append(Action(Verb.CLAIM, member, pod))
    if not scene.is_parallel and scene.is_missing(pod):
        return actions, True
    if not _is_whole(scene, member, pod):
        actions.append(Action(Verb.MEND, member, pod))
    return actions, False


def _revision_for(scene: Scene, ordinal: int) -> str:
    """Below the partition a Pod is made again as it was."""
    stateful_set = scene.stateful_set
    strategy = stateful_set.spec.update_strategy
    rolling = strategy.rolling_update if strategy is not None else None
    index = ordinal - start_of(stateful_set)
    if rolling is not None:
        is_old = index < (rolling.partition or 0)
    else:
        is_rolling = strategy is None or strategy.type == "RollingUpdate"
        is_old = is_rolling and index < (stateful_set.status.current_replicas or 0)
    return scene.current if is_old else scene.update


def _lacks_claims(scene: Scene, member: Member) -> bool:
    names = claim_names(scene.stateful_set, member.ordinal)
    return any(scene.claim(name) is None for name in names) or not _claims_are_right(scene, member)


def _claims_are_right(scene: Scene, member: Member) -> bool:
    return are_owned_rightly(scene.stateful_set, member, scene.claim)


def _is_whole(scene: Scene, member: Member, pod: Pod) -> bool:
    return has_identity(pod) and has_storage(scene.stateful_set, pod) and _claims_are_right(scene, member)


def _hand_over(scene: Scene, condemned: Sequence[Pod]) -> list[Action]:
    members = [(pod, scene.member(ordinal_of(pod), pod)) for pod in condemned]
    return [Action(Verb.HAND_OVER, member, pod) for pod, member in members if not _claims_are_right(scene, member)]


def _shrink(scene: Scene, draft: _Draft) -> bool:
    """Delete what is beyond the range; True while there is such a Pod."""
    actions = [Action(Verb.DELETE, scene.member(ordinal_of(p), p), p) for p in draft.condemned if not _is_going(p)]
    if not scene.is_parallel and draft.condemned:
        actions = actions[:1] if _may_go_first(scene, draft) else []
    draft.phases.append(tuple(actions))
    return bool(draft.condemned)


def _may_go_first(scene: Scene, draft: _Draft) -> bool:
    """Whether the Pod of the highest ordinal may go: it has been well for long enough, or is the first that is not."""
    highest = draft.condemned[0]
    if _is_going(highest):
        return False
    if not scene.is_missing(highest):
        return True
    first = next((pod for pod in (*draft.slots, *reversed(draft.condemned)) if not _is_well(pod)), None)
    return first is highest


def _roll(scene: Scene, draft: _Draft) -> None:
    strategy = scene.stateful_set.spec.update_strategy
    rolling = strategy.rolling_update if strategy is not None else None
    partition = (rolling.partition or 0) if rolling is not None else 0
    missing = sum(1 for pod in draft.slots if scene.is_missing(pod))
    room = max(0, _max_unavailable(scene) - missing)
    old = [pod for pod in reversed(draft.slots[partition:]) if pod is not None and _is_outdated(scene, pod)]
    if scene.is_parallel:
        useless = [pod for pod in old if not scene.is_available(pod)]
        goes = useless + [pod for pod in old if scene.is_available(pod)][:room]
    else:
        goes = old[:room]
    draft.deleted_for_update = len(goes)
    draft.phases.append(tuple(Action(Verb.DELETE, scene.member(ordinal_of(pod), pod), pod) for pod in goes))


def _is_outdated(scene: Scene, pod: Pod) -> bool:
    """Of another revision, and not about to go anyway."""
    return revision_of(pod) != scene.update and not _is_going(pod) and not is_finished(pod)


def _max_unavailable(scene: Scene) -> int:
    strategy = scene.stateful_set.spec.update_strategy
    rolling = strategy.rolling_update if strategy is not None else None
    most = rolling.max_unavailable if rolling is not None and scene.has_max_unavailable else None
    return 1 if most is None else max(1, scaled(most, replicas_of(scene.stateful_set), False))


def _status(scene: Scene, pods: Iterable[Pod], deleted: int) -> Obj:
    """Counts, as they are but for the old Pods that a rolling update deletes now."""
    known = [pod for pod in pods if pod.status.phase]
    ready = [pod for pod in known if _is_running_and_ready(pod)]
    staying = [revision_of(pod) for pod in known if not _is_going(pod)]
    replicas = len(known)
    current, updated = staying.count(scene.current) - deleted, staying.count(scene.update)
    status: Obj = {
        "observedGeneration": scene.stateful_set.metadata.generation,
        "replicas": replicas,
        "currentRevision": scene.current,
        "updateRevision": scene.update,
        "collisionCount": scene.collisions,
        "availableReplicas": sum(1 for pod in ready if scene.is_available(pod)),
    }
    strategy, wanted = scene.stateful_set.spec.update_strategy, replicas_of(scene.stateful_set)
    is_rolling = strategy is not None and strategy.type == "RollingUpdate"
    if is_rolling and updated == len(ready) == replicas == wanted:
        current, status["currentRevision"] = updated, scene.update
    counts = {"readyReplicas": len(ready), "currentReplicas": max(0, current), "updatedReplicas": updated}
    status.update({name: count for name, count in counts.items() if count})
    return status


def _is_running_and_ready(pod: Pod) -> bool:
    return pod.status.phase == "Running" and is_ready(pod)


def _is_well(pod: Pod | None) -> bool:
    return pod is not None and _is_running_and_ready(pod) and not _is_going(pod)


def _is_going(pod: Pod) -> bool:
    return pod.metadata.deletion_timestamp is not None
