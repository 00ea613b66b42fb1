"""Ends everything that one agent's runtime runs: for `wherry down`, and for tests that clean up after themselves.

containerd may or may not run, and whoever started it may be gone; so this works from what is on the host: the
runtime's own client if it answers, and the shims of this state folder if it does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wherry.kubelet.pods.cgroups import remove_groups
from wherry.kubelet.runtime.containerdconfig import ContainerdPaths
from wherry.kubelet.runtime.cri import CriRuntime
from wherry.kubelet.runtime.protocol import RuntimeFailure
from wherry.kubelet.volumes.mounts import mount_points, unmount

_GRACE_SECONDS = 10.0
_CGROUPS = Path("/sys/fs/cgroup")


def stop_all(agent: Path) -> None:
    """End all pods of the agent whose folder this is, and its containerd. Pods' data and images stay."""
    paths = ContainerdPaths.under(agent)
    specs = _sandbox_specs(paths)
    if _pids_with(str(paths.config)):
        asyncio.run(_stop_by_runtime(str(paths.socket)))
    _end_tasks(list(_shims(paths)))
    for name in _network_namespaces(specs):
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
    _signal(_pids_with(str(paths.config)), signal.SIGTERM)
    _wait_gone(_pids_with(str(paths.config)), _GRACE_SECONDS)
    _signal(_pids_with(str(paths.config)), signal.SIGKILL)
    _signal(_shims(paths), signal.SIGKILL)
    _remove_groups(_pod_groups(specs))
    for folder in (paths.state, agent / "pods", agent / "memory"):
        for point in mount_points(folder):
            with contextlib.suppress(OSError):
                unmount(Path(point))
    shutil.rmtree(paths.state, ignore_errors=True)
    shutil.rmtree(agent / "ipam", ignore_errors=True)  # no pod is left that could hold an address
    paths.socket.unlink(missing_ok=True)
    paths.pid.unlink(missing_ok=True)


async def _stop_by_runtime(socket: str) -> None:
    """The orderly way: containers get their grace, the network plug-ins take their rules and addresses back."""
    runtime = CriRuntime(socket)
    try:
        async with asyncio.timeout(3 * _GRACE_SECONDS):
            running = [each for each in await runtime.containers() if each.is_running]
            stops = (runtime.stop_container(each.id, int(_GRACE_SECONDS)) for each in running)
            await asyncio.gather(*stops, return_exceptions=True)
            sandboxes = await runtime.sandboxes()
            await asyncio.gather(*(runtime.stop_sandbox(each.id) for each in sandboxes), return_exceptions=True)
    except (RuntimeFailure, TimeoutError):
        pass  # what is left is ended by signals
    finally:
        await runtime.close()


def _end_tasks(shims: list[int]) -> None:
    """Ask the containers' first processes to end, and kill what has not ended by then."""
    children = [pid for shim in shims for pid in _children(shim)]
    _signal(children, signal.SIGTERM)
    _wait_gone(children, _GRACE_SECONDS)
    _signal(children, signal.SIGKILL)
    _wait_gone(children, 2.0)


def _sandbox_specs(paths: ContainerdPaths) -> list[dict[str, Any]]:
    """How this runtime's sandboxes and containers were started, as its state says."""
    found = []
    for path in paths.state.glob("io.containerd.runtime.v2.task/*/*/config.json"):
        with contextlib.suppress(OSError, ValueError):
            found.append(json.loads(path.read_text(errors="replace")))
    return found


def _network_namespaces(specs: Iterable[dict[str, Any]]) -> list[str]:
    """Names under /run/netns that sandboxes use."""
    spaces = [each for spec in specs for each in spec.get("linux", {}).get("namespaces", ())]
    names = {Path(each.get("path", "")).name for each in spaces if each.get("type") == "network"}
    return sorted(name for name in names if name.startswith("cni-"))


def _pod_groups(specs: Iterable[dict[str, Any]]) -> list[str]:
    """Paths of pods' control groups, whichever parent they were made under."""
    parents = {str(Path(spec.get("linux", {}).get("cgroupsPath", "")).parent) for spec in specs}
    return sorted(each for each in parents if Path(each).name.startswith("pod"))


def _remove_groups(paths: Iterable[str]) -> None:
    """Remove groups that nothing lives in any more from every hierarchy there is."""
    bases = [_CGROUPS, *(each for each in _CGROUPS.glob("*") if each.is_dir())]
    for path in paths:
        for base in bases:
            remove_groups(base / path.lstrip("/"))


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
