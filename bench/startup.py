"""From exec to ready, and what an idle server weighs."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from bench.measure import Measure
from bench.processes import cpu_seconds, resident_megabytes, server

IDLE_SECONDS = 10.0


async def run() -> list[Measure]:
    state = Path(tempfile.mkdtemp(prefix="wherry-bench-"))
    try:
        with server(state) as one:
            first = one.ready_seconds
            time.sleep(2)  # what a new cluster writes once is there, and is not this figure's, when the next begins
        again, cpu = [], []
        for _ in range(4):
            with server(state) as one:
                cpu.append(cpu_seconds(one.pid))
                again.append(one.ready_seconds)
        with server(state) as one:
            time.sleep(3)
            before = cpu_seconds(one.pid)
            time.sleep(IDLE_SECONDS)
            idle = (cpu_seconds(one.pid) - before) / IDLE_SECONDS * 100
            memory = resident_megabytes(one.pid)
    finally:
        shutil.rmtree(state, ignore_errors=True)
    return [
        Measure("server: exec to ready, first start with PKI", first, "s", 1.5),
        Measure("server: exec to ready", min(again), "s", 0.5),
        Measure("server: CPU until ready", min(cpu), "s"),
        Measure("server: idle memory", memory, "MB RSS", 70),
        Measure("server: idle CPU", idle, "% of a core", 0.5),
    ]
