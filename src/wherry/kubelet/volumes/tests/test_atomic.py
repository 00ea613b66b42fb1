"""Files that change all at once."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.kubelet.volumes.atomic import PayloadFile, write_payload


def _read(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


def test_layout_is_upstreams(tmp_path: Path) -> None:
    assert write_payload(tmp_path, {"a": PayloadFile(b"1", 0o400), "d/b": PayloadFile(b"2")}, 0.0)
    assert os.readlink(tmp_path / "a") == "..data/a"
    assert os.readlink(tmp_path / "d") == "..data/d"
    assert os.readlink(tmp_path / "..data") == "..1970_01_01_00_00_00.000000"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o400
    assert _read(tmp_path, "d/b") == b"2"


def test_a_change_swaps_everything_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write_payload(tmp_path, {"a": PayloadFile(b"1"), "gone": PayloadFile(b"x")}, 0.0)
    before = os.readlink(tmp_path / "..data")
    assert write_payload(tmp_path, {"a": PayloadFile(b"2"), "new": PayloadFile(b"y")}, 0.0)
    assert os.readlink(tmp_path / "..data") != before
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("..")) == ["a", "new"]
    assert len([path for path in tmp_path.iterdir() if path.is_dir() and not path.is_symlink()]) == 1
    assert _read(tmp_path, "a") == b"2"


def test_no_change_writes_nothing(tmp_path: Path) -> None:
    payload = {"a": PayloadFile(b"1")}
    write_payload(tmp_path, payload, 0.0)
    before = os.readlink(tmp_path / "..data")
    assert not write_payload(tmp_path, payload, 99.0)
    assert os.readlink(tmp_path / "..data") == before


def test_a_half_written_volume_is_repaired(tmp_path: Path) -> None:
    write_payload(tmp_path, {"a": PayloadFile(b"1")}, 0.0)
    (tmp_path / "a").unlink()
    (tmp_path / "..data_tmp").symlink_to("nowhere")
    write_payload(tmp_path, {"a": PayloadFile(b"1")}, 1.0)
    assert _read(tmp_path, "a") == b"1"


@pytest.mark.skipif(os.geteuid() != 0, reason="changes owners: needs root")
def test_a_group_may_read(tmp_path: Path) -> None:
    write_payload(tmp_path, {"a": PayloadFile(b"1", 0o600)}, 0.0, group=1234)
    found = (tmp_path / "a").stat()
    assert (found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 0o640)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "..data", "..x/y"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="invalid path"):
        write_payload(tmp_path, {path: PayloadFile(b"")}, 0.0)


payloads = st.dictionaries(st.from_regex(r"[a-c](/[d-f])?", fullmatch=True), st.binary(max_size=3), max_size=4).filter(
    lambda files: not any(other.startswith(path + "/") for path in files for other in files)
)


@given(st.lists(payloads, min_size=1, max_size=4))
def test_whatever_the_history_the_last_payload_is_there(history: list[dict[str, bytes]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, files in enumerate(history):
            write_payload(folder, {path: PayloadFile(data) for path, data in files.items()}, float(number))
        visible = [path for path in folder.rglob("*") if ".." not in str(path.relative_to(folder))]
        found = {}
        for top in (path for path in visible if path.parent == folder):
            inner = [top] if top.is_file() else [each for each in top.iterdir() if each.is_file()]
            found.update({str(each.relative_to(folder)): each.read_bytes() for each in inner})
        assert found == history[-1]
