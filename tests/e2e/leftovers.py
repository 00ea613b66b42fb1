"""What a cluster has left behind on its host: nothing, once `wherry down` has run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


def leftovers(state: Path, uids: Iterable[str] = (), namespace: str = "") -> list[str]:
    """Processes, mounts, network namespaces and control groups that speak of a state folder or its pods."""
    own = str(state)
    return [*_processes(own, namespace), *_mounts(own), *_namespaces(), *_groups(list(uids))]


def _processes(own: str, namespace: str) -> list[str]:
    """Those whose command line names the state folder, and those still in the cluster's own network."""
    there = _identity(Path(f"/run/netns/{namespace}")) if namespace else None
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            is_in = there is not None and _identity(folder / "ns/net") == there
        except OSError:
            continue
        if words and (own in words or is_in) and "pytest" not in words:
            found.append(f"process {folder.name}: {words}")
    return found


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _mounts(own: str) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [f"mount {line.split()[4]}" for line in lines if own in line.split()[4]]


def _namespaces() -> list[str]:
    """Pods' network namespaces that no process lives in any more."""
    folder = Path("/run/netns")
    if not folder.exists():
        return []
    lived_in = set()
    for each in Path("/proc").glob("[0-9]*"):
        try:
            lived_in.add(_identity(each / "ns/net"))
        except OSError:
            continue
    return [f"network namespace {each.name}" for each in folder.glob("cni-*") if _identity(each) not in lived_in]


def _groups(uids: list[str]) -> list[str]:
    found = []
    for uid in uids:
        found += [f"control group {path}" for path in _CGROUPS.glob(f"*/kubepods*/**/pod{uid}")]
    return found
