"""Folders go with their clusters, and with the next cluster where a process could not see to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from wherry.testing.cluster.folders import Folder, sweep


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_its_owners_alone_and_goes_when_told() -> None:
    folder = Folder()
    assert folder.path.stat().st_mode & 0o077 == 0
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def test_sweeping_spares_what_is_in_use_and_what_is_not_ours(places: Path) -> None:
    mine, strange = Folder(), places / "wherry-cluster-strange"
    strange.mkdir()
    sweep()
    assert mine.path.exists()
    assert strange.exists()
    mine.remove()


def test_what_a_killed_process_has_left_goes_with_the_next_folder(places: Path) -> None:
    code = "from wherry.testing.cluster.folders import Folder; f = Folder(); print(f.path, flush=True); input()"
    environment = {**os.environ, "TMPDIR": str(places)}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        Folder().remove()
        assert left.exists()
        process.send_signal(signal.SIGKILL)
    assert left.exists()
    Folder().remove()
    assert not left.exists()


def test_a_forked_process_leaves_its_parents_folder_alone() -> None:
    code = """
import os
from wherry.testing.cluster.folders import Folder
folder = Folder()
if child := os.fork():
    os.waitpid(child, 0)
    print(folder.path.exists())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
