"""The supervisor restarts what dies, ends in order, and takes its children along when it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wherry.roles import supervisor
from wherry.roles.background import running_pid
from wherry.roles.paths import Paths

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: process death signals and /proc")


class Cluster:
    """A supervisor with shells for children."""

    def __init__(self, state: Path, scripts: dict[str, str]) -> None:
        self.paths = Paths(state)
        self.paths.run.mkdir(parents=True)
        self.paths.logs.mkdir()
        children = [
            {"name": name, "command": ["/bin/sh", "-c", script], "log": str(self.paths.log(name))}
            for name, script in scripts.items()
        ]
        self.paths.plan.write_text(json.dumps({"pid_file": str(self.paths.supervisor_pid), "children": children}))
        command = [sys.executable, "-I", "-S", supervisor.__file__, str(self.paths.plan)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)

    def lines(self, name: str) -> list[str]:
        log = self.paths.log(name)
        return log.read_text().splitlines() if log.exists() else []

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    made: list[Cluster] = []

    def make(**scripts: str) -> Cluster:
        made.append(Cluster(tmp_path / "state", scripts))
        return made[-1]

    yield make
    for one in made:
        one.close()


def wait_until(is_true: Callable[[], object]) -> None:
    """Other processes are waited for by looking; the test's timeout is the limit."""
    until = time.monotonic() + 10
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_starts_in_order_and_ends_in_reverse(cluster: Callable[..., Cluster], tmp_path: Path) -> None:
    order = tmp_path / "order"
    script = f"trap 'echo -{{0}} >> {order}; exit' TERM; echo +{{0}} >> {order}; while :; do sleep 60 & wait; done"
    one = cluster(server=script.format("server"), agent=script.format("agent"))
    wait_until(lambda: order.exists() and len(order.read_text().split()) == 2)
    assert running_pid(one.paths) == one.process.pid
    one.process.terminate()
    assert one.process.wait(10) == 0
    assert order.read_text().split()[2:] == ["-agent", "-server"]
    assert running_pid(one.paths) is None


def test_restarts_what_dies(cluster: Callable[..., Cluster]) -> None:
    one = cluster(server="echo started; exit 3")
    wait_until(lambda: one.lines("server").count("started") == 2)
    assert one.process.stderr is not None
    assert b"server ended (exit 3), again in 1 s" in one.process.stderr.readline()


def test_children_do_not_outlive_it(cluster: Callable[..., Cluster]) -> None:
    one = cluster(server="echo $$; exec sleep 600")
    wait_until(lambda: one.lines("server"))
    child = int(one.lines("server")[0])
    os.kill(one.process.pid, signal.SIGKILL)
    one.process.wait()
    wait_until(lambda: not Path(f"/proc/{child}/exe").exists())
    assert running_pid(one.paths) is None


def test_there_is_one_per_state_folder(cluster: Callable[..., Cluster]) -> None:
    one = cluster(server="exec sleep 600")
    wait_until(lambda: running_pid(one.paths))
    second = subprocess.run(
        [sys.executable, "-I", "-S", supervisor.__file__, str(one.paths.plan)], capture_output=True, timeout=10
    )
    assert second.returncode == 1
    assert b"another supervisor" in second.stderr
