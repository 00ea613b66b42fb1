"""A node at rest costs nothing, keeps to itself what it must, and goes away without a trace."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.e2e.cluster import Cluster

from wherry.roles.paths import Paths
from wherry.roles.status import status

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

_SECONDS = 5


def test_server_and_agent_sleep_when_there_is_nothing_to_do(node: Cluster) -> None:
    pids = {part.part: part.pid for part in status(Paths(node.state)) if part.pid and part.part in ("server", "agent")}
    assert set(pids) == {"server", "agent"}
    # What earlier tests set in motion may still be settling; the quietest of three looks counts.
    looks = [_rates(pids) for _ in range(3)]
    assert min(rates["server"] for rates in looks) <= 5, looks
    assert min(rates["agent"] for rates in looks) <= 5, looks


def test_what_pods_are_told_in_confidence_stays_there(node: Cluster) -> None:
    node.kubectl("create", "secret", "generic", "quiet", "--from-literal=password=hush-hush-hush")
    token = node.kubectl("create", "token", "default").strip()
    logs = "".join(path.read_text(errors="replace") for path in Paths(node.state).logs.iterdir())
    for word in ("hush-hush-hush", token):
        assert word not in logs
    open_ones = [path for path in Paths(node.state).state.glob("*/*.k*") if path.stat().st_mode & 0o077]
    assert open_ones == []
    assert Paths(node.state).state.stat().st_mode & 0o077 == 0


def _rates(pids: Mapping[str, int]) -> dict[str, float]:
    """Wake-ups per second of each process, over a few seconds."""
    before = {part: _wake_ups(pid) for part, pid in pids.items()}
    time.sleep(_SECONDS)
    return {part: (_wake_ups(pid) - before[part]) / _SECONDS for part, pid in pids.items()}


def _wake_ups(pid: int) -> int:
    """How often the thread of the event loop has gone to sleep and been woken; gRPC's own threads are not ours."""
    status = Path(f"/proc/{pid}/task/{pid}/status").read_text()
    found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)
    assert found is not None
    return int(found[1])
