"""The tests that three dynamic clients are published with, unmodified, against a control plane."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.clients import need
from tests.e2e.cluster import Cluster
from tests.e2e.dynamicsuites import MODULES

LEFT_OUT = {
    "kubernetes": {
        "test_cluster_custom_resources": "asks for definitions in v1beta1, which went with 1.22",
        "test_namespaced_custom_resources": "the same",
        "test_async_namespaced_custom_resources": "the same",
        "test_cache_decoder_resource_and_subresource": "takes two objects of a class without equality to be equal",
    },
    "kubernetes.aio": {"test_server_side_apply_api": "applies a Deployment as a Pod, which upstream refuses as well"},
    "kubernetes_asyncio": {"test_server_side_apply_api": "the same"},
}
"""Tests that say nothing of us, and why."""


@pytest.mark.parametrize("library", MODULES)
def test_published_tests(control_plane: Cluster, tmp_path: Path, library: str) -> None:
    need(library)
    modules = [f"{library}.{module}" for module in MODULES[library]]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.e2e.dynamicsuites", "-p", "no:cacheprovider"]
    command += [
        "-o",
        "addopts=",
        "-o",
        "filterwarnings=",
        "-k",
        " and ".join(f"not {name}" for name in LEFT_OUT[library]),
    ]
    command += ["--pyargs", *modules]
    # The clients keep what discovery told them in the folder for temporary files.
    environment = {**control_plane.environment, "TMPDIR": str(tmp_path), "NO_PROXY": "*"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert run.returncode == 0, run.stdout[-20000:] + run.stderr[-2000:]
