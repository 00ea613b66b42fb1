"""What a process says of itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from wherry.lib.processmetrics import process_families


def numbers(proc: Path) -> dict[str, float]:
    return {family.name: number for family in process_families(proc) for _, number in family.samples}


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc here")
def test_this_process() -> None:
    found = numbers(Path("/proc/self"))
    assert found["process_resident_memory_bytes"] > 1 << 20
    assert found["process_open_fds"] >= 3
    assert time.time() - 86400 < found["process_start_time_seconds"] <= time.time() + 1


def test_without_proc_there_is_the_processor_time(tmp_path: Path) -> None:
    assert list(numbers(tmp_path)) == ["process_cpu_seconds_total"]
