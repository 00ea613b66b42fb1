"""Each lack is told with its cure."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from wherry.lib.failure import Failure
from wherry.roles.preflight import check_cgroups, check_port


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=f"port {port} is not free") as failure:
            check_port("127.0.0.1", port, "--port")
    assert "--port" in failure.value.hint


def test_a_free_port_is_fine() -> None:
    check_port("127.0.0.1", 0, "--port")


@pytest.mark.parametrize("version", [1, 2])
def test_cgroups_with_all_controllers_are_fine(tmp_path: Path, version: int) -> None:
    for controller in ("cpu", "memory", "pids"):
        (tmp_path / controller).mkdir()
    if version == 2:
        (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    check_cgroups(tmp_path)


@pytest.mark.parametrize("version", [1, 2])
def test_a_missing_controller_is_named(tmp_path: Path, version: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "pids").mkdir()
    if version == 2:
        (tmp_path / "cgroup.controllers").write_text("cpu pids\n")
    with pytest.raises(Failure, match="no memory controller") as failure:
        check_cgroups(tmp_path)
    assert "cgroup_enable=memory" in failure.value.hint
