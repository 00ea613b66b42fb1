"""hostPath: a path of the host's, checked or made as its type asks."""

from __future__ import annotations

import stat
from pathlib import Path

from wherry.api.types.core_v1 import Pod, Volume
from wherry.kubelet.volumes.driver import Ready, VolumeError

_CHECKS = {
    "Directory": (stat.S_ISDIR, "directory"),
    "File": (stat.S_ISREG, "file"),
    "Socket": (stat.S_ISSOCK, "socket"),
    "CharDevice": (stat.S_ISCHR, "character device"),
    "BlockDevice": (stat.S_ISBLK, "block device"),
}


class HostPath:
    """Gives pods paths of the host."""

    plugin = "kubernetes.io~host-path"

    def fits(self, volume: Volume) -> bool:
        return volume.host_path is not None

    async def set_up(self, pod: Pod, volume: Volume, folder: Path) -> Ready:
        return self._make(volume)

    async def take_down(self, folder: Path) -> None:
        """The host's own files stay."""

    def _make(self, volume: Volume) -> Ready:
        source = volume.host_path
        assert source is not None
        path = Path(source.path)
        kind = source.type or ""
        if kind == "DirectoryOrCreate" and not path.exists():
            path.mkdir(parents=True, mode=0o755)
        elif kind == "FileOrCreate" and not path.exists():
            self._make_file(path)
        self._check(path, {"DirectoryOrCreate": "Directory", "FileOrCreate": "File"}.get(kind, kind))
        return Ready(path)

    def _make_file(self, path: Path) -> None:
        try:
            path.touch(mode=0o644)
        except OSError as error:
            raise VolumeError(f"hostPath type check failed: {error}") from error

    def _check(self, path: Path, kind: str) -> None:
        if kind not in _CHECKS:
            return
        is_kind, name = _CHECKS[kind]
        try:
            mode = path.stat().st_mode
        except OSError:
            mode = 0
        if not is_kind(mode):
            raise VolumeError(f"hostPath type check failed: {path} is not a {name}")
