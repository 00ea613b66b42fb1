"""Folders for the keys and kubeconfigs of clusters, of which none outlives its process for long.

A folder goes with the cluster, or at the latest when its process ends. What a killed process could not clear away, the
next that wants a folder does: the lock on a folder's `lock` is held by the process that it is for, and dies with it.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Callable
from pathlib import Path

_PREFIX = "wherry-cluster-"
_LOCK = "lock"


class Folder:
    """A folder that nobody else can read, until `remove`."""

    __slots__ = ("__weakref__", "path", "remove")

    def __init__(self) -> None:
        from tempfile import mkdtemp  # With all that it brings 5 ms, which most tests never spend.

        sweep()
        self.path = Path(mkdtemp(prefix=_PREFIX))
        new = self.path / "new"
        lock = os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH)
        new.rename(self.path / _LOCK)  # Whoever sweeps sees no lock that is not held yet.
        self.remove: Callable[[], object] = weakref.finalize(self, _remove, self.path, lock, os.getpid())


def sweep() -> None:
    """Remove what clusters of processes that are no more have left."""
    from shutil import rmtree
    from tempfile import gettempdir

    for path in Path(gettempdir()).glob(f"{_PREFIX}*"):
        try:
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # Somebody else's, or just being made.
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            rmtree(path, ignore_errors=True)
        except OSError:
            continue  # In use.
        finally:
            os.close(lock)


def _remove(path: Path, lock: int, process: int) -> None:
    """A process that was forked from ours has a copy of everything, but the folder is not its to remove."""
    if os.getpid() == process:
        from shutil import rmtree

        rmtree(path, ignore_errors=True)
        os.close(lock)
