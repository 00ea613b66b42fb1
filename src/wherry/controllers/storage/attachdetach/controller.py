"""Acts on the plan of a node's volumes. A key is a node."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from wherry.api import Obj, errors
from wherry.api.core.node import NODES
from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.pod import PODS
from wherry.api.core.podclaims import claim_names
from wherry.api.storage.csidriver import CSIDRIVERS
from wherry.api.storage.volumeattachment import VOLUMEATTACHMENTS
from wherry.api.types.core_v1 import Node, PersistentVolume, PersistentVolumeClaim, Pod
from wherry.api.types.storage_v1 import CSIDriver, VolumeAttachment
from wherry.client import Informer, Key
from wherry.controllers.core.node.lifecycle import BY_NODE, pods_by_node
from wherry.controllers.core.persistentvolume.indexes import BY_CLAIM, index_by_claim
from wherry.controllers.podstate import may_use_volumes
from wherry.controllers.storage.attachdetach.plan import Plan, Scene, is_ready, plan
from wherry.controllers.storage.attachdetach.usage import (
    MANAGED,
    Wanted,
    attachment_name,
    reported_name,
    wanted_volumes,
)
from wherry.reconcile.controller import DONE, Controller, Deps, Result, Watch

BY_VOLUME = "volume"


class State(Struct, frozen=True):
    nodes: Informer[Node]
    pods: Informer[Pod]
    claims: Informer[PersistentVolumeClaim]
    volumes: Informer[PersistentVolume]
    drivers: Informer[CSIDriver]
    attachments: Informer[VolumeAttachment]
    unwanted: dict[str, dict[str, float]] = field(default_factory=dict)
    """By node: volumes that nobody wants there any more, and since when on the monotonic clock."""
    refused: dict[str, dict[str, None]] = field(default_factory=dict)
    """By volume: nodes that wait until another lets it go."""


def start(deps: Deps) -> State:
    client = deps.client
    state = State(
        client.informer(NODES, Node),
        client.informer(PODS, Pod),
        client.informer(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim),
        client.informer(PERSISTENTVOLUMES, PersistentVolume),
        client.informer(CSIDRIVERS, CSIDriver),
        client.informer(VOLUMEATTACHMENTS, VolumeAttachment),
    )
    pods_by_node(state.pods)
    index_by_claim(state.pods)
    state.attachments.add_index(BY_NODE, lambda one: (one.spec.node_name,))
    state.attachments.add_index(BY_VOLUME, lambda one: (one.spec.source.persistent_volume_name or "",))
    return state


async def reconcile(key: Key, deps: Deps) -> Result:
    state: State = deps.state
    name = key.name
    node = state.nodes.get(key)
    if node is not None and node.metadata.annotations.get(MANAGED) != "true":
        return DONE
    now = deps.clock.monotonic()
    since = state.unwanted.get(name, {})
    scene = _scene(name, node, since, state)
    todo = plan(scene, now)
    _remember(name, todo, since, now, state)
    if node is not None:
        await _report(node, todo, scene, deps)
    for wanted in todo.attach:
        await _attach(wanted, name, deps)
    for one in todo.detach:
        await _detach(one, deps)
    return Result(todo.wait)


def _scene(name: str, node: Node | None, since: dict[str, float], state: State) -> Scene:
    def volume_of(volume: str) -> PersistentVolume | None:
        return state.volumes.get(Key("", volume))

    pods = state.pods.by_index(BY_NODE, name) if node is not None else ()
    wanted = wanted_volumes(pods, state.claims.get, volume_of, lambda driver: _attaches(driver, state))
    attached = {}
    for one in sorted(state.attachments.by_index(BY_NODE, name), key=lambda one: one.metadata.name):
        volume = volume_of(one.spec.source.persistent_volume_name or "")
        if volume is None or volume.spec.csi is None:
            continue
        if one.metadata.name == attachment_name(volume.spec.csi, name):
            attached[reported_name(volume.spec.csi)] = one
    return Scene(node, wanted, attached, _elsewhere(name, wanted, state), since)


def _attaches(driver: str, state: State) -> bool:
    """A driver that says nothing of itself is attached."""
    found = state.drivers.get(Key("", driver))
    return found is None or found.spec.attach_required is not False


def _elsewhere(node: str, wanted: dict[str, Wanted], state: State) -> dict[str, list[Pod]]:
    """Exclusive volumes that another node has, and the Pods there that use them."""
    found: dict[str, list[Pod]] = {}
    for name, one in wanted.items():
        if not one.is_exclusive:
            continue
        volume = one.volume.metadata.name
        others = sorted(a.spec.node_name for a in state.attachments.by_index(BY_VOLUME, volume))
        for other in others:
            if other != node:
                found.setdefault(name, []).extend(_users(volume, other, state))
    return found


def _users(volume: str, node: str, state: State) -> list[Pod]:
    pods = [pod for pod in state.pods.by_index(BY_NODE, node) if may_use_volumes(pod) and _uses(pod, volume, state)]
    return sorted(pods, key=lambda pod: (pod.metadata.namespace, pod.metadata.name))


def _uses(pod: Pod, volume: str, state: State) -> bool:
    claims = [state.claims.get(Key(pod.metadata.namespace, name)) for name in claim_names(pod)]
    return any(claim is not None and claim.spec.volume_name == volume for claim in claims)


def _remember(name: str, todo: Plan, since: dict[str, float], now: float, state: State) -> None:
    unwanted = {one: since.get(one, now) for one in todo.unwanted}
    if unwanted:
        state.unwanted[name] = unwanted
    else:
        state.unwanted.pop(name, None)


async def _report(node: Node, todo: Plan, scene: Scene, deps: Deps) -> None:
    """Tell Pods what became of their volumes, and the kubelet which it may mount."""
    before = {one.name for one in node.status.volumes_attached}
    if before != set(todo.report):
        attached: list[Obj] = [{"name": name, "devicePath": ""} for name in todo.report]
        patch: Obj = {"metadata": {"uid": node.metadata.uid}, "status": {"volumesAttached": attached or None}}
        try:
            await deps.client.patch(NODES, node.metadata.name, patch, subresource="status")
        except errors.NotFound:
            return
    for name in todo.report:
        if name not in before and name in scene.wanted:
            wanted = scene.wanted[name]
            said = f'AttachVolume.Attach succeeded for volume "{wanted.volume.metadata.name}" '
            _tell(wanted, "Normal", "SuccessfulAttachVolume", said, deps)
    state: State = deps.state
    for wanted, why in todo.refuse:
        waiting = state.refused.setdefault(wanted.volume.metadata.name, {})
        if node.metadata.name not in waiting:
            waiting[node.metadata.name] = None
            _tell(wanted, "Warning", "FailedAttachVolume", why, deps)


async def _attach(wanted: Wanted, node: str, deps: Deps) -> None:
    name = wanted.volume.metadata.name
    attachment = {
        "apiVersion": VOLUMEATTACHMENTS.api_version,
        "kind": VOLUMEATTACHMENTS.kind,
        "metadata": {"name": attachment_name(wanted.source, node)},
        "spec": {
            "attacher": wanted.source.driver,
            "nodeName": node,
            "source": {"persistentVolumeName": name},
        },
    }
    try:
        await deps.client.create(VOLUMEATTACHMENTS, attachment)
    except errors.AlreadyExists:
        return
    except errors.ApiError as error:
        said = f'AttachVolume.Attach failed for volume "{name}" : {error.message}'
        _tell(wanted, "Warning", "FailedAttachVolume", said, deps)
        raise


async def _detach(attachment: VolumeAttachment, deps: Deps) -> None:
    meta = attachment.metadata
    try:
        await deps.client.delete(VOLUMEATTACHMENTS, meta.name, uid=meta.uid)
    except errors.NotFound:
        return


def _tell(wanted: Wanted, type: str, reason: str, message: str, deps: Deps) -> None:
    for pod in wanted.pods:
        deps.events.event(pod, type, reason, message)


def _pod_changed(old: Pod | None, new: Pod | None, _: Deps) -> Iterable[Key]:
    """The node of a Pod with claims, when it came there, ended, or went."""
    pod = new if new is not None else old
    if pod is None or not pod.spec.volumes or not pod.spec.node_name or not claim_names(pod):
        return ()
    is_known = old is not None and bool(old.spec.node_name)
    if is_known and old is not None and new is not None and may_use_volumes(old) == may_use_volumes(new):
        return ()
    return (Key("", pod.spec.node_name),)


def _claim_changed(old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None, deps: Deps) -> Iterable[Key]:
    """A claim was bound: Pods that had a node already wait for that."""
    if new is None or new.status.phase != "Bound" or (old is not None and old.status.phase == "Bound"):
        return ()
    meta = new.metadata
    pods: Iterable[Pod] = deps.state.pods.by_index(BY_CLAIM, f"{meta.namespace}/{meta.name}")
    return [Key("", name) for name in dict.fromkeys(pod.spec.node_name for pod in pods) if name]


def _node_changed(old: Node | None, new: Node | None, deps: Deps) -> Iterable[Key]:
    """What the kubelet has mounted, and whether it can be trusted to say so."""
    node = new if new is not None else old
    if node is None:
        return ()
    if old is not None and new is not None and _mounting(old) == _mounting(new):
        return ()
    return (Key("", node.metadata.name),)


def _mounting(node: Node) -> tuple[object, ...]:
    managed = node.metadata.annotations.get(MANAGED)
    return (node.status.volumes_in_use, node.status.volumes_attached, node.spec.taints, is_ready(node), managed)


def _attachment_changed(old: VolumeAttachment | None, new: VolumeAttachment | None, deps: Deps) -> Iterable[Key]:
    """Its node; once it is gone, those that wait for the volume; and a failure is told at once."""
    one = new if new is not None else old
    if one is None:
        return ()
    volume = one.spec.source.persistent_volume_name or ""
    state: State = deps.state
    waiting = state.refused.pop(volume, {}) if new is None else {}
    if new is not None:
        _tell_failure(old, new, deps)
    return [Key("", name) for name in (one.spec.node_name, *waiting)]


def _tell_failure(old: VolumeAttachment | None, new: VolumeAttachment, deps: Deps) -> None:
    error = new.status.attach_error
    if error is None or (old is not None and old.status.attach_error == error):
        return
    volume = new.spec.source.persistent_volume_name or ""
    said = f'AttachVolume.Attach failed for volume "{volume}" : {error.message or ""}'
    for pod in _users(volume, new.spec.node_name, deps.state):
        deps.events.event(pod, "Warning", "FailedAttachVolume", said)


CONTROLLER = Controller(
    name="persistentvolume-attach-detach-controller",
    component="attachdetach-controller",
    reconciles=NODES,
    view=Node,
    reconcile=reconcile,
    reads=(
        Watch(NODES, Node, _node_changed),
        Watch(PODS, Pod, _pod_changed),
        Watch(PERSISTENTVOLUMECLAIMS, PersistentVolumeClaim, _claim_changed),
        Watch(VOLUMEATTACHMENTS, VolumeAttachment, _attachment_changed),
    ),
    writes=("volumeattachments.storage.k8s.io", "nodes/status.volumesAttached"),
    start=start,
    hears_own=False,
)
