"""Logs that have grown too large."""

from __future__ import annotations

from pathlib import Path

from wherry.kubelet.server.rotation import LogLimits, Rotation
from wherry.kubelet.tests.fakeruntime import FakeRuntime
from wherry.testing.clock import ManualClock


async def test_large_logs_are_set_aside_and_old_ones_dropped(tmp_path: Path) -> None:
    clock, runtime = ManualClock(), FakeRuntime(ManualClock())
    path = tmp_path / "0.log"
    rotation = Rotation(runtime, lambda: [("c1", path)], clock, LogLimits(max_bytes=10, max_files=3))
    for number in range(5):
        path.write_bytes(b"x" * 10)
        await rotation.rotate_all()
        path.write_bytes(b"%d" % number)
        await clock.advance(1)
    await rotation.rotate_all()
    assert runtime.reopened == ["c1"] * 5
    assert path.read_bytes() == b"4"
    assert len(list(tmp_path.glob("0.log.*"))) == 2


async def test_a_log_that_is_gone_is_passed_over(tmp_path: Path) -> None:
    runtime = FakeRuntime(ManualClock())
    await Rotation(runtime, lambda: [("c1", tmp_path / "none")], ManualClock()).rotate_all()
    assert runtime.reopened == []
