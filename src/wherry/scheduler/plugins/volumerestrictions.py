"""What only one may use at a time is used by one (upstream: VolumeRestrictions).

Two things: claims that may be written by a single Pod (ReadWriteOncePod), wherever that runs; and disks that Pods name
themselves, of kinds that can be attached once on a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wherry.api.types.core_v1 import Volume
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import NODE, PLACED_POD, Action, Check, Filter, Handle, Hint, Plugin, Refusal
from wherry.scheduler.volumes.claims import claims_of
from wherry.scheduler.volumes.inventory import Inventory
from wherry.scheduler.volumes.sources import CLAIM, own_claim_helps
from wherry.scheduler.volumes.use import ClaimUse

_DISK = Refusal(("node(s) had no available disk",))
_ONE_POD = Refusal(("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",))


def make(_: Mapping[str, Any], handle: Handle) -> Plugin:
    rule = _Rule(handle.common(Inventory), handle.common(ClaimUse))
    return Plugin(
        "VolumeRestrictions",
        filter=Filter(rule.prepare),
        hints=(
            Hint(PLACED_POD, Action.DELETE, pod_helps),
            Hint(NODE, Action.ADD),
            Hint(CLAIM, Action.ADD | Action.UPDATE, own_claim_helps),
        ),
    )


class _Rule:
    def __init__(self, inventory: Inventory, use: ClaimUse) -> None:
        self._inventory = inventory
        self._use = use

    def prepare(self, pod: PodInfo, _: Cluster) -> Check | Refusal | None:
        if not pod.volumes:
            return None
        is_used = False
        for wanted in claims_of(pod):
            claim = self._inventory.claims.get(wanted.key)
            if claim is None:
                return Refusal((f'persistentvolumeclaim "{wanted.key.name}" not found',), is_lasting=True)
            if "ReadWriteOncePod" in claim.spec.access_modes:
                is_used = is_used or self._use.count(wanted.key) > 0
        disks = [one for one in pod.volumes if _is_disk(one)]
        if not is_used and not disks:
            return None

        def check(node: NodeInfo) -> Refusal | None:
            if disks and _is_taken(disks, node):
                return _DISK
            return _ONE_POD if is_used else None

        return check


def _is_disk(volume: Volume) -> bool:
    return not (
        volume.gce_persistent_disk is None
        and volume.aws_elastic_block_store is None
        and volume.iscsi is None
        and volume.rbd is None
    )


def _is_taken(disks: list[Volume], node: NodeInfo) -> bool:
    return any(conflicts(disk, theirs) for other in node.pods.values() for theirs in other.volumes for disk in disks)


def conflicts(one: Volume, other: Volume) -> bool:
    """Whether both name one disk that cannot be attached twice; read-only use does not count where the kind allows."""
    if (gce := one.gce_persistent_disk) is not None and (their_gce := other.gce_persistent_disk) is not None:
        return gce.pd_name == their_gce.pd_name and not (gce.read_only and their_gce.read_only)
    if (aws := one.aws_elastic_block_store) is not None and (their_aws := other.aws_elastic_block_store) is not None:
        return aws.volume_id == their_aws.volume_id
    if (iscsi := one.iscsi) is not None and (their_iscsi := other.iscsi) is not None:
        return iscsi.iqn == their_iscsi.iqn and not (iscsi.read_only and their_iscsi.read_only)
    if (rbd := one.rbd) is not None and (their_rbd := other.rbd) is not None:
        is_same = (rbd.pool or "rbd", rbd.image) == (their_rbd.pool or "rbd", their_rbd.image)
        shares = any(monitor in their_rbd.monitors for monitor in rbd.monitors)
        return is_same and shares and not (rbd.read_only and their_rbd.read_only)
    return False


def pod_helps(pod: PodInfo, old: PodInfo, _: None) -> bool:
    """A Pod went that used one of the claims or disks."""
    wanted = {one.key for one in claims_of(pod)}
    if any(one.key in wanted for one in claims_of(old)):
        return True
    return any(conflicts(mine, theirs) for mine in pod.volumes for theirs in old.volumes)
