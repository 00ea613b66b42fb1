"""Ending a pod's containers: preStop hooks, signals, grace, in the right order.

App containers go first and together; then sidecars, the last one of the list first, so that each can serve what was
started after it. All share one grace period. Everything is idempotent: a restarted agent simply begins again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence

from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import EphemeralContainer, Pod
from wherry.kubelet.pods.hooks import HookFailure
from wherry.kubelet.pods.plan import find_container
from wherry.kubelet.pods.restart import is_sidecar
from wherry.kubelet.pods.services import Services
from wherry.kubelet.runtime.model import Container, PodRuntime, SandboxState
from wherry.kubelet.runtime.protocol import RuntimeFailure

_MINIMUM_GRACE = 2
"""Seconds that SIGTERM is given at least, even if a preStop hook used up the grace."""


def grace_seconds(pod: Pod) -> int:
    """How long the pod's containers have to end by themselves."""
    meta, spec = pod.metadata, pod.spec
    if meta.deletion_timestamp is not None and meta.deletion_grace_period_seconds is not None:
        return meta.deletion_grace_period_seconds
    return 30 if spec.termination_grace_period_seconds is None else spec.termination_grace_period_seconds


async def stop_containers(services: Services, pod: Pod, runtime: PodRuntime, grace: int) -> None:
    """Return when none of the pod's containers runs any more; raises RuntimeFailure."""
    deadline = services.clock.monotonic() + grace
    running = [each for each in runtime.containers if each.is_running]
    sidecars = [each.name for each in pod.spec.init_containers if is_sidecar(each)]
    first = [each for each in running if each.name not in sidecars]
    await _stop_together(services, pod, runtime, first, deadline)
    for name in reversed(sidecars):
        # What of the grace the app containers have left over is the sidecars'.
        await _stop_together(services, pod, runtime, [each for each in running if each.name == name], deadline)


async def stop_orphan(services: Services, runtime: PodRuntime) -> None:
    """End what runs of a pod that the API no longer knows: it is owed no grace but a short one."""
    await _all(
        services.runtime.stop_container(each.id, _MINIMUM_GRACE) for each in runtime.containers if each.is_running
    )
    await stop_sandboxes(services, runtime)


async def stop_sandboxes(services: Services, runtime: PodRuntime) -> None:
    for sandbox in runtime.sandboxes:
        if sandbox.state is SandboxState.READY or sandbox.ips:
            await services.runtime.stop_sandbox(sandbox.id)


async def remove_all(services: Services, runtime: PodRuntime) -> None:
    """Remove ended containers and sandboxes from the runtime."""
    await _all(services.runtime.remove_container(each.id) for each in runtime.containers)
    for sandbox in runtime.sandboxes:
        await services.runtime.stop_sandbox(sandbox.id)
        await services.runtime.remove_sandbox(sandbox.id)


async def kill_container(
    services: Services, pod: Pod, runtime: PodRuntime, container: Container, grace: int, message: str = ""
) -> None:
    """preStop hook, SIGTERM, and SIGKILL when the grace is over."""
    spec = find_container(pod, container.name)
    path = _field_path(pod, container.name)
    services.tell(pod, "Normal", "Killing", message or f"Stopping container {container.name}", path)
    started = services.clock.monotonic()
    if isinstance(spec, ContainerSpec) and grace > 0:
        await _pre_stop(services, pod, runtime, spec, container, grace)
    left = grace - int(services.clock.monotonic() - started)
    if grace > 0:
        left = max(left, _MINIMUM_GRACE)
    await services.runtime.stop_container(container.id, max(left, 0))


async def _stop_together(
    services: Services, pod: Pod, runtime: PodRuntime, containers: Sequence[Container], deadline: float
) -> None:
    grace = max(0, round(deadline - services.clock.monotonic()))
    await _all(kill_container(services, pod, runtime, each, grace) for each in containers)


async def _pre_stop(
    services: Services, pod: Pod, runtime: PodRuntime, spec: ContainerSpec, container: Container, grace: int
) -> None:
    if spec.lifecycle is None or spec.lifecycle.pre_stop is None:
        return
    ip = runtime.sandbox.ips[0] if runtime.sandbox and runtime.sandbox.ips else ""
    try:
        async with asyncio.timeout(grace):
            await services.hooks.run(spec.lifecycle.pre_stop, spec, container.id, ip)
    except (HookFailure, RuntimeFailure, TimeoutError):
        path = _field_path(pod, container.name)
        services.tell(pod, "Warning", "FailedPreStopHook", "PreStopHook failed", path)


async def _all(calls: Iterable[Awaitable[None]]) -> None:
    """Let every call come to its end, then raise the first failure."""
    for result in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _field_path(pod: Pod, name: str) -> str:
    spec = find_container(pod, name)
    if isinstance(spec, EphemeralContainer):
        return f"spec.ephemeralContainers{{{name}}}"
    is_init = any(each.name == name for each in pod.spec.init_containers)
    return f"spec.{'initContainers' if is_init else 'containers'}{{{name}}}"
