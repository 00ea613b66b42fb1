"""What this machine has, read from /proc and /sys. Values that change (free memory, disk) are read anew each time."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from msgspec import Struct

from wherry.lib.arch import architecture


class Machine(Struct, frozen=True):
    """What does not change while the machine runs."""

    cores: int
    memory: int
    machine_id: str
    system_uuid: str
    boot_id: str
    kernel: str
    os_image: str
    architecture: str
    hugepages: dict[str, int]


class Pressure(Struct, frozen=True):
    """What is left of what can run out; bytes, and process ids."""

    memory_available: int
    disk_available: int
    disk_capacity: int
    inodes_available: int
    inodes: int
    pids_used: int
    pids: int


def read_machine(proc: Path = Path("/proc"), sys: Path = Path("/sys"), etc: Path = Path("/etc")) -> Machine:
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory=_meminfo(proc)["MemTotal"],
        machine_id=_read(etc / "machine-id") or _read(sys / "class/dmi/id/product_uuid"),
        system_uuid=_read(sys / "class/dmi/id/product_uuid") or _read(etc / "machine-id"),
        boot_id=_read(proc / "sys/kernel/random/boot_id"),
        kernel=platform.release(),
        os_image=_os_name(etc),
        architecture=architecture(),
        hugepages=_hugepages(sys),
    )


def read_pressure(folder: Path, proc: Path = Path("/proc")) -> Pressure:
    """`folder` is on the file system that pods' volumes and images use."""
    disk = os.statvfs(folder)
    running = _read(proc / "loadavg").split()[3].split("/")[1]
    return Pressure(
        memory_available=_meminfo(proc)["MemAvailable"],
        disk_available=disk.f_bavail * disk.f_frsize,
        disk_capacity=disk.f_blocks * disk.f_frsize,
        inodes_available=disk.f_favail,
        inodes=disk.f_files,
        pids_used=int(running),
        pids=int(_read(proc / "sys/kernel/pid_max") or "32768"),
    )


def _meminfo(proc: Path) -> dict[str, int]:
    table = {}
    for line in (proc / "meminfo").read_text().splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        table[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    return table


def _os_name(etc: Path) -> str:
    for line in _read(etc / "os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.system()


def _hugepages(sys: Path) -> dict[str, int]:
    """Bytes by resource name (`hugepages-2Mi`)."""
    found = {}
    folder = sys / "kernel/mm/hugepages"
    for each in sorted(folder.glob("hugepages-*kB")) if folder.is_dir() else ():
        kibibytes = int(each.name[len("hugepages-") : -len("kB")])
        pages = int(_read(each / "nr_hugepages") or "0")
        size = f"{kibibytes // 1048576}Gi" if kibibytes >= 1048576 else f"{kibibytes // 1024}Mi"
        found[f"hugepages-{size}"] = pages * kibibytes * 1024
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
