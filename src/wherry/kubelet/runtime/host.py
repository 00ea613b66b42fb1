"""What this host can do, read from /proc and /sys: the facts that containerd's configuration and the cgroups need."""

from __future__ import annotations

import re
from pathlib import Path

from wherry.kubelet.runtime.containerdconfig import HostTraits

_CAP_SYS_RESOURCE = 24


def read_traits(proc: Path = Path("/proc"), sys: Path = Path("/sys")) -> HostTraits:
    """Look at the host once, at start."""
    return HostTraits(
        can_raise_resources=has_capability((proc / "self/status").read_text(), _CAP_SYS_RESOURCE),
        has_apparmor=_reads_yes(sys / "module/apparmor/parameters/enabled"),
        has_hugetlb=(sys / "fs/cgroup/hugetlb").is_dir() or "hugetlb" in _controllers(sys),
        snapshotter="overlayfs" if _has_overlay(proc) else "native",
    )


def has_capability(status: str, number: int) -> bool:
    """Whether the effective set in the text of /proc/PID/status holds a capability."""
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(found and int(found[1], 16) >> number & 1)


def _reads_yes(path: Path) -> bool:
    try:
        return path.read_text().strip() == "Y"
    except OSError:
        return False


def _controllers(sys: Path) -> list[str]:
    """The controllers of a host that has the unified hierarchy alone."""
    try:
        return (sys / "fs/cgroup/cgroup.controllers").read_text().split()
    except OSError:
        return []


def _has_overlay(proc: Path) -> bool:
    try:
        return bool(re.search(r"\boverlay$", (proc / "filesystems").read_text(), re.MULTILINE))
    except OSError:
        return True
