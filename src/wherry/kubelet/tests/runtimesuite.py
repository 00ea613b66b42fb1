"""What every runtime must do alike: run by the fake one in milliseconds, and by containerd where there is root."""

from __future__ import annotations

from pathlib import Path

from wherry.kubelet.pods.names import CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID
from wherry.kubelet.runtime.model import ContainerConfig, ContainerState, DnsConfig, SandboxConfig, SandboxState
from wherry.kubelet.runtime.protocol import Runtime

UID = "11111111-2222-3333-4444-555555555555"
LABELS = {POD_UID: UID, POD_NAME: "suite", POD_NAMESPACE: "default"}


async def check_life_of_a_pod(runtime: Runtime, image: str, logs: Path) -> None:
    """Sandbox, container, restart, stop, remove; and that stopping twice or too late is no failure."""
    sandbox = SandboxConfig(
        name="suite",
        namespace="default",
        uid=UID,
        hostname="suite",
        log_directory=str(logs),
        labels=LABELS,
        dns=DnsConfig(),
    )
    sandbox_id = await runtime.run_sandbox(sandbox, "")
    seen = await runtime.pod(UID)
    assert [(each.id, each.state) for each in seen.sandboxes] == [(sandbox_id, SandboxState.READY)]
    assert seen.sandboxes[0].ips

    found = await runtime.image(image)
    assert found is not None
    first = await _start(runtime, sandbox_id, sandbox, found.id, 0, logs)
    running = (await runtime.pod(UID)).latest("app")
    assert running is not None
    assert (running.id, running.state, running.attempt, running.uid) == (first, ContainerState.RUNNING, 0, UID)

    await runtime.stop_container(first, 1)
    await runtime.stop_container(first, 1)
    stopped = (await runtime.pod(UID)).latest("app")
    assert stopped is not None
    assert (stopped.state, stopped.exit_code) == (ContainerState.EXITED, 137)
    assert stopped.finished_at >= stopped.started_at > 0

    second = await _start(runtime, sandbox_id, sandbox, found.id, 1, logs)
    both = await runtime.pod(UID)
    assert [each.id for each in both.containers] == [second, first]
    assert both.previous("app") is not None

    await runtime.stop_sandbox(sandbox_id)
    ended = await runtime.pod(UID)
    assert ended.sandboxes[0].state is SandboxState.NOT_READY
    assert not ended.has_running
    await runtime.remove_container(second)
    await runtime.remove_sandbox(sandbox_id)
    await runtime.remove_sandbox(sandbox_id)
    await runtime.stop_container(first, 0)
    assert (await runtime.pod(UID)).sandboxes == ()


async def _start(
    runtime: Runtime, sandbox_id: str, sandbox: SandboxConfig, image: str, attempt: int, logs: Path
) -> str:
    (logs / "app").mkdir(parents=True, exist_ok=True)
    config = ContainerConfig(
        name="app",
        attempt=attempt,
        image=image,
        command=("sleep", "1000"),
        labels={**LABELS, CONTAINER_NAME: "app"},
        log_path=f"app/{attempt}.log",
    )
    container_id = await runtime.create_container(sandbox_id, config, sandbox)
    await runtime.start_container(container_id)
    return container_id
