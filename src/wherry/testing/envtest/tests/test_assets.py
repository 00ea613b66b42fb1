from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from wherry.testing.envtest.assets import write_assets


def test_the_folder_holds_what_envtest_starts(tmp_path: Path) -> None:
    folder = write_assets(tmp_path / "a b" / "bin", kubectl="/usr/bin/true")
    assert sorted(file.name for file in folder.iterdir()) == ["etcd", "kube-apiserver", "kubectl"]
    assert all(os.access(file, os.X_OK) for file in folder.iterdir())
    assert subprocess.run([folder / "kubectl", "version"]).returncode == 0
    assert write_assets(folder, kubectl="/usr/bin/true") == folder


@pytest.mark.parametrize(("program", "flag"), [("etcd", "unsafe-no-fsync"), ("kube-apiserver", "secure-port")])
def test_they_tell_their_flags_as_envtest_asks(tmp_path: Path, program: str, flag: str) -> None:
    folder = write_assets(tmp_path, kubectl="/usr/bin/true")
    done = subprocess.run([folder / program, "--help"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    assert f"\n  --{flag} " in done.stdout
    assert "insecure-port" not in done.stdout
