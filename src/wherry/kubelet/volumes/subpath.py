"""subPath: one folder or file of a volume, mounted without letting the pod lead us astray.

Whatever runs in the pod may have put symbolic links into its volume. Each step of the path is therefore opened without
following links, starting from the volume itself, and what is mounted is what was opened (by its descriptor), so that
nothing can be swapped between the check and the use.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from wherry.kubelet.volumes.mounts import MS_BIND, MS_REC, is_mount, mount, unmount


class SubPathError(Exception):
    """The sub-path cannot be had; the message is for the user."""


def bind_subpath(volume: Path, subpath: str, target: Path) -> Path:
    """Bind `subpath` of a volume to `target`, making missing folders, and return what containers are to be given.

    Links of the volume's own (an atomic writer's `key -> ..data/key`) are resolved as long as they stay inside.
    """
    parts = PurePosixPath(subpath).parts
    if subpath.startswith("/") or ".." in parts:
        raise SubPathError(f"subPath {subpath!r} must be relative and must not contain '..'")
    descriptor = _open_within(volume, _resolve(volume, subpath))
    try:
        if is_mount(target) and not _is_same(target, descriptor):
            unmount(target)  # a ConfigMap's file of before: it has been replaced, and what is bound is deleted
        if not is_mount(target):
            _make_target(target, stat.S_ISDIR(os.fstat(descriptor).st_mode))
            mount(f"/proc/self/fd/{descriptor}", target, flags=MS_BIND | MS_REC)
    except OSError as error:
        raise SubPathError(f"failed to bind subPath {subpath!r}: {error}") from error
    finally:
        os.close(descriptor)
    return target


def _resolve(volume: Path, subpath: str) -> str:
    root = volume.resolve()
    found = (root / subpath).resolve()
    if found != root and root not in found.parents:
        raise SubPathError(f"subPath {subpath!r} leads out of its volume")
    return str(found.relative_to(root))


def _open_within(volume: Path, relative: str) -> int:
    at = os.open(volume, os.O_PATH | os.O_DIRECTORY)
    try:
        for part in PurePosixPath(relative).parts:
            is_new = not _exists(part, at)
            if is_new:
                os.mkdir(part, 0o750, dir_fd=at)
            step = os.open(part, os.O_PATH | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = step
            if stat.S_ISLNK(os.fstat(at).st_mode):
                raise SubPathError(f"{part!r} became a symbolic link")
            if is_new:
                # By descriptor, since the name may mean something else by now. As open as the volume itself: whoever
                # mounts it may write.
                Path(f"/proc/self/fd/{at}").chmod(0o777)
    except OSError as error:
        os.close(at)
        raise SubPathError(str(error)) from error
    except SubPathError:
        os.close(at)
        raise
    return at


def _exists(name: str, at: int) -> bool:
    try:
        os.lstat(name, dir_fd=at)
    except FileNotFoundError:
        return False
    return True


def _is_same(target: Path, descriptor: int) -> bool:
    bound, wanted = target.stat(), os.fstat(descriptor)
    return (bound.st_dev, bound.st_ino) == (wanted.st_dev, wanted.st_ino)


def _make_target(target: Path, is_folder: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_folder:
        target.mkdir(exist_ok=True)
    else:
        target.touch()
