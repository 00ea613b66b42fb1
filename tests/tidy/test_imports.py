"""A process imports what its role needs: start-up time and idle memory are features."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LATE = (
    "wherry.cel",
    "re2",
    "wherry.api.structural",
    "wherry.apiserver.openapi.serve",
    "zoneinfo",
    "tempfile",
    "email",
    "yaml",
)
"""What a server imports with the first definition, rule, document or time zone; together 40 ms and 6 MB."""

ROLES = {
    "server": ("wherry.roles.server", ("grpc", "google.protobuf", "wherry.kubelet", "cryptography", *LATE)),
    "agent": ("wherry.roles.agent", ("wherry.apiserver", "wherry.store", "wherry.controllers", "cryptography", "yaml")),
    "a test's cluster": (
        "wherry.testing.cluster.sync",
        ("uvloop", "grpc", "pyroute2", "sqlite3", "cryptography", "yaml", "tempfile", "wherry.roles", "wherry.network"),
    ),
    "control plane": ("wherry.controlplane.plane", ("grpc", "sqlite3", "wherry.kubelet", "wherry.roles", "uvloop")),
}


@pytest.mark.parametrize(("module", "unwanted"), ROLES.values(), ids=ROLES)
def test_role_leaves_out_what_it_does_not_need(module: str, unwanted: tuple[str, ...]) -> None:
    assert _loaded(f"import {module}", unwanted) == []


STARTED = """
import asyncio, random
from wherry.controlplane.plane import ControlPlane
from wherry.lib.systemclock import SystemClock
from wherry.store.memory import MemoryStore

async def start():
    plane = ControlPlane(MemoryStore(), SystemClock(), random.Random(1))
    await plane.open()
    await plane.start()
    await plane.close()

asyncio.run(start())
"""


def test_a_start_loads_nothing_that_waits_for_its_first_use() -> None:
    assert _loaded(STARTED, ("cryptography", *LATE)) == []


QUIET = """
from wherry.testing import Cluster

with Cluster(nodes=3):
    pass
"""
UNMET = (
    "cryptography",
    "email",
    "http.client",
    "logging.config",
    "re2",
    "shutil",
    "sqlite3",
    "tempfile",
    "unittest",
    "uvloop",
    "wherry.api.structural.judging",
    "wherry.apiserver.openapi.serve",
    "wherry.apiserver.protobuf",
    "wherry.apiserver.yamltext",
    "wherry.cel",
    "wherry.network",
    "wherry.roles",
    "wherry.scheduler.config",
    "yaml",
    "zoneinfo",
)
"""What a cluster for tests does without until a test asks for it."""
MOST_OF_OURS, MOST_OF_OTHERS = 850, 225
"""Modules of a quiet cluster. Each is 0.15 ms and 25 KB of every test session: think of `UNMET` before you raise it."""


def test_a_quiet_cluster_loads_little() -> None:
    everything = _modules(QUIET)
    assert _among(everything, UNMET) == []
    ours = [name for name in everything if name.partition(".")[0] == "wherry"]
    assert len(ours) <= MOST_OF_OURS
    assert len(everything) - len(ours) <= MOST_OF_OTHERS


def _loaded(code: str, unwanted: tuple[str, ...]) -> list[str]:
    """Which of what is unwanted, or of what is in it, has been imported when the code has run."""
    return _among(_modules(code), unwanted)


def _among(modules: list[str], unwanted: tuple[str, ...]) -> list[str]:
    return [name for name in modules if any(name == root or name.startswith(root + ".") for root in unwanted)]


def _modules(code: str) -> list[str]:
    """All that has been imported when the code has run."""
    code += "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules: list[str] = json.loads(done.stdout)
    return modules
