"""The cgroups above containers: one for all pods, one for each quality of service, one for each pod.

The runtime makes what lies below. Both hierarchies are served: the unified one, and version 1 with one tree per
controller. Without any (an ordinary user to whom nothing was delegated), `parent_of` answers "" and the runtime does
as it can.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.resources import BEST_EFFORT, BURSTABLE, cpu_shares, pod_resources, qos_class
from wherry.kubelet.runtime.model import Resources

_LIMITED = ("cpu", "memory")
"""Controllers of version 1 in which pods get limits of their own."""


class Cgroups(Struct, frozen=True):
    """The cgroups of one node. `parent` is the path of the group of all pods, such as `/kubepods`."""

    root: Path
    parent: str
    is_unified: bool
    is_usable: bool = True

    @classmethod
    def detect(cls, root: Path, parent: str) -> Cgroups:
        is_unified = (root / "cgroup.controllers").exists()
        probe = root if is_unified else root / "memory"
        return cls(root, parent, is_unified, os.access(probe, os.W_OK))

    def parent_of(self, pod: Pod) -> str:
        """What a pod's sandbox is to be given as its cgroup parent."""
        if not self.is_usable:
            return ""
        quality = pod.status.qos_class or qos_class(pod)
        between = {BURSTABLE: "/burstable", BEST_EFFORT: "/besteffort"}.get(quality, "")
        return f"{self.parent}{between}/pod{pod.metadata.uid}"

    def create(self, pod: Pod) -> None:
        """Make the pod's group with the pod's limits; raises OSError."""
        path = self.parent_of(pod)
        if not path:
            return
        for folder in self._folders(path):
            self._make(folder)
        self._limit(path, pod_resources(pod))

    def create_qualities(self) -> None:
        """Make the groups that pods are sorted into; best effort gets what others leave."""
        if not self.is_usable:
            return
        for quality in ("", "/burstable", "/besteffort"):
            for folder in self._folders(self.parent + quality):
                self._make(folder)
        self._limit(self.parent + "/besteffort", Resources(cpu_shares=cpu_shares(0)))

    def remove(self, uid: str) -> None:
        """Remove a pod's group wherever it is; one that is not empty yet stays until the next time."""
        for quality in ("", "/burstable", "/besteffort"):
            path = f"{self.parent}{quality}/pod{uid}".lstrip("/")
            for base in self._bases():
                if (base / path).is_dir():
                    remove_groups(base / path)

    def uids(self) -> set[str]:
        """The pods that have a group."""
        base = self.root if self.is_unified else self.root / "memory"
        found: set[str] = set()
        for quality in ("", "burstable", "besteffort"):
            folder = base / self.parent.lstrip("/") / quality
            if folder.is_dir():
                found |= {each.name[3:] for each in folder.iterdir() if each.is_dir() and each.name.startswith("pod")}
        return found

    def _bases(self) -> Iterable[Path]:
        if self.is_unified:
            return [self.root]
        # The unified one of a hybrid host too: runtimes make groups there, whether it limits anything or not.
        return [each for each in self.root.iterdir() if each.is_dir()]

    def _folders(self, path: str) -> list[Path]:
        if self.is_unified:
            return [self.root / path.lstrip("/")]
        return [self.root / controller / path.lstrip("/") for controller in _LIMITED]

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if folder.parent != self.root:
            self._make_parents(folder.parent)
        folder.mkdir(exist_ok=True)

    def _make_parents(self, folder: Path) -> None:
        self._make(folder)
        if self.is_unified:
            with contextlib.suppress(OSError):
                (folder / "cgroup.subtree_control").write_text("+cpu +memory +pids +cpuset +io")

    def _limit(self, path: str, limits: Resources) -> None:
        """Set all that can be set; what cannot is raised in the end."""
        failed: OSError | None = None
        for folder, name, value in self._settings(path.lstrip("/"), limits):
            try:
                (folder / name).write_text(value)
            except FileNotFoundError:
                pass
            except OSError as error:
                failed = error
        if failed is not None:
            raise failed

    def _settings(self, path: str, limits: Resources) -> list[tuple[Path, str, str]]:
        if self.is_unified:
            group = self.root / path
            quota = f"{limits.cpu_quota or 'max'} {limits.cpu_period or 100_000}"
            return [
                (group, "cpu.weight", str(_weight(limits.cpu_shares))),
                (group, "cpu.max", quota),
                (group, "memory.max", str(limits.memory_limit or "max")),
            ]
        cpu, memory = self.root / "cpu" / path, self.root / "memory" / path
        found = [(cpu, "cpu.shares", str(limits.cpu_shares or 1024))]
        if limits.cpu_quota:
            found += [
                (cpu, "cpu.cfs_period_us", str(limits.cpu_period)),
                (cpu, "cpu.cfs_quota_us", str(limits.cpu_quota)),
            ]
        if limits.memory_limit:
            found.append((memory, "memory.limit_in_bytes", str(limits.memory_limit)))
        return found


def _weight(shares: int) -> int:
    """Shares of version 1 as the weight of the unified hierarchy (2 … 262144 -> 1 … 10000)."""
    return 1 + (max(shares, 2) - 2) * 9999 // 262142


def remove_groups(folder: Path) -> None:
    """Remove a group and all below it, as far as nothing lives there."""
    with contextlib.suppress(OSError):
        for each in folder.iterdir():
            if each.is_dir():
                remove_groups(each)
        folder.rmdir()
