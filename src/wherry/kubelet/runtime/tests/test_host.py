"""What the host can do."""

from __future__ import annotations

from pathlib import Path

from wherry.kubelet.runtime.host import has_capability, read_traits


def test_capabilities() -> None:
    assert has_capability("CapEff:\t000001ffffffffff\n", 24)
    assert not has_capability("CapEff:\t000001fffeffffff\n", 24)
    assert not has_capability("", 24)


def test_traits(tmp_path: Path) -> None:
    proc, sys = tmp_path / "proc", tmp_path / "sys"
    (proc / "self").mkdir(parents=True)
    (proc / "self/status").write_text("CapEff:\t000001ffffffffff\n")
    (proc / "filesystems").write_text("nodev\ttmpfs\nnodev\toverlay\n")
    (sys / "fs/cgroup").mkdir(parents=True)
    (sys / "fs/cgroup/cgroup.controllers").write_text("cpu memory hugetlb")
    traits = read_traits(proc, sys)
    assert (traits.can_raise_resources, traits.has_apparmor, traits.has_hugetlb) == (True, False, True)
    assert traits.snapshotter == "overlayfs"
