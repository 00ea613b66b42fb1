"""Real containerd in a network namespace of its own: the runtime's suite, its events, and its death. Root only."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from wherry.kubelet.runtime.containerd import Containerd, end_process
from wherry.kubelet.runtime.containerdconfig import ContainerdPaths, RuntimeHandler, format_config
from wherry.kubelet.runtime.cri import CriRuntime
from wherry.kubelet.runtime.host import read_traits
from wherry.kubelet.runtime.importing import import_archive
from wherry.kubelet.runtime.model import ContainerConfig, DnsConfig, EventKind, RuntimeEvent, SandboxConfig
from wherry.kubelet.runtime.pause import PAUSE_IMAGE, pause_image
from wherry.kubelet.runtime.protocol import RuntimeFailure, RuntimeNotFound
from wherry.kubelet.runtime.teardown import stop_all
from wherry.kubelet.tests.runtimesuite import LABELS, UID, check_life_of_a_pod
from wherry.lib.arch import architecture
from wherry.lib.systemclock import SystemClock
from wherry.lib.tasks import Tasks
from wherry.network.cni import PodNetwork, write_conflist
from wherry.wire.oci import Directory, Entry, File, Process, Symlink, image_tar

IMAGE = "wherry.test/busybox:1"
_PLUGINS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))


def _lacking() -> str:
    if os.geteuid() != 0:
        return "needs root"
    for program in ("containerd", "runc", "ctr", "ip", "nsenter", "busybox"):
        if shutil.which(program) is None:
            return f"needs {program}"
    for plugin in ("bridge", "host-local", "loopback", "portmap"):
        if not any(os.access(folder / plugin, os.X_OK) for folder in _PLUGINS):
            return f"needs the CNI plug-in {plugin}"
    return ""


pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(_lacking()), reason=_lacking() or "can run")]


@pytest.fixture
def network() -> Iterator[str]:
    name = f"wherry-test-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield name
    subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "agent"
    yield folder
    stop_all(folder)


@asynccontextmanager
async def serving(agent: Path, network: str) -> AsyncIterator[tuple[CriRuntime, Containerd, int]]:
    paths = ContainerdPaths.under(agent, _PLUGINS)
    write_conflist(paths.cni_config, PodNetwork(("10.99.7.0/24",), "wherry0", agent / "ipam"))
    runtime = CriRuntime(str(paths.socket))

    async def answers() -> bool:
        try:
            await runtime.version()
        except RuntimeFailure:
            return False
        return True

    config = format_config(paths, read_traits(), PAUSE_IMAGE, (RuntimeHandler("runc"),))
    containerd = Containerd(
        paths, config, ("nsenter", f"--net=/run/netns/{network}", "containerd"), answers, SystemClock()
    )
    try:
        pid = await containerd.start()
        if await runtime.image(IMAGE) is None:
            await import_archive(paths.socket, pause_image(architecture()))
            await import_archive(paths.socket, _busybox())
            await _wait(lambda: runtime.image(IMAGE))
        yield runtime, containerd, pid
    finally:
        await runtime.close()


async def test_passes_the_suite_of_runtimes(agent: Path, network: str, tmp_path: Path) -> None:
    async with serving(agent, network) as (runtime, _, _):
        await check_life_of_a_pod(runtime, IMAGE, tmp_path / "logs")


async def test_tells_of_a_containers_end_and_survives_its_own(agent: Path, network: str, tmp_path: Path) -> None:
    async with serving(agent, network) as (runtime, containerd, pid):
        heard: list[RuntimeEvent] = []
        async with Tasks("events") as tasks:
            tasks.spawn(_listen(runtime, heard))
            container = await _run(runtime, ("sh", "-c", "echo out; exit 4"), tmp_path / "logs")
            await _wait(lambda: _ended(runtime))
            ended = (await runtime.pod(UID)).latest("app")
            assert ended is not None
            assert (ended.exit_code, ended.reason) == (4, "Error")
            assert b"stdout F out" in (tmp_path / "logs/app/0.log").read_bytes()
            assert RuntimeEvent(EventKind.EXITED, container) in heard
        with pytest.raises(RuntimeNotFound):
            await runtime.create_container("none", ContainerConfig(name="x"), _sandbox(tmp_path))
        assert await runtime.image("wherry.test/none:1") is None

        restarted = asyncio.Event()
        async with Tasks("watch") as tasks:
            tasks.spawn(containerd.run(pid, restarted.set))
            await asyncio.sleep(0)
            os.kill(pid, 9)
            async with asyncio.timeout(20):
                await restarted.wait()
            assert (await runtime.pod(UID)).sandboxes[0].ips
            assert containerd.restarts == 1


async def test_a_second_agent_takes_over_what_serves(agent: Path, network: str) -> None:
    async with serving(agent, network) as (_, _, first):
        pass
    async with serving(agent, network) as (runtime, _, second):
        assert second == first
        assert (await runtime.version()).name == "containerd"
    await end_process(second, SystemClock())


async def _listen(runtime: CriRuntime, heard: list[RuntimeEvent]) -> None:
    async for event in runtime.events():
        heard.append(event)


async def _ended(runtime: CriRuntime) -> bool:
    latest = (await runtime.pod(UID)).latest("app")
    return latest is not None and latest.is_exited


async def _run(runtime: CriRuntime, command: tuple[str, ...], logs: Path) -> str:
    (logs / "app").mkdir(parents=True)
    sandbox = _sandbox(logs)
    sandbox_id = await runtime.run_sandbox(sandbox, "")
    found = await runtime.image(IMAGE)
    assert found is not None
    config = ContainerConfig(name="app", image=found.id, command=command, labels=LABELS, log_path="app/0.log")
    container = await runtime.create_container(sandbox_id, config, sandbox)
    await runtime.start_container(container)
    return container


def _sandbox(logs: Path) -> SandboxConfig:
    return SandboxConfig(
        name="suite",
        namespace="default",
        uid=UID,
        hostname="suite",
        log_directory=str(logs),
        labels=LABELS,
        dns=DnsConfig(),
    )


async def _wait(question: Callable[[], Awaitable[object]]) -> None:
    """Another process is waited for by asking."""
    async with asyncio.timeout(20):
        while not await question():
            await asyncio.sleep(0.05)


def _busybox() -> bytes:
    program = shutil.which("busybox")
    assert program is not None
    files: dict[str, Entry] = {folder: Directory() for folder in ("bin", "etc", "proc", "sys", "dev", "tmp")}
    files["bin/busybox"] = File(Path(program).read_bytes(), 0o755)
    files |= {f"bin/{name}": Symlink("busybox") for name in ("sh", "sleep", "echo")}
    return image_tar(IMAGE, architecture(), files, Process(command=["/bin/sh"], environment=["PATH=/bin"]))
