"""emptyDir: a folder of the pod's own, on the node's disk or in memory."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wherry.api.types.core_v1 import Pod, Volume
from wherry.kubelet.pods.resources import byte_count, limits_of
from wherry.kubelet.volumes.driver import Ready, VolumeError
from wherry.kubelet.volumes.mounts import is_mount, mount


class EmptyDir:
    """Makes emptyDir volumes; what is in them goes with the pod."""

    plugin = "kubernetes.io~empty-dir"

    def fits(self, volume: Volume) -> bool:
        return volume.empty_dir is not None

    async def set_up(self, pod: Pod, volume: Volume, folder: Path) -> Ready:
        return self._make(pod, volume, folder)

    async def take_down(self, folder: Path) -> None:
        """The pod's whole folder is removed with care afterwards; nothing more is needed here."""

    def _make(self, pod: Pod, volume: Volume, folder: Path) -> Ready:
        source = volume.empty_dir
        assert source is not None
        medium = source.medium or ""
        if medium not in ("", "Memory"):
            raise VolumeError(f'unknown storage medium "{medium}"')
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if medium == "Memory" and not is_mount(folder):
            size = memory_size(pod, source.size_limit)
            mount("tmpfs", folder, "tmpfs", options=f"size={size}" if size else "")
            is_new = True
        if is_new:
            folder.chmod(0o777 if source.mode is None else source.mode)
            _give(folder, pod)
        return Ready(folder)


def memory_size(pod: Pod, limit: str | None) -> int:
    """How large a memory volume may become: its own limit or the pod's memory limit, the smaller; 0 for the
    kernel's."""
    own = byte_count({"memory": limit}) if limit else 0
    limits = [byte_count(limits_of(each)) for each in pod.spec.containers]
    whole = sum(limits) if all(limits) else 0
    return min((each for each in (own, whole) if each), default=0)


def _give(folder: Path, pod: Pod) -> None:
    """Let the pod's fsGroup own what is made here."""
    context = pod.spec.security_context
    if context is None or context.fs_group is None:
        return
    os.chown(folder, -1, context.fs_group)
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o770 | stat.S_ISGID)
