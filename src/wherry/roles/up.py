"""`wherry up` and `wherry down`: the server and a node in the background on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from wherry.api.features import format_gates
from wherry.identity.kubeconfig import merge_into, read_kubeconfig, remove_from, user_file
from wherry.lib.failure import Failure
from wherry.roles import background, preflight
from wherry.roles.background import Part
from wherry.roles.paths import Paths
from wherry.roles.probe import Probe, node_condition
from wherry.roles.settings import API_PORT, KUBELET_PORT, host_name, simulated_name

CONTEXT = "wherry"
Tell = Callable[[str, float], None]
"""Called with what has been reached, and the seconds it took since the start."""


class UpSettings(Struct, frozen=True):
    paths: Paths
    port: int = API_PORT
    bind_address: str = "0.0.0.0"
    kubelet_port: int = KUBELET_PORT
    node_name: str = ""
    with_node: bool = True
    simulate: int = 0
    """How many nodes to simulate."""
    feature_gates: Mapping[str, bool] = field(default_factory=dict)
    """Features of Kubernetes that are switched on or off."""
    merge_kubeconfig: bool = True
    patience_seconds: float = 120.0


def up(settings: UpSettings, tell: Tell) -> None:
    """Start what does not run and return when the node is Ready; raises Failure."""
    began = time.monotonic()
    paths, node_name = settings.paths, settings.node_name or host_name()
    deaths = {part: background.count_deaths(paths, part) for part in ("server", "agent")}
    if background.running_pid(paths) is None:
        _check(settings)
        background.start(paths, _parts(settings, node_name))
    else:
        tell("already running", time.monotonic() - began)
    probe = Probe.of(paths, settings.port)
    wait = partial(_wait, settings=settings, began=began, deaths=deaths)
    wait(probe.is_ready, "the API server", "server")
    tell(f"API server ready on port {settings.port}", time.monotonic() - began)
    if settings.merge_kubeconfig:
        tell(f"kubectl context {CONTEXT!r} in {merge_kubeconfig(paths)}", time.monotonic() - began)
    if settings.with_node:
        path = f"/api/v1/nodes/{node_name}"
        wait(lambda: node_condition(probe.get(path), "Ready") == "True", f"node {node_name}", "agent")
        tell(f"node {node_name} Ready", time.monotonic() - began)
    if settings.simulate:
        last = f"/api/v1/nodes/{simulated_name(settings.simulate)}"
        wait(lambda: node_condition(probe.get(last), "Ready") == "True", "simulated nodes", "server")
        tell(f"{settings.simulate} simulated nodes Ready", time.monotonic() - began)


def down(paths: Paths) -> bool:
    """Stop everything, pods included; what is stored stays. Tells whether anything ran."""
    ran = background.stop(paths)
    if paths.agent.exists():
        from wherry.kubelet.runtime.teardown import stop_all

        stop_all(paths.agent)
        asyncio.run(_clear_network())
    return ran


async def _clear_network() -> None:
    from wherry.network.host import CommandLine, HostFailure
    from wherry.network.routes import clear

    with contextlib.suppress(HostFailure):  # without the programs, or without root, there is nothing of ours
        await clear(CommandLine())


def delete_state(paths: Paths) -> None:
    """Begin anew next time: objects, images, volumes, keys, and the context that spoke of them."""
    if paths.state.exists() and any(paths.state.iterdir()) and not _is_ours(paths):
        raise Failure(f"{paths.state} is not a state folder of Wherry", "name the right one with --state")
    if mounted := _mounts_below(paths.state):
        raise Failure(
            f"{mounted[0]} is still mounted, and what is behind it may not be ours to delete",
            f"unmount it first: umount {mounted[0]}",
        )
    remove_kubeconfig()
    shutil.rmtree(paths.state, ignore_errors=True)


def _is_ours(paths: Paths) -> bool:
    return paths.server.exists() or paths.agent.exists() or paths.plan.exists()


def _mounts_below(folder: Path, table: Path = Path("/proc/self/mounts")) -> list[str]:
    """Where something is mounted below `folder`, spaces and the like written as the kernel does."""
    if not table.exists():
        return []
    start = str(folder.resolve()).rstrip("/") + "/"
    return [point for line in table.read_text().splitlines() if (point := line.split(" ")[1]).startswith(start)]


def merge_kubeconfig(paths: Paths) -> Path:
    """Add the cluster to the user's kubeconfig as the current context; returns the file."""
    file = user_file(os.environ, Path.home())
    merge_into(file, read_kubeconfig(paths.admin_kubeconfig), CONTEXT)
    return file


def remove_kubeconfig() -> Path:
    """Take the cluster out of the user's kubeconfig; returns the file."""
    file = user_file(os.environ, Path.home())
    remove_from(file, CONTEXT)
    return file


def _check(settings: UpSettings) -> None:
    if settings.with_node:
        preflight.check_node()
        preflight.check_port("0.0.0.0", settings.kubelet_port, "--kubelet-port")
    preflight.check_port(settings.bind_address, settings.port, "--port")


def _parts(settings: UpSettings, node_name: str) -> list[Part]:
    wherry = (sys.executable, "-m", "wherry")
    common = ("--state", str(settings.paths.state))
    server = ("server", *common, "--port", str(settings.port), "--bind-address", settings.bind_address)
    simulated = ("--simulate", str(settings.simulate)) if settings.simulate else ()
    gates = ("--feature-gates", format_gates(settings.feature_gates)) if settings.feature_gates else ()
    parts = [Part("server", (*wherry, *server, "--node-name", node_name, *simulated, *gates))]
    if settings.with_node:
        agent = ("agent", *common, "--node-name", node_name, "--kubelet-port", str(settings.kubelet_port))
        parts.append(Part("agent", (*wherry, *agent)))
    return parts


def _wait(
    is_done: Callable[[], bool],
    what: str,
    part: str,
    *,
    settings: UpSettings,
    began: float,
    deaths: Mapping[str, int],
) -> None:
    """Ask again every few milliseconds: this runs once, and people wait for it."""
    paths = settings.paths
    while not is_done():
        log = paths.log(part)
        if time.monotonic() - began > settings.patience_seconds:
            raise Failure(
                f"{what} is not ready after {settings.patience_seconds:.0f} s",
                f"the last lines of {log}:\n{_indent(log)}",
            )
        if background.count_deaths(paths, part) > deaths[part]:
            # What ends while it starts would only end again, and its reason is in its last line.
            background.stop(paths)
            raise Failure(f"{what} ended while it was starting", f"the last lines of {log}:\n{_indent(log)}")
        if background.running_pid(paths) is None and time.monotonic() - began > 2:
            log = paths.log("supervisor")
            raise Failure("the cluster ended while it was starting", f"the last lines of {log}:\n{_indent(log)}")
        time.sleep(0.03)


def _indent(log: Path) -> str:
    return "\n".join("    " + line for line in background.last_lines(log).splitlines()) or "    (nothing)"
