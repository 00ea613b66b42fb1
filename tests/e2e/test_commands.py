"""When `wherry up` and `wherry down` cannot do what they are told, they say so in one sentence, with a hint."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.serving import free_port, wherry

from wherry.roles import background
from wherry.roles.paths import Paths
from wherry.roles.status import status

_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Background:
    """A control plane as `wherry up --no-node` keeps it."""

    paths: Paths
    port: int

    def up(self, *more: str) -> subprocess.CompletedProcess[str]:
        words = ("up", "--no-node", "--no-kubeconfig", "--port", str(self.port), "--bind-address", "127.0.0.1")
        return wherry(*words, "--state", str(self.paths.state), *more, environment=self.environment)

    def down(self, *more: str) -> subprocess.CompletedProcess[str]:
        return wherry("down", "--state", str(self.paths.state), *more, environment=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        home = str(self.paths.state.parent)
        return {"HOME": home, "KUBECONFIG": f"{home}/kubeconfig"}

    def pids(self) -> dict[str, int]:
        return {part.part: part.pid for part in status(self.paths) if part.pid}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Background]:
    cluster = Background(Paths(tmp_path / "state"), free_port())
    yield cluster
    cluster.down()


def test_a_taken_port_is_told_with_a_way_out(cluster: Background) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", cluster.port))
        taken.listen()
        error, hint = _refusal(cluster.up())
    assert error == f"error: port {cluster.port} is not free: Address already in use"
    assert "--port" in hint
    assert background.running_pid(cluster.paths) is None


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="the check for programs comes after that for root"
)
def test_a_missing_runtime_is_told_with_the_command_that_installs_it(tmp_path: Path) -> None:
    if Path("/usr/sbin/containerd").exists():
        pytest.skip("containerd is found here whatever PATH says")
    done = wherry("up", "--state", str(tmp_path / "state"), environment={"PATH": str(tmp_path), "HOME": str(tmp_path)})
    error, hint = _refusal(done)
    assert "not installed: containerd" in error
    assert "apt-get install containerd" in hint
    assert not (tmp_path / "state").exists()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="needs root to become somebody else")
def test_an_ordinary_user_is_told_what_is_missing() -> None:
    # What is imported later may lie where only root can read.
    script = (
        "import os, sys; from wherry.cli.main import main; import wherry.cli.up, wherry.roles.up; "
        "os.setuid(65534); sys.exit(main())"
    )
    words = (sys.executable, "-c", script, "up", "--state", "/tmp/nobody-has-this")
    error, hint = _refusal(subprocess.run(words, capture_output=True, text=True, timeout=30, check=False))
    assert error == "error: a node needs root, and running without it is not built yet"
    assert "sudo" in hint


def test_up_and_down_twice_do_no_harm(cluster: Background) -> None:
    assert cluster.up().returncode == 0
    first = cluster.pids()
    again = cluster.up()
    assert again.returncode == 0
    assert "already running" in again.stdout
    assert cluster.pids() == first
    assert cluster.down().stdout == "stopped\n"
    done = cluster.down()
    assert (done.returncode, done.stdout) == (0, "nothing was running\n")


@pytest.mark.parametrize("victim", ["supervisor", "server"])
def test_up_after_a_kill_is_a_fresh_start_on_the_same_state(cluster: Background, victim: str) -> None:
    assert cluster.up().returncode == 0
    before = cluster.pids()
    identity = cluster.paths.admin_kubeconfig.read_bytes()
    os.kill(before[victim], signal.SIGKILL)
    done = cluster.up()
    assert done.returncode == 0, done.stderr
    after = cluster.pids()
    assert after["server"] != before["server"]
    assert (after["supervisor"] == before["supervisor"]) is (victim == "server")
    _wait_until(lambda: not Path(f"/proc/{before[victim]}/exe").exists())
    assert cluster.paths.admin_kubeconfig.read_bytes() == identity


def test_a_cluster_that_cannot_start_says_why(cluster: Background) -> None:
    cluster.paths.server.mkdir(parents=True)
    cluster.paths.database.write_text("Dear diary")
    done = cluster.up("--timeout", "4")
    assert done.returncode == 1
    assert "is not a Wherry database and was left as it is" in done.stderr
    assert "Traceback" not in done.stderr
    assert cluster.paths.database.read_text() == "Dear diary"


def test_delete_state_leaves_nothing(cluster: Background) -> None:
    assert cluster.up().returncode == 0
    done = cluster.down("--delete-state")
    assert done.returncode == 0
    assert done.stdout == f"stopped\ndeleted {cluster.paths.state}\n"
    assert not cluster.paths.state.exists()
    assert cluster.down("--delete-state").returncode == 0


def test_delete_state_spares_what_is_not_ours(tmp_path: Path) -> None:
    """Nobody means their home folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "cat.jpg").write_text("meow")
    done = Background(Paths(folder), free_port()).down("--delete-state")
    assert (folder / "cat.jpg").exists()
    error, hint = _refusal(done)
    assert str(folder) in error
    assert hint
    shutil.rmtree(folder)


def _refusal(done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """The one sentence and its hint."""
    assert done.returncode == 1, done
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint:  ")
    return error, hint


def _wait_until(is_true: Callable[[], object]) -> None:
    until = time.monotonic() + 15
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.02)
