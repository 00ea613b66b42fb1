"""Deleting what is a pod's, and nothing else."""

from __future__ import annotations

from pathlib import Path

from wherry.kubelet.volumes.cleaning import remove_tree


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data").write_text("keep")
    pod = tmp_path / "pod"
    (pod / "volumes" / "v").mkdir(parents=True)
    (pod / "volumes" / "v" / "file").write_text("x")
    (pod / "volumes" / "link").symlink_to(precious)
    remove_tree(pod)
    assert not pod.exists()
    assert (precious / "data").read_text() == "keep"


def test_what_is_not_there_is_no_failure(tmp_path: Path) -> None:
    remove_tree(tmp_path / "none")
