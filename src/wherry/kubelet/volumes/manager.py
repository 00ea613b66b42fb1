"""All volumes of a pod: set up before its containers, brought up to date while it runs, taken down when it has
ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field

from wherry.api.types.core_v1 import Pod, Volume
from wherry.kubelet.volumes.cleaning import StillMounted, remove_tree
from wherry.kubelet.volumes.driver import Driver, Ready, VolumeError


class Mounted(Struct, frozen=True):
    """A pod's volumes by name."""

    volumes: dict[str, Ready] = field(default_factory=dict)

    @property
    def renew_at(self) -> float | None:
        return min((each.renew_at for each in self.volumes.values() if each.renew_at is not None), default=None)


class Volumes:
    """The volumes of this node's pods. A new kind of volume is one more driver in the list."""

    def __init__(self, pods: Path, memory: Path, drivers: Sequence[Driver], in_memory: Sequence[str]) -> None:
        """`pods` is the folder of pods' folders; volumes of the plug-ins `in_memory` go under `memory`, a tmpfs."""
        self._pods = pods
        self._memory = memory
        self._drivers = tuple(drivers)
        self._in_memory = frozenset(in_memory)

    async def set_up(self, pod: Pod) -> Mounted:
        """Set up (again) all volumes that some container mounts; raises VolumeError naming the volume."""
        used = used_volumes(pod)
        volumes = [volume for volume in pod.spec.volumes if volume.name in used]
        ready = await asyncio.gather(*(self._set_up_one(pod, volume) for volume in volumes))
        return Mounted({volume.name: each for volume, each in zip(volumes, ready, strict=True)})

    async def take_down(self, uid: str) -> None:
        """Remove everything of a pod's volumes; raises VolumeError while something holds on to them."""
        for folder in (self._pods / uid / "volumes", self._pods / uid / "volume-subpaths", self._memory / uid):
            await self._take_down_below(folder)
            try:
                remove_tree(folder)
            except (StillMounted, OSError) as error:
                raise VolumeError(str(error)) from error

    def uids(self) -> set[str]:
        """The pods that have left something here."""
        return {each.name for root in (self._pods, self._memory) if root.is_dir() for each in root.iterdir()}

    async def _take_down_below(self, folder: Path) -> None:
        for driver in self._drivers:
            own = folder / driver.plugin
            for each in list(own.iterdir()) if own.is_dir() else ():
                await driver.take_down(each)

    async def _set_up_one(self, pod: Pod, volume: Volume) -> Ready:
        driver = next((each for each in self._drivers if each.fits(volume)), None)
        if driver is None:
            raise VolumeError(f'no volume plugin matched for volume "{volume.name}"')
        uid = pod.metadata.uid
        root = self._memory / uid if driver.plugin in self._in_memory else self._pods / uid / "volumes"
        try:
            return await driver.set_up(pod, volume, root / driver.plugin / volume.name)
        except (VolumeError, OSError) as error:
            raise VolumeError(f'MountVolume.SetUp failed for volume "{volume.name}" : {error}') from error


def used_volumes(pod: Pod) -> set[str]:
    spec = pod.spec
    mounts = [mount for each in (*spec.containers, *spec.init_containers) for mount in each.volume_mounts]
    mounts += [mount for each in spec.ephemeral_containers for mount in each.volume_mounts]
    return {mount.name for mount in mounts}
