from __future__ import annotations

from pathlib import Path

from wherry.kubelet.runtime.containerdconfig import ContainerdPaths
from wherry.roles.paths import Paths


def test_containerd_is_looked_for_where_the_agent_puts_it() -> None:
    paths = Paths(Path("/state"))
    started = ContainerdPaths.under(paths.agent)
    assert paths.log("containerd") == started.log
    assert paths.containerd_socket == started.socket


def test_each_part_has_a_log_of_its_own() -> None:
    paths = Paths(Path("/state"))
    logs = [paths.log(part) for part in ("server", "agent", "containerd", "supervisor")]
    assert len(set(logs)) == 4
    assert logs[0] == Path("/state/logs/server.log")
