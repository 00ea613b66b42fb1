"""The stand-ins as envtest starts them, with certificates of its own making."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wherry.api.features import Gate
from wherry.identity import ca
from wherry.identity.pair import Pair
from wherry.identity.profiles import MASTERS, Profile, Usage
from wherry.lib.failure import Failure
from wherry.testing.envtest.apiserver import read_features
from wherry.testing.envtest.assets import write_assets

YEAR = 365 * 86400.0
FLAGS = (
    "--service-cluster-ip-range=10.0.0.0/24",
    "--allow-privileged=true",
    "--disable-admission-plugins=ServiceAccount",
    "--authorization-mode=RBAC",
    "--etcd-servers=http://127.0.0.1:2379",
)


def test_gates_that_nothing_is_behind_are_of_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    found = read_features("H2CContainerProbe=true,PortForwardWebsockets=false")
    assert found.has(Gate.H2C_CONTAINER_PROBE)
    assert capsys.readouterr().err == "of no effect: --feature-gates=PortForwardWebsockets=false\n"
    with pytest.raises(Failure, match="feature is locked to true"):
        read_features("DRAAdminAccess=false")


@contextmanager
def started(*command: str | Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_ok(url: str, process: subprocess.Popen[bytes]) -> None:
    """Ask as envtest does: every 100 ms, whoever serves."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    while process.poll() is None:
        try:
            urllib.request.urlopen(url, context=context if url.startswith("https") else None).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"it ended with {process.returncode}")


def make_pair(folder: Path, name: str, authority: Pair, profile: Profile) -> Pair:
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    ca.make_leaf(authority, pair, profile, time.time(), YEAR)
    return pair


def test_a_control_plane_as_envtest_starts_it(tmp_path: Path) -> None:
    assets = write_assets(tmp_path / "bin", kubectl="/usr/bin/true")
    certificates = tmp_path / "certs"
    certificates.mkdir()
    server_ca, client_ca = (
        Pair(certificates / f"{name}.crt", certificates / f"{name}.key") for name in ("ca", "clients")
    )
    for authority in (server_ca, client_ca):
        ca.make_authority(authority, "envtest-environment", time.time(), YEAR)
    make_pair(certificates, "apiserver", server_ca, Profile("apiserver", (), (Usage.SERVER,), (), ("127.0.0.1",)))
    user = make_pair(certificates, "user", client_ca, Profile("default", (MASTERS,)))
    etcd, port = free_port(), free_port()
    with started(assets / "etcd", f"--listen-client-urls=http://127.0.0.1:{etcd}", f"--data-dir={tmp_path}") as store:
        until_ok(f"http://127.0.0.1:{etcd}/health", store)
        flags = (f"--secure-port={port}", "--bind-address=127.0.0.1", f"--cert-dir={certificates}")
        with started(
            assets / "kube-apiserver", *flags, f"--client-ca-file={client_ca.certificate}", *FLAGS, WHERRY_NODES="2"
        ) as server:
            until_ok(f"https://127.0.0.1:{port}/healthz", server)
            context = ssl.create_default_context(cafile=str(server_ca.certificate))
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"https://127.0.0.1:{port}/api/v1/nodes", context=context)
            context.load_cert_chain(user.certificate, user.key)
            with urllib.request.urlopen(f"https://127.0.0.1:{port}/api/v1/nodes", context=context) as answer:
                assert len(json.load(answer)["items"]) == 2
