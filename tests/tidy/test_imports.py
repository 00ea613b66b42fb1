"""A process imports what its role needs: start-up time and idle memory are features."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

ROLES = {
    "server": ("wherry.roles.server", ("grpc", "google.protobuf", "wherry.kubelet", "cryptography", "yaml")),
    "agent": ("wherry.roles.agent", ("wherry.apiserver", "wherry.store", "wherry.controllers", "cryptography", "yaml")),
    "control plane": ("wherry.controlplane.plane", ("grpc", "sqlite3", "wherry.kubelet", "wherry.roles", "uvloop")),
}


@pytest.mark.parametrize(("module", "unwanted"), ROLES.values(), ids=ROLES)
def test_role_leaves_out_what_it_does_not_need(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    assert [name for name in loaded if any(name == root or name.startswith(root + ".") for root in unwanted)] == []
