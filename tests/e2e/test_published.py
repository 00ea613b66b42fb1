"""The test suites that other projects publish with their clients, unmodified, against clusters of ours.

kr8s wants a cluster made by kind and images of the world; it gets ours and an image of ours under those names. kopf
runs each of its examples as an operator, and mostly waits: its suite goes on beside the other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cluster import CLIENTS, KUBECTLS, Cluster
from tests.e2e.registry import registry

from wherry.roles.example_image import example_image
from wherry.wire.oci import Directory, Entry, File

LEFT_OUT = {
    "kr8s/tests/test_auth.py::test_kubeconfig": "takes the user that kind makes, kubernetes-admin, for granted",
    "kr8s/tests/test_api.py::test_api_timeout": "takes for granted that a server needs more than 10 microseconds",
    "kr8s/tests/test_objects.py::test_wait_replicas": "waits for a StatefulSet's pods, which nobody makes yet",
    "kr8s/tests/test_objects.py::test_cast_to_from_kubernetes": "looks for a module that kubernetes 37 has no longer",
    "kr8s/tests/test_objects.py::test_pod_exec_error": "httpx-ws wraps its error in a group since it was written",
    "kr8s/tests/test_objects.py::test_pod_exec_to_file": "httpx-ws wraps its error in a group since it was written",
    "tests/e2e/test_examples.py::test_all_examples_are_runnable[13-hooks]": "it meets a fault of ast in Python 3.11",
    "tests/e2e/test_examples.py::test_all_examples_are_runnable[99-all-at-once]": "the same",
    "tests/e2e/test_examples.py::test_all_examples_are_runnable[17-admission]": "oscrypto does not know OpenSSL 3.0.1x",
}
"""Tests that say nothing of us (by the beginning of their names), and why."""

SUITES = CLIENTS / "suites"
IMAGES = {
    "docker.io": (
        ("library/nginx", "latest"),
        ("library/nginx", "1.14.2"),
        ("library/nginx", "stable"),
        ("library/ubuntu", "latest"),
    ),
    "gcr.io": (("google_containers/pause", "latest"),),
}
"""What kr8s' tests run, by registry: (repository, tag)."""
SERVE = ("sh", "-c", "trap exit TERM; httpd -f -p 80 -h /usr/share/nginx/html & wait")
PAGES: dict[str, Entry] = {
    "usr/share": Directory(),
    "usr/share/nginx": Directory(),
    "usr/share/nginx/html": Directory(),
    "usr/share/nginx/html/index.html": File(b"Hello\n"),
}
KIND = """\
#!/bin/sh
# Stands in for kind: the cluster is there already.
case "$1 $2" in
    "create cluster")
        for word; do
            case $word in --kubeconfig=*) cat "$KUBECONFIG" >"${word#--kubeconfig=}" ;; esac
        done ;;
esac
"""


class Run:
    """pytest in a copy of a suite's folder, which it writes into."""

    def __init__(self, cluster: Cluster, suite: str, scratch: Path, *words: str) -> None:
        self.folder = Path(shutil.copytree(SUITES / suite, scratch / suite))
        self._log = scratch / "log"
        left_out = [f"--deselect={name}" for name in LEFT_OUT]
        self._command = [*cluster.prefix, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        self._command += ["-o", "addopts=", *left_out, *words]
        self._environment = {**cluster.environment, "PATH": f"{CLIENTS}:{os.environ['PATH']}"}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self.folder, env=self._environment, stdout=log, stderr=log
            )

    def succeeds(self) -> None:
        """Fails with what the suite said."""
        assert self._process is not None
        code = self._process.wait(timeout=600)
        assert code == 0, self._log.read_text()[-30000:]

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def need_suites() -> None:
    if not SUITES.exists() or "1.37" not in KUBECTLS:
        pytest.skip(
            "the suites of kopf and kr8s are not here: tools/suites.py and tools/clients.py fetch what they need"
        )


@pytest.fixture(scope="module")
def kopf(control_plane: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """kopf's suite, which goes on in the background."""
    need_suites()
    words = ("--only-e2e", "--timeout=60", "-W", "ignore::pytest.PytestUnraisableExceptionWarning", "tests/e2e")
    run = Run(control_plane, "kopf", tmp_path_factory.mktemp("suite"), *words)
    run.start()
    yield run
    run.stop()


@pytest.fixture
def world(node: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """The node, with a mirror of the registries that the suites pull from."""
    archive = example_image(command=SERVE, further=PAGES)
    folders = []
    with registry(node, tmp_path / "registry", 5010) as mirror:
        for host, images in IMAGES.items():
            folder = node.state / "agent/certs.d" / host
            folder.mkdir(parents=True)
            folders.append(folder)
            hosts = f'server = "https://{host}"\n[host."http://{mirror.host}"]\ncapabilities = ["pull", "resolve"]\n'
            (folder / "hosts.toml").write_text(hosts)
            for repository, tag in images:
                mirror.push(repository, tag, archive)
        # Clusters that kind makes have pods of their own.
        node.kubectl("run", "resident", "-n", "kube-system", "--image=nginx")
        node.kubectl("wait", "pod/resident", "-n", "kube-system", "--for=condition=Ready", "--timeout=60s")
        yield node
        node.kubectl("delete", "pod", "resident", "-n", "kube-system")
    for folder in folders:
        shutil.rmtree(folder)


@pytest.mark.timeout(700)
@pytest.mark.usefixtures("kopf")
def test_kr8s(world: Cluster, tmp_path: Path) -> None:
    # Three more attempts, as its own continuous integration has: its port-forward does not wait until it listens.
    run = Run(world, "kr8s", tmp_path / "suite", "--keep-cluster", "--reruns=3", "kr8s")
    tools = run.folder / ".pytest-kind/pytest-kind"
    tools.mkdir(parents=True)
    (tools / "kind-v0.17.0").write_text(KIND)
    (tools / "kind-v0.17.0").chmod(0o755)
    (tools / "kubectl-v1.25.3").symlink_to(KUBECTLS["1.37"])
    run.start()
    try:
        run.succeeds()
    finally:
        run.stop()


@pytest.mark.timeout(700)
def test_kopf(kopf: Run, control_plane: Cluster) -> None:
    kopf.succeeds()
    control_plane.kubectl("delete", "crd", "kopfexamples.kopf.dev", "--timeout=30s")
