"""Real clusters for the tests: a control plane alone, or a whole node in a network namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".venv/clients"
KUBECTLS = {
    name: path
    for name, path in (("machine", shutil.which("kubectl")), ("1.37", str(CLIENTS / "kubectl")))
    if path and Path(path).exists()
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster and how to talk to it. Commands run where the cluster does."""

    state: Path
    port: int
    prefix: tuple[str, ...] = ()
    kubectl_path: str = field(default_factory=lambda: next(iter(KUBECTLS.values()), "kubectl"))

    def run(
        self, *command: str, stdin: str | None = None, timeout: float = 60, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.prefix, *command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
        return done

    def start(self, *command: str, **how: Any) -> subprocess.Popen[str]:
        """A command that goes on; the caller ends it."""
        return subprocess.Popen([*self.prefix, *command], text=True, env=self.environment, **how)

    def kubectl(self, *words: str, stdin: str | None = None, timeout: float = 60, check: bool = True) -> str:
        return self.run(self.kubectl_path, *words, stdin=stdin, timeout=timeout, check=check).stdout

    def failure(self, *words: str, stdin: str | None = None) -> str:
        """What kubectl says when it must fail."""
        done = self.run(self.kubectl_path, *words, stdin=stdin, check=False)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def get(self, *words: str) -> Any:
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def wherry(self, *words: str, timeout: float = 150, check: bool = True) -> str:
        command = (sys.executable, "-m", "wherry", *words, "--state", str(self.state))
        return self.run(*command, timeout=timeout, check=check).stdout

    def with_kubectl(self, path: str) -> Cluster:
        return Cluster(self.state, self.port, self.prefix, path)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "KUBECONFIG": str(self.state / "server/admin.kubeconfig"),
            "HOME": str(self.state),
            "NO_PROXY": "*",
        }


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server without a node, in the background as `wherry up --no-node` starts it; needs neither root nor Linux."""
    if not KUBECTLS:
        pytest.skip("no kubectl on this machine: tools/clients.py fetches one")
    cluster = Cluster(tmp_path_factory.mktemp("control-plane") / "state", _free_port())
    try:
        cluster.wherry("up", "--no-node", "--no-kubeconfig", "--port", str(cluster.port), "--bind-address", "127.0.0.1")
        yield cluster
    finally:
        cluster.wherry("down", check=False)


@pytest.fixture(scope="session", params=KUBECTLS or ["none"])
def api(request: pytest.FixtureRequest, control_plane: Cluster) -> Cluster:
    """The control plane as each kubectl that is there sees it."""
    return control_plane.with_kubectl(KUBECTLS[request.param])


@pytest.fixture
def namespace(control_plane: Cluster) -> Iterator[str]:
    """A namespace of the control plane for one test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A whole cluster with a real node, alone in a network namespace: its ports, bridge and rules are nobody else's."""
    _need_node()
    state = tmp_path_factory.mktemp("node") / "state"
    with _Network(f"wherry-{uuid.uuid4().hex[:6]}") as prefix:
        cluster = Cluster(state, 6443, prefix)
        try:
            cluster.wherry("up", "--no-kubeconfig", "--node-name", "one")
            cluster.wherry("images", "example")
            yield cluster
        finally:
            cluster.wherry("down", "--delete-state", check=False)


def _need_node() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a real node needs root on Linux")
    if not KUBECTLS:
        pytest.skip("no kubectl on this machine: tools/clients.py fetches one")
    lacking = [program for program in ("containerd", "runc", "ip", "nft", "nsenter") if shutil.which(program) is None]
    if lacking:
        pytest.skip(f"a real node needs {', '.join(lacking)}: tools/setup.sh installs them")


class _Network:
    """A network namespace with an address and a default route that lead nowhere."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> tuple[str, ...]:
        _run("ip", "netns", "add", self.name)
        # Not `ip netns exec`, which would mount a fresh /sys and hide the control groups.
        prefix = ("nsenter", f"--net=/run/netns/{self.name}")
        for command in (
            ("link", "set", "lo", "up"),
            ("link", "add", "uplink", "type", "bridge"),
            ("address", "add", "198.51.100.2/24", "dev", "uplink"),
            ("link", "set", "uplink", "up"),
            ("route", "add", "default", "via", "198.51.100.1"),
        ):
            _run(*prefix, "ip", *command)
        return prefix

    def __exit__(self, *_: object) -> None:
        _run("ip", "netns", "delete", self.name)


def _run(*command: Sequence[str] | str) -> None:
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives real programs, and has time for it."""
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(240))
