"""What is to be done about the volumes of one node. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from wherry.api.types.core_v1 import Node, Pod
from wherry.api.types.storage_v1 import VolumeAttachment
from wherry.controllers.storage.attachdetach.usage import Wanted

LONGEST_UNMOUNT = 360.0
"""How long the kubelet of a node that is not ready may have a volume mounted, in seconds."""
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


class Scene(Struct, frozen=True):
    """A node, what its Pods want, and what stands in the API."""

    node: Node | None
    """None when it is gone."""
    wanted: Mapping[str, Wanted]
    """By the name that nodes report."""
    attached: Mapping[str, VolumeAttachment]
    """The attachments that there are for the node, by the same name."""
    elsewhere: Mapping[str, Sequence[Pod]]
    """Volumes that another node has, with the Pods that use them there."""
    unwanted_since: Mapping[str, float]
    """On the monotonic clock."""


class Plan(Struct, frozen=True):
    attach: Sequence[Wanted] = ()
    refuse: Sequence[tuple[Wanted, str]] = ()
    """Volumes that may not be attached now, and why."""
    report: Sequence[str] = ()
    """What the node's status is to say it has."""
    detach: Sequence[VolumeAttachment] = ()
    unwanted: Sequence[str] = ()
    """What nobody wants, be it that it is detached now or that it has to wait."""
    wait: float | None = None
    """When to look again, in seconds."""


def plan(scene: Scene, now: float) -> Plan:
    attach, refuse = [], []
    for name, one in scene.wanted.items():
        if name in scene.attached:
            continue
        if one.is_exclusive and name in scene.elsewhere:
            refuse.append((one, multi_attach_message(one, scene.elsewhere[name])))
        else:
            attach.append(one)
    unwanted = [name for name in scene.attached if name not in scene.wanted]
    delays = {name: _delay(name, scene, now) for name in unwanted}
    report = [
        name
        for name, one in scene.attached.items()
        if one.status.attached and delays.get(name, 1.0) != 0.0 and one.metadata.deletion_timestamp is None
    ]
    waits = [delay for delay in delays.values() if delay]
    return Plan(
        attach=tuple(attach),
        refuse=tuple(refuse),
        report=tuple(sorted(report)),
        detach=tuple(
            scene.attached[name]
            for name in unwanted
            if delays[name] == 0.0 and scene.attached[name].metadata.deletion_timestamp is None
        ),
        unwanted=tuple(unwanted),
        wait=min(waits, default=None),
    )


def _delay(name: str, scene: Scene, now: float) -> float | None:
    """How long an unwanted volume stays; None: until its kubelet says that it is not mounted any more."""
    node = scene.node
    if node is None or name not in node.status.volumes_in_use:
        return 0.0
    if any(taint.key == OUT_OF_SERVICE for taint in node.spec.taints):
        return 0.0
    if is_ready(node):
        return None
    return max(0.0, scene.unwanted_since.get(name, now) + LONGEST_UNMOUNT - now)


def is_ready(node: Node) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)


def multi_attach_message(wanted: Wanted, others: Collection[Pod]) -> str:
    """Who has the volume, as far as whoever may read the Event may know."""
    prefix = f'Multi-Attach error for volume "{wanted.volume.metadata.name}" '
    if not others:
        return prefix + "Volume is already exclusively attached to one node and can't be attached to another"
    namespace = wanted.pods[0].metadata.namespace
    local = [pod.metadata.name for pod in others if pod.metadata.namespace == namespace]
    strangers = len(others) - len(local)
    if not local:
        return prefix + f"Volume is already used by {strangers} pod(s) in different namespaces"
    used = prefix + f"Volume is already used by pod(s) {', '.join(local)}"
    return used + f" and {strangers} pod(s) in different namespaces" if strangers else used
