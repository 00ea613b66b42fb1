"""A whole node in a network namespace of its own: how soon it is Ready, how soon pods run, what it weighs with none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from bench.measure import Measure
from bench.processes import cpu_seconds, resident_megabytes
from wherry.roles.paths import Paths
from wherry.roles.status import status
from wherry.testing.network import Network

IMAGE = "wherry.local/hello:1"
IDLE_SECONDS = 20.0
PODS_AT_ONCE = 30


async def run() -> list[Measure]:
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("containerd") is None:
        return [Measure("node: skipped, needs root on Linux and containerd", 0, "")]
    state = Path(tempfile.mkdtemp(prefix="wherry-bench-"))
    with Network(f"wherry-{uuid.uuid4().hex[:6]}") as prefix:
        try:
            return _measure(_Node(state, prefix))
        finally:
            _Node(state, prefix).wherry("down", "--delete-state")


class _Node:
    def __init__(self, state: Path, prefix: tuple[str, ...]) -> None:
        self.paths = Paths(state)
        self._prefix = prefix

    def wherry(self, *words: str) -> float:
        """Run a command; returns the seconds it took."""
        command = [*self._prefix, sys.executable, "-m", "wherry", *words, "--state", str(self.paths.state)]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HOME": str(self.paths.state)})
        return time.perf_counter() - began

    def kubectl(self, *words: str, stdin: str = "") -> str:
        command = [*self._prefix, "kubectl", "--kubeconfig", str(self.paths.admin_kubeconfig), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, input=stdin).stdout

    def run_pods(self, names: list[str]) -> float:
        """Seconds from the creation of the first to all of them Running, by the API's own watch."""
        words = ["get", "pods", "-w", "--no-headers", "-o", "custom-columns=N:.metadata.name,P:.status.phase"]
        command = [*self._prefix, "kubectl", "--kubeconfig", str(self.paths.admin_kubeconfig), *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
            assert watch.stdout is not None
            # Creating goes over one connection that is open already, so that kubectl's own start does not count.
            time.sleep(0.5)
            manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": [_pod(name) for name in names]})
            waiting = set(names)
            creating = subprocess.Popen(
                [*self._prefix, "kubectl", "--kubeconfig", str(self.paths.admin_kubeconfig), "create", "-f", "-"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
            )
            assert creating.stdin is not None
            creating.stdin.write(manifest)
            creating.stdin.close()
            began = 0.0
            for line in watch.stdout:
                name, phase = line.split()
                began = began or time.perf_counter()
                if phase == "Running":
                    waiting.discard(name)
                if not waiting:
                    break
            seconds = time.perf_counter() - began
            creating.wait()
            watch.terminate()
        self.kubectl("delete", "pods", "--all", "--grace-period=1")
        return seconds


def _pod(name: str) -> dict[str, Any]:
    container = {"name": "c", "image": IMAGE, "command": ["sleep", "3600"]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def _measure(node: _Node) -> list[Measure]:
    first = node.wherry("up", "--no-kubeconfig", "--node-name", "one")
    node.wherry("images", "example")
    node.wherry("down")
    warm = node.wherry("up", "--no-kubeconfig", "--node-name", "one")
    time.sleep(10)
    parts = {part.part: part.pid for part in status(node.paths) if part.pid}
    ours = [parts[name] for name in ("supervisor", "server", "agent")]
    before = sum(map(cpu_seconds, ours))
    time.sleep(IDLE_SECONDS)
    idle = (sum(map(cpu_seconds, ours)) - before) / IDLE_SECONDS * 100
    memory = {name: resident_megabytes(pid) for name, pid in parts.items()}
    singles = sorted(node.run_pods([f"single-{turn}"]) for turn in range(5))
    many = node.run_pods([f"many-{number}" for number in range(PODS_AT_ONCE)])
    return [
        Measure("wherry up to node Ready, first start", first, "s"),
        Measure("wherry up to node Ready", warm, "s", 4),
        Measure("node with nothing on it: idle CPU of ours", idle, "% of a core", 0.5),
        Measure("server beside a node: idle memory", memory["server"], "MB RSS", 70),
        Measure("agent: idle memory", memory["agent"], "MB RSS", 60),
        Measure("whole node with nothing on it, containerd included", sum(memory.values()), "MB RSS", 180),
        Measure("pod seen to Running, median of 5", singles[2], "s", 0.36),
        Measure(f"{PODS_AT_ONCE} pods at once, all Running", many, "s", 5.5),
    ]
