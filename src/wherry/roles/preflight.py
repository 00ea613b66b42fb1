"""What this machine must offer before a cluster can run on it, each lack told with its cure."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from wherry.lib.failure import Failure

_PROGRAMS = {"containerd": "containerd", "runc": "runc", "ip": "iproute2", "nft": "nftables"}
_CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
_CGROUPS = Path("/sys/fs/cgroup")


def check_node() -> None:
    """Raise the first Failure that keeps a node from running here."""
    if platform.system() != "Linux":
        raise Failure(
            f"a node needs Linux, this is {platform.system()}", "run `wherry server` here and the agent on Linux"
        )
    if os.geteuid() != 0:
        raise Failure("a node needs root, and running without it is not built yet", "run it with sudo")
    if lacking := list(_missing_packages()):
        raise Failure(
            f"not installed: {', '.join(lacking)}",
            f"on Debian or Ubuntu: apt-get install {' '.join(lacking)}",
        )
    check_cgroups()


def check_cgroups(root: Path = _CGROUPS) -> None:
    """Raise a Failure unless memory and CPU can be limited, by either version of cgroups."""
    if (controllers := root / "cgroup.controllers").exists():
        offered = set(controllers.read_text().split())
    else:
        offered = {entry.name for entry in root.iterdir()} if root.is_dir() else set()
    if lacking := {"cpu", "memory", "pids"} - offered:
        raise Failure(
            f"control groups are not usable: no {', '.join(sorted(lacking))} controller below {root}",
            "mount cgroup2 (or the cgroup v1 controllers) there, and add cgroup_enable=memory to the kernel's "
            "command line where memory is the one that is missing",
        )
    if not os.access(root, os.W_OK):
        raise Failure(f"{root} is read-only", "in a container, give it its own writable cgroup tree")


def check_port(address: str, port: int, flag: str) -> None:
    """Raise a Failure when somebody listens there already."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise Failure(
                f"port {port} is not free: {error.strerror}",
                f"see who has it with `ss -ltnp sport = :{port}`, or choose another with {flag}",
            ) from None


def _missing_packages(
    which: Callable[[str], str | None] = shutil.which, cni: tuple[Path, ...] = _CNI_FOLDERS
) -> Iterator[str]:
    for program, package in _PROGRAMS.items():
        if which(program) is None and not Path("/usr/sbin", program).exists():
            yield package
    if not any((folder / "bridge").exists() for folder in cni):
        yield "containernetworking-plugins"
