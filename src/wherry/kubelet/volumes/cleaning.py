"""Deleting a pod's folders without ever deleting what is not the pod's.

A mount left inside (a host folder bound by a subPath, a volume that failed to unmount) would turn a recursive delete
into the loss of somebody's data. So: everything mounted below is unmounted first, and the walk does not follow
symbolic links and refuses to enter another file system.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from wherry.kubelet.volumes.mounts import mount_points, unmount


class StillMounted(Exception):
    """Something below the folder could not be unmounted; nothing was deleted."""


def remove_tree(folder: Path) -> None:
    """Unmount and delete a folder of a pod's; raises StillMounted or OSError. A missing folder is no failure."""
    for point in mount_points(folder):
        with contextlib.suppress(OSError):
            unmount(Path(point))
    if left := mount_points(folder):
        raise StillMounted(f"{left[0]} is still mounted")
    try:
        device = os.lstat(folder).st_dev
    except FileNotFoundError:
        return
    _remove(folder, device)


def _remove(path: Path, device: int) -> None:
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        path.unlink()
        return
    if found.st_dev != device:
        raise StillMounted(f"{path} is another file system")
    with os.scandir(path) as entries:
        for entry in list(entries):
            _remove(Path(entry.path), device)
    path.rmdir()
