"""What runs on this machine, how it is, and what it weighs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from wherry.roles import background
from wherry.roles.paths import Paths
from wherry.roles.probe import Probe, node_condition

COLUMNS = ("part", "state", "pid", "memory", "detail")


class PartStatus(Struct, frozen=True):
    """One line of `wherry status`. Memory is the resident set, in MB (10⁶ bytes)."""

    part: str
    state: str
    pid: int | None = None
    memory: float | None = None
    detail: str = ""

    def row(self) -> dict[str, Any]:
        return {key: "" if value is None else value for key, value in asdict(self).items()}


def status(paths: Paths) -> list[PartStatus]:
    """Every part of the cluster, the supervisor first and the nodes last."""
    supervisor = background.running_pid(paths)
    if supervisor is None:
        return [PartStatus("supervisor", "Stopped", detail=f"state in {paths.state}; start with `wherry up`")]
    return [_process("supervisor", supervisor), *_parts(supervisor), *_cluster(paths)]


def _parts(supervisor: int) -> Iterator[PartStatus]:
    for pid in _children(supervisor):
        words = _words(pid)
        if "server" in words:
            yield _process("server", pid)
        elif "agent" in words:
            yield _process("agent", pid)
            for child in _children(pid):
                if _words(child)[:1] and Path(_words(child)[0]).name == "containerd":
                    yield _process("containerd", child)


def _cluster(paths: Paths) -> Iterator[PartStatus]:
    probe = Probe.of(paths, read_port(paths))
    if not probe.is_ready():
        yield PartStatus("api", "NotReady", detail=f"look into {paths.log('server')}")
        return
    version = (probe.get("/version") or {}).get("gitVersion", "")
    yield PartStatus("api", "Ready", detail=f"https://127.0.0.1:{probe.port} {version}")
    for node in (probe.get("/api/v1/nodes") or {}).get("items", []):
        ready = node_condition(node, "Ready") == "True"
        yield PartStatus(f"node/{node['metadata']['name']}", "Ready" if ready else "NotReady", detail=_facts(node))


def read_port(paths: Paths) -> int:
    """The port that the server was started with, as its kubeconfig says."""
    for line in paths.admin_kubeconfig.read_text().splitlines() if paths.admin_kubeconfig.exists() else ():
        if "server:" in line:
            return int(line.rpartition(":")[2].strip(' "/'))
    return 0


def _process(part: str, pid: int) -> PartStatus:
    return PartStatus(part, "Running", pid, resident_megabytes(pid))


def resident_megabytes(pid: int) -> float | None:
    """Resident memory of a process in MB; None when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    kibibytes = next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
    return round(kibibytes * 1024 / 1e6, 1)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    except OSError:
        pass
    return sorted(found)


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _facts(node: Any) -> str:
    info = node.get("status", {}).get("nodeInfo", {})
    addresses = node.get("status", {}).get("addresses", [])
    address = next((a["address"] for a in addresses if a.get("type") == "InternalIP"), "")
    return " ".join(filter(None, (address, info.get("kubeletVersion"), info.get("containerRuntimeVersion"))))
