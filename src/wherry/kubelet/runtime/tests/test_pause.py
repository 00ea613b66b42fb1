"""The pause program really waits, reaps and leaves."""

from __future__ import annotations

import os
import platform
import select
import signal
import subprocess
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
def test_reaps_children_and_goes_on_waiting(program: Path) -> None:
    # A shell leaves a child behind and becomes pause; the child's pipe closes when it has ended.
    reader, writer = os.pipe()
    process = subprocess.Popen(
        ["sh", "-c", f"read line <&0 & exec {program}"], stdin=subprocess.PIPE, pass_fds=[writer]
    )
    os.close(writer)
    assert process.stdin is not None
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    process.stdin.close()
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    for _ in range(2000):
        if Path(f"/proc/{process.pid}/comm").read_text() == "pause\n" and not children.read_text():
            break
        poller.poll(5)
    os.close(reader)
    assert not children.read_text()
    assert process.poll() is None
    process.terminate()
    assert process.wait(10) == 0


def test_is_small_and_reproducible() -> None:
    for name in ("amd64", "arm64"):
        assert len(pause_program(name)) < 400
        assert pause_image(name) == pause_image(name)
