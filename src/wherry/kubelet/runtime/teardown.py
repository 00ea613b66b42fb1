"""Ends everything that one agent's runtime runs: for `wherry down`, and for tests that clean up after themselves.

containerd may or may not run, and whoever started it may be gone; so this works from what is on the host: the
runtime's own client if it answers, and the shims of this state folder if it does not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from wherry.kubelet.runtime.containerdconfig import ContainerdPaths
from wherry.kubelet.volumes.mounts import mount_points, unmount

_GRACE_SECONDS = 10.0


def stop_all(agent: Path) -> None:
    """End all pods of the agent whose folder this is, and its containerd. Pods' data and images stay."""
    paths = ContainerdPaths.under(agent)
    shims = list(_shims(paths))
    _end_tasks(paths, shims)
    _signal(_pids_with(str(paths.config)), signal.SIGTERM)
    _wait_gone(_pids_with(str(paths.config)), _GRACE_SECONDS)
    _signal(_pids_with(str(paths.config)), signal.SIGKILL)
    _signal(_shims(paths), signal.SIGKILL)
    for folder in (paths.state, agent / "pods", agent / "memory"):
        for point in mount_points(folder):
            with contextlib.suppress(OSError):
                unmount(Path(point))
    shutil.rmtree(paths.state, ignore_errors=True)
    paths.socket.unlink(missing_ok=True)
    paths.pid.unlink(missing_ok=True)


def _end_tasks(paths: ContainerdPaths, shims: list[int]) -> None:
    """Ask the containers' first processes to end, and kill what has not ended by then."""
    children = [pid for shim in shims for pid in _children(shim)]
    _signal(children, signal.SIGTERM)
    _wait_gone(children, _GRACE_SECONDS)
    _signal(children, signal.SIGKILL)
    _wait_gone(children, 2.0)
    for sandbox in _network_namespaces(paths):
        subprocess.run(["ip", "netns", "delete", sandbox], check=False, capture_output=True)


def _network_namespaces(paths: ContainerdPaths) -> list[str]:
    """Names under /run/netns that this runtime's sandboxes use, as their state says."""
    found = set()
    for spec in paths.state.glob("io.containerd.runtime.v2.task/*/*/config.json"):
        with contextlib.suppress(OSError):
            text = spec.read_text(errors="replace")
            found |= {part.split('"')[0] for part in text.split("/netns/")[1:] if part.startswith("cni-")}
    return sorted(found)


def _shims(paths: ContainerdPaths) -> Iterable[int]:
    """Shims of this containerd; their command line names its socket."""
    return _pids_with(str(paths.socket), "containerd-shim")


def _pids_with(argument: str, program: str = "containerd") -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(argument) in words and program in Path(os.fsdecode(words[0])).name:
            found.append(int(folder.name))
    return found


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            found += [int(each) for each in (task / "children").read_text().split()]
    return found


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _wait_gone(pids: list[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(_is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
