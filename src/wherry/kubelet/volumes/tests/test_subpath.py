"""Sub-paths that try to lead us astray, and ones that do not. Mounting itself needs root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wherry.kubelet.volumes.cleaning import remove_tree
from wherry.kubelet.volumes.subpath import SubPathError, bind_subpath


@pytest.mark.parametrize("subpath", ["../x", "/etc", "a/../../x", "out", "out/passwd"])
def test_ways_out_are_refused(tmp_path: Path, subpath: str) -> None:
    volume = tmp_path / "v"
    volume.mkdir()
    (volume / "out").symlink_to("/etc")
    with pytest.raises(SubPathError):
        bind_subpath(volume, subpath, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_folder_that_is_swapped_for_a_link_changes_nothing_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pod's own processes may be quicker than we are."""
    volume, elsewhere = tmp_path / "v", tmp_path / "host"
    volume.mkdir()
    elsewhere.mkdir(mode=0o700)
    make = os.mkdir

    def make_and_lose(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        make(name, mode, dir_fd=dir_fd)
        (volume / name).rmdir()
        (volume / name).symlink_to(elsewhere)

    monkeypatch.setattr(os, "mkdir", make_and_lose)
    with pytest.raises(SubPathError, match="became a symbolic link"):
        bind_subpath(volume, "new", tmp_path / "target")
    assert elsewhere.stat().st_mode & 0o777 == 0o700


def _can_mount() -> bool:
    """Effective CAP_SYS_ADMIN."""
    status = Path("/proc/self/status").read_text()
    return os.geteuid() == 0 and bool(int(status.split("CapEff:")[1].split()[0], 16) >> 21 & 1)


@pytest.mark.skipif(not _can_mount(), reason="mounts: needs root with CAP_SYS_ADMIN")
def test_folders_are_made_and_replaced_files_bound_anew(tmp_path: Path) -> None:
    volume = tmp_path / "v"
    volume.mkdir()
    (volume / "file").write_text("1")
    try:
        assert bind_subpath(volume, "new/folder", tmp_path / "t/0").is_dir()
        bound = bind_subpath(volume, "file", tmp_path / "t/1")
        (volume / "next").write_text("2")
        (volume / "next").rename(volume / "file")
        assert bound.read_text() == "1"
        assert bind_subpath(volume, "file", tmp_path / "t/1").read_text() == "2"
    finally:
        remove_tree(tmp_path / "t")
    assert (volume / "file").read_text() == "2"
    assert not (tmp_path / "t").exists()
