"""Files that must be private and must never be half there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PRIVATE = 0o600
PUBLIC = 0o644


def make_private_folder(folder: Path) -> None:
    """Make `folder` (and what is above it), readable by its owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def write_atomically(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Replace `path` by `data` in one step: a reader, and a start after a kill, sees the old file or the new one.

    The temporary file is private from the moment it exists, so a key is never readable by others, not even briefly.
    """
    from tempfile import mkstemp  # a start that finds all files writes none, and does without its 3 ms of imports

    handle, temporary = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Make the names of files written so far durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
