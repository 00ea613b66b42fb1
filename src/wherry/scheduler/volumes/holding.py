"""What a decision holds of volumes until the Pod is bound: written, then waited for until all claims are bound."""

from __future__ import annotations

from wherry.api.core.persistentvolume import PERSISTENTVOLUMES
from wherry.api.core.persistentvolumeclaim import PERSISTENTVOLUMECLAIMS
from wherry.api.core.volumematching import SELECTED_NODE, is_fully_bound, reaches, versioned, volume_binding
from wherry.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from wherry.client import Key
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import HoldLost
from wherry.scheduler.volumes.finding import Choice
from wherry.scheduler.volumes.inventory import Inventory

PATIENCE = 600.0


class NotBound(HoldLost):
    """The claims of the Pod did not get what was decided; the text says why."""


class VolumeHold:
    """Promises what `choice` says, from now until `unreserve` or until all is bound."""

    def __init__(
        self, inventory: Inventory, pod: PodInfo, node: NodeInfo, choice: Choice, seconds: float = PATIENCE
    ) -> None:
        self._inventory = inventory
        self._pod = pod
        self._node = node
        self._choice = choice
        self._seconds = seconds
        self._is_held = True
        for claim, volume in choice.bind:
            inventory.promise(claim, volume=volume.metadata.name)
        for claim in choice.provision:
            inventory.promise(claim, node=node.name)

    async def pre_bind(self) -> None:
        """Have all claims bound."""
        try:
            for claim, volume in self._choice.bind:
                await self._take(volume, claim)
            for claim in self._choice.provision:
                await self._ask_for(claim)
            await self._inventory.awaiting.wait(self._is_bound, self._seconds)
        except (TimeoutError, NotBound) as error:
            raise NotBound(f"binding volumes: {error}") from error
        self.unreserve()

    def unreserve(self) -> None:
        if not self._is_held:
            return
        self._is_held = False
        for claim, _ in self._choice.bind:
            self._inventory.release(claim)
        for claim in self._choice.provision:
            self._inventory.release(claim)

    async def _take(self, volume: PersistentVolume, claim: PersistentVolumeClaim) -> None:
        shown = self._inventory.volume(volume.metadata.name)
        if shown is None:
            raise NotBound(f'persistentvolume "{volume.metadata.name}" not found')
        if (patch := volume_binding(shown, claim)) is not None:
            meta = volume.metadata
            patch = versioned(patch, meta.resource_version)
            await self._inventory.client.patch(PERSISTENTVOLUMES, meta.name, patch)

    async def _ask_for(self, claim: PersistentVolumeClaim) -> None:
        if claim.metadata.annotations.get(SELECTED_NODE) != self._node.name:
            meta = claim.metadata
            change = {"metadata": {"annotations": {SELECTED_NODE: self._node.name}}}
            patch = versioned(change, meta.resource_version)
            await self._inventory.client.patch(PERSISTENTVOLUMECLAIMS, meta.name, patch, meta.namespace)

    def _is_bound(self) -> bool:
        """Whether everything has come about; raises when it will not."""
        pod = self._inventory.pods.get(self._pod.key)
        if pod is None or pod.metadata.uid != self._pod.uid:
            raise NotBound(f'pod does not exist any more: pod "{self._pod.key.name}" not found')
        taken = all(self._is_taken(*one) for one in self._choice.bind)
        return taken and all(self._is_made(one) for one in self._choice.provision)

    def _is_taken(self, claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
        name = volume.metadata.name
        shown = self._inventory.volume(name)
        if shown is None:
            raise NotBound(f'failed to check binding: persistentvolume "{name}" not found')
        if shown.metadata.resource_version == volume.metadata.resource_version and volume.spec.claim_ref is None:
            return False  # our own write has not been shown yet
        self._check_reach(shown)
        if shown.spec.claim_ref is None or not shown.spec.claim_ref.uid:
            raise NotBound(f'ClaimRef got reset for pv "{name}"')
        return is_fully_bound(self._now(claim))

    def _is_made(self, claim: PersistentVolumeClaim) -> bool:
        shown, name = self._now(claim), claim.metadata.name
        had = claim.metadata.annotations.get(SELECTED_NODE)
        if shown.metadata.resource_version == claim.metadata.resource_version and had != self._node.name:
            return False  # our own write has not been shown yet
        if shown.metadata.annotations.get(SELECTED_NODE) != self._node.name:
            raise NotBound(f'provisioning failed for PVC "{name}"')
        if not shown.spec.volume_name:
            return False
        volume = self._inventory.volume(shown.spec.volume_name)
        if volume is None:
            return False
        self._check_reach(volume)
        return is_fully_bound(shown)

    def _now(self, claim: PersistentVolumeClaim) -> PersistentVolumeClaim:
        meta = claim.metadata
        shown = self._inventory.claims.get(Key(meta.namespace, meta.name))
        if shown is None or shown.metadata.uid != meta.uid:
            raise NotBound(f'failed to check binding: persistentvolumeclaim "{meta.name}" not found')
        return shown

    def _check_reach(self, volume: PersistentVolume) -> None:
        if not reaches(volume, self._node.labels, self._node.name):
            why = "no matching NodeSelectorTerms"
            raise NotBound(f'pv "{volume.metadata.name}" node affinity doesn\'t match node "{self._node.name}": {why}')
