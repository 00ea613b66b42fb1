"""Real clusters for the tests: a control plane alone, or a whole node in a network namespace of its own."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.cluster import KUBECTLS, Cluster
from tests.e2e.pods import Bench, until

from wherry.testing.network import Network


@pytest.fixture
def swept() -> Iterator[None]:
    """Collects what a client left open while its test may still be told of it, and not the test that comes next."""
    yield
    gc.collect()


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
    need_node()
    state = tmp_path_factory.mktemp("node") / "state"
    with Network(f"wherry-{uuid.uuid4().hex[:6]}") as prefix:
        cluster = Cluster(state, 6443, prefix)
        try:
            cluster.wherry("up", "--no-kubeconfig", "--node-name", "one")
            cluster.wherry("images", "example")
            yield cluster
        finally:
            cluster.wherry("down", "--delete-state", check=False)


@pytest.fixture
def bench(node: Cluster) -> Iterator[Bench]:
    """A namespace on the real node for one test; its pods are gone when the test is over."""
    with _bench(node) as made:
        yield made


@pytest.fixture(scope="module")
def module_bench(node: Cluster) -> Iterator[Bench]:
    """A namespace on the real node for all tests of a module."""
    with _bench(node) as made:
        yield made


@contextmanager
def _bench(cluster: Cluster) -> Iterator[Bench]:
    made = Bench(cluster, f"test-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", made.namespace)
    until(lambda: made.get("serviceaccounts")["items"], what="the namespace's service account")
    try:
        yield made
    finally:
        cluster.kubectl("delete", "namespace", made.namespace, "--wait=false")
        until(lambda: made.get("pods")["items"] == [], what="the end of the test's pods")


def need_node() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a real node needs root on Linux")
    if not KUBECTLS:
        pytest.skip("no kubectl on this machine: tools/clients.py fetches one")
    lacking = [program for program in ("containerd", "runc", "ip", "nft", "nsenter") if shutil.which(program) is None]
    if lacking:
        pytest.skip(f"a real node needs {', '.join(lacking)}: tools/setup.sh installs them")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives real programs, and has time for it."""
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(240))
