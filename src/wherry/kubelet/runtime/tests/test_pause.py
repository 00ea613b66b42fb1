"""The pause program really waits, reaps and leaves."""

from __future__ import annotations

import platform
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from wherry.kubelet.runtime.pause import pause_image, pause_program
from wherry.lib.arch import architecture

native = pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="runs the machine code itself: needs Linux on x86-64 or arm64",
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "pause"
    path.write_bytes(pause_program(architecture()))
    path.chmod(0o755)
    return path


@native
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_leaves_with_success_when_told_to(program: Path, number: signal.Signals) -> None:
    # Blocked from the start, the signal cannot be lost before the program has set its mask.
    process = subprocess.Popen([program], preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [number]))
    process.send_signal(number)
    assert process.wait(10) == 0


@native
@pytest.mark.parametrize("source", ["/dev/null", "/dev/stdin"], ids=["who had ended before", "who ends later"])
def test_reaps_children_and_goes_on_waiting(program: Path, source: str) -> None:
    # A shell leaves behind a child that waits for a line, and becomes pause.
    script = f"exec 3<{source}; read line <&3 & exec {program}"
    process = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE)
    assert process.stdin is not None
    try:
        _until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "pause\n")
        process.stdin.close()
        _until(lambda: not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())
        assert process.poll() is None
    finally:
        process.stdin.close()
        process.terminate()
        assert process.wait(10) == 0


def _until(is_true: Callable[[], bool]) -> None:
    """Another process is waited for by looking; the test's timeout is the limit."""
    while not is_true():
        time.sleep(0.002)


def test_is_small_and_reproducible() -> None:
    for name in ("amd64", "arm64"):
        assert len(pause_program(name)) < 400
        assert pause_image(name) == pause_image(name)
