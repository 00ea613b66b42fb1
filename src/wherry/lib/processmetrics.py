"""What a process uses of its machine, under the names that every Prometheus client library gives it.

Where there is no `/proc`, only the processor time is known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from wherry.lib.metrics import Family, Sample

_PROC = Path("/proc/self")


def process_families(proc: Path = _PROC) -> Iterator[Family]:
    """The metrics of this process."""
    times = os.times()
    yield _family("process_cpu_seconds_total", "Processor time used, user and system.", times.user + times.system, True)
    try:
        pages = (proc / "statm").read_text().split()
        page = os.sysconf("SC_PAGE_SIZE")
        files = sum(1 for _ in (proc / "fd").iterdir())
        started = _started(proc)
    except (OSError, ValueError):
        return
    yield _family("process_virtual_memory_bytes", "Virtual memory.", int(pages[0]) * page)
    yield _family("process_resident_memory_bytes", "Resident memory.", int(pages[1]) * page)
    yield _family("process_open_fds", "Open file descriptors.", files)
    yield _family("process_start_time_seconds", "When the process started, in seconds since the epoch.", started)


def _started(proc: Path) -> float:
    """Field 22 of `stat` counts ticks since the machine's start; the name before it may hold spaces."""
    ticks = int((proc / "stat").read_text().rpartition(")")[2].split()[19])
    for line in (proc.parent / "stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
    raise ValueError("no boot time")


def _family(name: str, help: str, number: float, is_counter: bool = False) -> Family:
    return Family(name, help, "counter" if is_counter else "gauge", (), (Sample((), number),))
