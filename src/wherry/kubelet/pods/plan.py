"""What to do with a pod now: pure, from the pod, what the runtime holds of it, and the time.

The rules are upstream's computePodActions with sidecar containers (KEP-753), ephemeral containers and in-place resize:

- without a usable sandbox everything starts anew, unless the pod has had its chance and must not be restarted;
- init containers run one after another; a restartable one (a sidecar) counts as passed once it has started, and is kept
  running for as long as the pod lives;
- app containers start when all init containers have passed, are made anew when their image changes, and are restarted
  by the restart policy, with back-off;
- when nothing runs and nothing will, what is left of the pod is stopped.

A pod that is to end is not this module's concern: its worker stops it in `termination.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from msgspec import Struct, field

from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import EphemeralContainer, Pod
from wherry.kubelet.pods.backoff import CrashBackoff
from wherry.kubelet.pods.names import HASH, container_hash
from wherry.kubelet.pods.restart import is_sidecar, may_restart_failed, should_restart
from wherry.kubelet.runtime.model import Container, ContainerState, PodRuntime, Resources, SandboxState


class Kind(Enum):
    """Which list of the pod a container stands in."""

    INIT = "init"
    APP = "app"
    EPHEMERAL = "ephemeral"


class Start(Struct, frozen=True):
    name: str
    kind: Kind
    attempt: int


class Kill(Struct, frozen=True):
    """Stop a container, because of what the message says."""

    id: str
    name: str
    message: str


class Wait(Struct, frozen=True):
    """A container that would start but for its back-off."""

    name: str
    delay: float
    until: float


class Resize(Struct, frozen=True):
    id: str
    name: str
    resources: Resources


class Plan(Struct, frozen=True):
    """What to do, in the order of the fields."""

    kill_pod: bool = False
    kill: tuple[Kill, ...] = ()
    create_sandbox: bool = False
    attempt: int = 0
    """Of the sandbox to create."""
    start: tuple[Start, ...] = ()
    resize: tuple[Resize, ...] = ()
    wait: tuple[Wait, ...] = ()
    prune: tuple[str, ...] = ()
    """Ended containers that nobody will ask about again: all but the last two runs of each name."""

    @property
    def wake_at(self) -> float | None:
        return min((each.until for each in self.wait), default=None)

    @property
    def is_idle(self) -> bool:
        return not (self.kill_pod or self.kill or self.create_sandbox or self.start or self.resize)


class Known(Struct, frozen=True):
    """What the worker knows beside the runtime.

    Attributes:
        crash: the pod's back-offs.
        is_started: whether a running container has passed its startup probe (and its postStart hook).
        is_alive: whether a running container passes its liveness probe.
        resources: limits in force by container id, where the worker set them, and the wanted ones by name.
        attempts: restart counts that the API remembers, for containers the runtime has lost.
    """

    crash: CrashBackoff = field(default_factory=CrashBackoff)
    is_started: Callable[[str], bool] = lambda _id: True
    is_alive: Callable[[str], bool] = lambda _id: True
    applied: Mapping[str, Resources] = field(default_factory=dict)
    wanted: Mapping[str, Resources] = field(default_factory=dict)
    restart_on_resize: frozenset[str] = frozenset()
    attempts: Mapping[str, int] = field(default_factory=dict)


def plan(pod: Pod, runtime: PodRuntime, known: Known, now: float) -> Plan:
    """Decide what to do with a pod that is to run."""
    if needs_sandbox(pod, runtime):
        return _plan_anew(pod, runtime, known, now)
    return _Planner(pod, runtime, known, now).plan()


def needs_sandbox(pod: Pod, runtime: PodRuntime) -> bool:
    """Whether there is no sandbox that containers could run in."""
    ready = [each for each in runtime.sandboxes if each.state is SandboxState.READY]
    if len(ready) != 1 or runtime.sandboxes[0].state is not SandboxState.READY:
        return True
    return not pod.spec.host_network and not ready[0].ips


def _plan_anew(pod: Pod, runtime: PodRuntime, known: Known, now: float) -> Plan:
    latest = runtime.sandbox
    attempt = latest.attempt + 1 if latest else 0
    kill_pod = bool(runtime.sandboxes)
    if not may_restart_failed(pod) and attempt and runtime.containers:
        return Plan(kill_pod=kill_pod)
    spec = pod.spec
    apps = [each for each in spec.containers if _is_due(pod, each, runtime)]
    if not apps:
        return Plan(kill_pod=kill_pod)
    planner = _Planner(pod, runtime, known, now)
    if spec.init_containers:
        planner.start(spec.init_containers[0], Kind.INIT)
    else:
        for each in apps:
            planner.start(each, Kind.APP)
    return Plan(
        kill_pod=kill_pod, create_sandbox=True, attempt=attempt, start=tuple(planner.starts), wait=tuple(planner.waits)
    )


def _is_due(pod: Pod, container: ContainerSpec, runtime: PodRuntime) -> bool:
    """Whether a container runs (again) in a new sandbox: not when it has succeeded and only failures are restarted."""
    latest = runtime.latest(container.name)
    if latest is None or not latest.is_exited:
        return True
    return should_restart(pod, container, latest)


class _Planner:
    """Gathers what one plan consists of; lives for one call of `plan`."""

    def __init__(self, pod: Pod, runtime: PodRuntime, known: Known, now: float) -> None:
        self._pod = pod
        self._spec = pod.spec
        self._runtime = runtime
        self._known = known
        self._now = now
        self.starts: list[Start] = []
        self.waits: list[Wait] = []
        self._kills: list[Kill] = []
        self._resizes: list[Resize] = []
        self._kill_pod = False

    def plan(self) -> Plan:
        for ephemeral in self._spec.ephemeral_containers:
            if self._runtime.latest(ephemeral.name) is None:
                self.starts.append(Start(ephemeral.name, Kind.EPHEMERAL, 0))
        if self._plan_init() and not self._kill_pod:
            self._plan_apps()
        return Plan(
            kill_pod=self._kill_pod,
            kill=tuple(self._kills),
            start=tuple(self.starts),
            resize=tuple(self._resizes),
            wait=tuple(self.waits),
            prune=_superseded(self._runtime),
        )

    def start(self, container: ContainerSpec, kind: Kind) -> None:
        """Start a container now, or note until when it must wait."""
        latest = self._runtime.latest(container.name)
        since = (latest.finished_at or latest.created_at) / 1e9 if latest is not None else 0.0
        key = f"{container.name}/{container_hash(container)}"
        remaining = self._known.crash.remaining(key, since, self._now) if latest is not None else 0.0
        if remaining > 0:
            self.waits.append(Wait(container.name, self._known.crash.delay(key), self._now + remaining))
            return
        attempt = latest.attempt + 1 if latest is not None else self._known.attempts.get(container.name, -1) + 1
        self.starts.append(Start(container.name, kind, attempt))

    def _plan_init(self) -> bool:
        """Plan the init containers; says whether the pod's app containers may run."""
        inits = self._spec.init_containers
        if not inits:
            return True
        initialized = any(self._runtime.latest(each.name) is not None for each in self._spec.containers)
        if initialized:
            for each in inits:
                if is_sidecar(each):
                    self._keep_sidecar(each)
            return True
        return self._advance_init()

    def _advance_init(self) -> bool:
        inits = self._spec.init_containers
        newest = max((i for i, each in enumerate(inits) if self._runtime.latest(each.name)), default=None)
        if newest is None:
            self.start(inits[0], Kind.INIT)
            return False
        for each in inits[:newest]:
            if is_sidecar(each):
                self._keep_sidecar(each)
        if not self._has_passed(inits[newest]) or self._kill_pod:
            return False
        if newest + 1 == len(inits):
            return True
        self.start(inits[newest + 1], Kind.INIT)
        return False

    def _has_passed(self, container: ContainerSpec) -> bool:
        """Whether the newest init container lets the next one start; plans its restart if it failed."""
        latest = self._runtime.latest(container.name)
        assert latest is not None
        if is_sidecar(container):
            return self._keep_sidecar(container) and self._known.is_started(latest.id)
        if latest.state is ContainerState.RUNNING:
            return False
        if latest.is_exited and latest.exit_code == 0:
            return True
        if latest.is_exited and not should_restart(self._pod, container, latest):
            self._kill_pod = True
            self.starts.clear()
            self.waits.clear()
            return False
        if latest.state is ContainerState.UNKNOWN:
            self._kills.append(
                Kill(
                    latest.id,
                    container.name,
                    f"Init container is in {latest.state.value!r} state, try killing it before restart",
                )
            )
        self.start(container, Kind.INIT)
        return False

    def _keep_sidecar(self, container: ContainerSpec) -> bool:
        """Keep a restartable init container running; says whether it runs."""
        latest = self._runtime.latest(container.name)
        if latest is None or latest.state is not ContainerState.RUNNING:
            self.start(container, Kind.INIT)
            return False
        reason = self._restart_reason(container, latest)
        if reason:
            self._restart(container, latest, reason, Kind.INIT)
            return False
        self._plan_resize(container, latest)
        return True

    def _plan_apps(self) -> None:
        kept = 0
        pending = False
        for container in self._spec.containers:
            latest = self._runtime.latest(container.name)
            if latest is None or latest.state is not ContainerState.RUNNING:
                if latest is None or should_restart(self._pod, container, latest):
                    pending = True
                    if latest is not None and latest.state is ContainerState.UNKNOWN:
                        self._kills.append(
                            Kill(
                                latest.id,
                                container.name,
                                f"Container is in {latest.state.value!r} state, try killing it before restart",
                            )
                        )
                    self.start(container, Kind.APP)
                continue
            reason = self._restart_reason(container, latest)
            if reason:
                self._restart(container, latest, reason, Kind.APP)
                pending = True
                continue
            kept += 1
            self._plan_resize(container, latest)
        if not kept and not pending:
            self._kill_pod = True
            self.starts.clear()
            self.waits.clear()

    def _restart_reason(self, container: ContainerSpec, latest: Container) -> str:
        if latest.annotations.get(HASH, "") not in ("", container_hash(container)):
            return f"Container {container.name} definition changed"
        if not self._known.is_alive(latest.id):
            return f"Container {container.name} failed liveness probe"
        if container.name in self._known.restart_on_resize and self._is_resized(container, latest):
            return f"Container {container.name} resize requires restart"
        return ""

    def _restart(self, container: ContainerSpec, latest: Container, reason: str, kind: Kind) -> None:
        """Kill a running container and start it anew at once: what was killed on purpose owes no back-off."""
        self._kills.append(Kill(latest.id, container.name, f"{reason}, will be restarted"))
        self.starts.append(Start(container.name, kind, latest.attempt + 1))

    def _is_resized(self, container: ContainerSpec, latest: Container) -> bool:
        wanted, applied = self._known.wanted.get(container.name), self._known.applied.get(latest.id)
        return wanted is not None and applied is not None and wanted != applied

    def _plan_resize(self, container: ContainerSpec, latest: Container) -> None:
        if self._is_resized(container, latest):
            self._resizes.append(Resize(latest.id, container.name, self._known.wanted[container.name]))


def _superseded(runtime: PodRuntime) -> tuple[str, ...]:
    """Ended runs older than the last two of each container: one for its status, one for `logs --previous`."""
    seen: dict[str, int] = {}
    old = []
    for each in runtime.containers:
        seen[each.name] = seen.get(each.name, 0) + 1
        if seen[each.name] > 2 and each.is_exited:
            old.append(each.id)
    return tuple(old)


def find_container(pod: Pod, name: str) -> ContainerSpec | EphemeralContainer | None:
    spec = pod.spec
    everything: tuple[ContainerSpec | EphemeralContainer, ...] = (
        *spec.containers,
        *spec.init_containers,
        *spec.ephemeral_containers,
    )
    return next((each for each in everything if each.name == name), None)
