"""Mounting and looking at mounts, by the system calls themselves: a spawned mount(8) costs milliseconds per pod."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

MS_BIND = 0x1000
MS_REC = 0x4000
_MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2); raises OSError."""
    result = _libc.mount(
        os.fsencode(source), os.fsencode(target), kind.encode() or None, ctypes.c_ulong(flags), options.encode() or None
    )
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(target))


def unmount(target: Path) -> None:
    """Take a mount away, at once for new users and, for those that still hold it, when they let go."""
    if _libc.umount2(os.fsencode(target), _MNT_DETACH) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(target))


def is_mount(path: Path) -> bool:
    return str(path) in mount_points(path.anchor)


def is_on_tmpfs(path: Path) -> bool:
    """Whether what is written below an existing folder stays in memory."""
    best, kind = "", ""
    for point, each in _table():
        if (str(path) + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, each
    return kind == "tmpfs"


def mount_points(below: str | Path) -> list[str]:
    """Mount points at or below a path, innermost first, so that they can be unmounted in this order."""
    prefix = str(below).rstrip("/") + "/"
    found = [point for point, _ in _table() if (point + "/").startswith(prefix)]
    return sorted(found, key=len, reverse=True)


def _table() -> list[tuple[str, str]]:
    return parse_mountinfo(Path("/proc/self/mountinfo").read_text())


def parse_mountinfo(text: str) -> list[tuple[str, str]]:
    """(mount point, file system type) per line of mountinfo, in the order in which they were mounted."""
    table = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        table.append((_unescape(before.split()[4]), after.split()[0]))
    return table


def _unescape(text: str) -> str:
    """mountinfo writes blanks and backslashes as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
