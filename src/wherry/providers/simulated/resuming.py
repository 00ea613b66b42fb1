"""Takes a life up again from its Pod's status: what was running runs on, what waited goes on waiting. Pure.

Nothing else is stored, so that whoever starts again (or starts from a copy) finds all Pods as they were. Times in a
status are whole seconds; what is less is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import ContainerState as State
from wherry.api.types.core_v1 import ContainerStateTerminated, ContainerStatus, Pod
from wherry.kubelet.pods.backoff import CrashBackoff
from wherry.kubelet.pods.names import container_hash
from wherry.kubelet.pods.phase import TERMINAL
from wherry.kubelet.pods.plan import find_container
from wherry.kubelet.runtime.model import Container, ContainerState, PodRuntime, Sandbox, SandboxState
from wherry.providers.simulated.behaviour import Behaviour
from wherry.providers.simulated.life import Life
from wherry.providers.simulated.pulling import Images
from wherry.providers.simulated.runs import identify, run_of, sandbox_of

_MOST_COUNTED = 6
"""After so many restarts the back-off has reached its end."""


def has_begun(pod: Pod) -> bool:
    """Whether a Pod's status says that it has been on its node before."""
    has_ended = pod.status.phase in TERMINAL  # One that was refused has ended without any containers.
    return pod.status.start_time is not None and (has_ended or bool(pod.status.container_statuses))


def resume(pod: Pod, behaviour: Behaviour, images: Images, now: float) -> Life:
    """The life that a Pod's status tells of."""
    begun = pod.status.start_time.timestamp() if pod.status.start_time else now
    ip = "" if pod.spec.host_network else pod.status.pod_ip or ""
    life = Life(pod, behaviour, ip, images, begun)
    runs = [run for status in _statuses(pod) for run in _runs(pod, status)]
    has_ended = pod.status.phase in TERMINAL
    sandboxes: tuple[Sandbox, ...] = ()
    if runs or ip:
        sandbox = sandbox_of(pod, ip, 0, begun)
        sandboxes = (replace(sandbox, state=SandboxState.NOT_READY) if has_ended else sandbox,)
    crash = _crashes(pod, runs)
    life.restore(
        pod, PodRuntime(pod.metadata.uid, sandboxes, tuple(runs)), crash, min(now, _last_moment(pod, runs, begun))
    )
    return life


def _statuses(pod: Pod) -> Iterator[ContainerStatus]:
    yield from pod.status.container_statuses
    yield from pod.status.init_container_statuses
    yield from pod.status.ephemeral_container_statuses


def _runs(pod: Pod, status: ContainerStatus) -> Iterator[Container]:
    """The last runs of a container, the newest first."""
    attempt = status.restart_count
    state, before = status.state, status.last_state
    if state is not None and state.running is not None:
        started = state.running.started_at
        yield _run(pod, status, attempt, ContainerState.RUNNING, _nanoseconds(started))
        attempt -= 1
    elif state is not None and state.terminated is not None:
        yield _ended(pod, status, attempt, state.terminated)
        attempt -= 1
    if (ended := _terminated(before)) is not None and attempt >= 0:
        yield _ended(pod, status, attempt, ended)


def _terminated(state: State | None) -> ContainerStateTerminated | None:
    return state.terminated if state is not None else None


def _run(pod: Pod, status: ContainerStatus, attempt: int, state: ContainerState, started: int) -> Container:
    container = find_container(pod, status.name)
    assert container is not None
    made = run_of(pod.metadata.uid, identify(pod.metadata.uid, "", 0), container, attempt, started / 1e9)
    return replace(made, state=state)


def _ended(pod: Pod, status: ContainerStatus, attempt: int, ended: ContainerStateTerminated) -> Container:
    made = _run(pod, status, attempt, ContainerState.EXITED, _nanoseconds(ended.started_at))
    return replace(
        made,
        finished_at=_nanoseconds(ended.finished_at),
        exit_code=ended.exit_code,
        reason=ended.reason or "",
        message=ended.message or "",
    )


def _nanoseconds(moment: datetime | None) -> int:
    return round(moment.timestamp() * 1e9) if moment else 0


def _crashes(pod: Pod, runs: list[Container]) -> CrashBackoff | None:
    """The back-offs as they must have grown: each restart has doubled them."""
    crash: CrashBackoff | None = None
    for run in runs:
        restarts = run.attempt
        container = find_container(pod, run.name)
        if not restarts or not isinstance(container, ContainerSpec):
            continue
        crash = crash or CrashBackoff()
        key = f"{run.name}/{container_hash(container)}"
        if crash.delay(key):
            continue  # the newest run has counted
        for _ in range(min(restarts, _MOST_COUNTED)):
            crash.count(key, run.started_at / 1e9, run.started_at / 1e9)
    return crash


def _last_moment(pod: Pod, runs: list[Container], begun: float) -> float:
    """When something last happened that the status tells of: a run, or the sandbox before there was any."""
    moments = [max(run.started_at, run.finished_at) / 1e9 for run in runs]
    for condition in pod.status.conditions:
        stamp = condition.last_transition_time
        if condition.type == "PodReadyToStartContainers" and condition.status == "True" and stamp is not None:
            moments.append(stamp.timestamp())
    return max(moments, default=begun)
