"""A real server process to measure, and what the kernel says it has used."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.load import Target
from wherry.roles.paths import Paths
from wherry.roles.probe import Probe


@dataclass(frozen=True, slots=True)
class ServerProcess:
    pid: int
    paths: Paths
    port: int
    ready_seconds: float

    @property
    def probe(self) -> Probe:
        return Probe.of(self.paths, self.port)

    @property
    def target(self) -> Target:
        pki = self.paths.pki
        return Target(self.port, pki / "ca.crt", pki / "admin.crt", pki / "admin.key")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(state: Path | None = None) -> Iterator[ServerProcess]:
    """`wherry server` on a free port, ready, with its state in a scratch folder (or in `state`, which is kept)."""
    folder = state or Path(tempfile.mkdtemp(prefix="wherry-bench-"))
    paths, port = Paths(folder), free_port()
    command = [sys.executable, "-m", "wherry", "server", "--state", str(folder), "--port", str(port)]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--bind-address", "127.0.0.1"], env=_environment())
    try:
        probe = Probe.of(paths, port)
        while not probe.is_ready():
            if process.poll() is not None or time.perf_counter() - began > 30:
                raise RuntimeError("the server did not become ready")
            time.sleep(0.005)
        yield ServerProcess(process.pid, paths, port, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        if state is None:
            shutil.rmtree(folder, ignore_errors=True)


@cache
def _environment() -> dict[str, str]:
    """With compiled modules, as an installation has them, whatever this shell's taste; the first start makes them."""
    folder = tempfile.mkdtemp(prefix="wherry-bench-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": folder}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads, to the nanosecond.

    The kernel names another process's CPU clock by its id (clock_getcpuclockid); the ticks of /proc are 10 ms.
    """
    return time.clock_gettime((~pid << 3) | 2)


class CpuMeter:
    """What a process uses from `start` on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = cpu_seconds(pid)

    def start(self) -> None:
        self._before = cpu_seconds(self._pid)

    def seconds(self) -> float:
        return cpu_seconds(self._pid) - self._before


def resident_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024 / 1e6
