"""One Pod's life on a simulated node: steps from one moment to the next. Pure: the time is what it is told.

What to do at a moment is the kubelet's own decision (`kubelet/pods/plan.py`), and what users see of it is its own
report (`kubelet/pods/status.py`); here are only the containers, which begin and end when their behaviour says so.
Moments are lived through one after another however late it is: who looks an hour later finds each restart at its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from wherry.api import Obj
from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import EphemeralContainer, Pod
from wherry.kubelet.pods.backoff import CrashBackoff, format_delay
from wherry.kubelet.pods.containerstatus import Report, Waiting
from wherry.kubelet.pods.names import container_hash, full_name
from wherry.kubelet.pods.phase import TERMINAL
from wherry.kubelet.pods.plan import Known, Plan, Start, find_container, plan
from wherry.kubelet.pods.status import Verdict, derive
from wherry.kubelet.runtime.model import Container, PodRuntime, SandboxState
from wherry.providers.simulated import probing
from wherry.providers.simulated.behaviour import Behaviour
from wherry.providers.simulated.ending import Ending, end_of
from wherry.providers.simulated.pulling import Asking, Images, Pull, ask
from wherry.providers.simulated.resting import all_is_well, says_all
from wherry.providers.simulated.runs import exited, run_of, sandbox_of

EPSILON = 1e-5
"""Seconds that do not matter: the clock counts from 1970, and a double has no more digits."""
RUNTIME = "simulated"
_MOST_STEPS = 100_000
_KINDS = {"app": "containers", "init": "initContainers", "ephemeral": "ephemeralContainers"}
_DEADLINE = "Pod was active on the node longer than the specified deadline"


class Told(Struct, frozen=True):
    """Something to record as an Event."""

    type: str
    reason: str
    message: str
    path: str = ""


class Life:
    """What has become of one Pod so far, and when something becomes of it next."""

    __slots__ = (
        "_at", "_backing_off", "_crash", "_done", "_ending", "_images", "_pulls", "_sandbox_at", "_verdict", "_waiting",
        "behaviour", "ended", "ip", "node", "rests", "runtime", "told", "uid",
    )  # fmt: skip

    def __init__(self, pod: Pod, behaviour: Behaviour, ip: str, images: Images, now: float) -> None:
        self.uid = pod.metadata.uid
        self.node = pod.spec.node_name or ""
        self.behaviour = behaviour
        self.ip = ip
        """Its own address; "" when it has the node's."""
        self.runtime = PodRuntime(self.uid)
        self.ended = False
        """Nothing runs, and nothing will."""
        self.rests = False
        """Nothing is to be done, and nothing to be told, until something is done to the Pod."""
        self.told: list[Told] = []
        """What has happened since somebody last took it."""
        self._images = images
        self._at = now
        self._done = -inf
        """What was due until then has been seen to, so that it need not be looked at again."""
        self._sandbox_at = now + behaviour.start_seconds
        self._crash: CrashBackoff | None = None
        self._pulls: dict[str, Pull] | None = None
        self._waiting: dict[str, Waiting] | None = None
        self._backing_off: dict[str, float] | None = None
        self._ending: Ending | None = None
        self._verdict: Verdict | None = None

    def condemn(self, pod: Pod, verdict: Verdict, why: Told, now: float) -> None:
        """End it before its time: not let in, in the way of another, or too long at it."""
        if self._verdict is None:
            self._verdict = verdict
            self.told.append(why)
            self._begin_ending(pod, now)

    def advance(self, pod: Pod, now: float) -> None:
        """Live on until `now`."""
        if pod.metadata.deletion_timestamp is not None:
            self._begin_ending(pod, now)
        for _ in range(_MOST_STEPS):
            due = self.next_due(pod)
            if due is None or due > now + EPSILON:
                break
            self._step(pod, max(due, self._at))

    def reconsider(self, pod: Pod, now: float) -> None:
        """The Pod is another than it was: see whether something is to be done at once."""
        self.rests = False
        self.advance(pod, now)
        if not self.ended and self._sandbox_at <= now + EPSILON:
            self._step(pod, max(now, self._at))

    def next_due(self, pod: Pod) -> float | None:
        """When something happens next by itself."""
        if self.ended or self.rests:
            return None
        return min((due for due in self._dues(pod) if due > self._done + EPSILON), default=None)

    def reboot(self, now: float) -> None:
        """The node was switched off and is back: nothing that ran runs any more."""
        self._at, self._done, self.rests = now, -inf, False
        self.runtime = PodRuntime(
            self.uid,
            tuple(replace(each, state=SandboxState.NOT_READY) for each in self.runtime.sandboxes),
            tuple(exited(each, now, 255, "Unknown") if each.is_running else each for each in self.runtime.containers),
        )
        self._sandbox_at = now + self.behaviour.start_seconds
        self._pulls = None

    def restore(self, pod: Pod, runtime: PodRuntime, crash: CrashBackoff | None, at: float) -> None:
        """Take up what is known of the Pod's past, where `at` is when something last happened. It has been told."""
        self.runtime = runtime
        self._crash = crash
        self._at = at
        self.ended = pod.status.phase in TERMINAL and not runtime.has_running
        if self.ended:
            return
        if (deleted := pod.metadata.deletion_timestamp) is not None:
            self._begin_ending(pod, max(at, deleted.timestamp() - (pod.metadata.deletion_grace_period_seconds or 0)))
        elif says_all(pod) and self.next_due(pod) is None and all_is_well(pod, runtime, self.behaviour, at + EPSILON):
            self._done, self.rests = at, True
        else:
            self._step(pod, at)
        self.told.clear()

    def status(self, pod: Pod, old: Obj, host_ips: Sequence[str]) -> Obj:
        """The whole status as users should see it."""
        if self.rests and old.get("hostIP") in host_ips:
            return old
        started, unready = probing.verdicts(pod, self.runtime, self.behaviour, self._at + EPSILON)
        report = Report(
            waiting=self._waiting or {},
            messages={each.id: each.message for each in self.runtime.containers if each.message},
            started=started,
            unready=unready,
            runtime_name=RUNTIME,
            old=old,
            ended=self.ended,
        )
        return derive(pod, self.runtime, report, host_ips, self._at, self._verdict)

    # What happens when.

    def _dues(self, pod: Pod) -> Iterator[float]:
        if self._ending is not None:
            yield from self._ending.dues(self.runtime)
        elif not self.runtime.sandboxes or self.runtime.sandboxes[0].state is not SandboxState.READY:
            yield self._sandbox_at
            return
        if (deadline := self._deadline(pod)) is not None:
            yield deadline
        for pull in (self._pulls or {}).values():
            yield pull.until
        if self._ending is None:
            yield from (self._backing_off or {}).values()
        for each in self.runtime.containers:
            if each.is_running:
                yield from self._dues_of(pod, each)

    def _dues_of(self, pod: Pod, container: Container) -> Iterator[float]:
        fares = self.behaviour.of(container.name)
        begun = container.started_at / 1e9
        if (seconds := fares.run_time(container.attempt)) is not None:
            yield begun + seconds
        if self._ending is None and fares.alive_seconds is not None:
            yield begun + max(1.0, fares.alive_seconds)
        for moment in probing.moments(pod, container, fares):
            if moment > self._at + EPSILON:
                yield moment

    def _deadline(self, pod: Pod) -> float | None:
        seconds = pod.spec.active_deadline_seconds
        if seconds is None or self._verdict is not None or self._ending is not None:
            return None
        begun = pod.status.start_time
        return (begun.timestamp() if begun else self._at) + seconds

    # A moment.

    def _step(self, pod: Pod, now: float) -> None:
        deadline = self._deadline(pod)
        self._at = self._done = now
        self._end_runs(now)
        if deadline is not None and deadline <= now + EPSILON:
            late = Verdict("Failed", "DeadlineExceeded", _DEADLINE)
            self.condemn(pod, late, Told("Normal", late.reason, late.message), now)
        if self._ending is None:
            for _ in range(_MOST_STEPS):
                if not self._act(pod, plan(pod, self.runtime, self._known(pod), now), now):
                    break
                self._end_runs(now)
        if self._ending is not None and not self.runtime.has_running:
            self._close()

    def _known(self, pod: Pod) -> Known:
        return Known(
            crash=self._crash or _FRESH,
            is_started=lambda container: probing.is_started(pod, self.runtime, self.behaviour, container, self._at),
            is_alive=lambda container: probing.is_alive(self.runtime, self.behaviour, container, self._at),
        )

    def _end_runs(self, now: float) -> None:
        """Containers whose time has come end at that time."""
        if not any(each.is_running for each in self.runtime.containers):
            return
        self.runtime = replace(
            self.runtime, containers=tuple(self._after(each, now) for each in self.runtime.containers)
        )

    def _after(self, container: Container, now: float) -> Container:
        if not container.is_running:
            return container
        fares = self.behaviour.of(container.name)
        seconds = fares.run_time(container.attempt)
        ends = None if seconds is None else container.started_at / 1e9 + seconds
        stop = self._ending.stops.get(container.id) if self._ending is not None else None
        if stop is not None and (ends is None or stop.at < ends) and stop.at <= now + EPSILON:
            return exited(container, stop.at, stop.code, "", fares.message)
        if ends is not None and ends <= now + EPSILON:
            return exited(container, ends, fares.exit_code(container.attempt), fares.exit_reason, fares.message)
        return container

    def _act(self, pod: Pod, intended: Plan, now: float) -> bool:
        """Carry a plan out; says whether something has changed, so that there may be more to do."""
        self._note_waits(pod, intended)
        if intended.kill_pod and not intended.create_sandbox:
            self._begin_ending(pod, now)
            return False
        changed = False
        if intended.create_sandbox:
            if self._sandbox_at > now + EPSILON:
                return False
            if intended.kill_pod:
                self._tell("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
            self._make_sandbox(pod, intended.attempt, now)
            changed = True
        for kill in intended.kill:
            self._kill(pod, kill.id, kill.name, kill.message, now)
        for start in intended.start:
            changed |= self._start(pod, start, now)
        return changed

    def _make_sandbox(self, pod: Pod, attempt: int, now: float) -> None:
        self.runtime = replace(self.runtime, sandboxes=(sandbox_of(pod, self.ip, attempt, now),))

    def _kill(self, pod: Pod, container_id: str, name: str, message: str, now: float) -> None:
        """End a container that is to be started anew."""
        path = field_path(pod, name)
        if not probing.is_alive(self.runtime, self.behaviour, container_id, now):
            self._tell("Warning", "Unhealthy", "Liveness probe failed: ", path)
        self._tell("Normal", "Killing", message, path)
        ended = tuple(
            exited(each, now, 137, "") if each.id == container_id else each for each in self.runtime.containers
        )
        self.runtime = replace(self.runtime, containers=ended)

    def _start(self, pod: Pod, start: Start, now: float) -> bool:
        container = find_container(pod, start.name)
        assert container is not None
        path = f"spec.{_KINDS[start.kind.value]}{{{start.name}}}"
        if not self._has_image(container, path, now):
            return False
        latest = self.runtime.latest(start.name)
        if latest is not None and latest.is_exited and isinstance(container, ContainerSpec):
            self._crash = self._crash or CrashBackoff()
            self._crash.count(f"{start.name}/{container_hash(container)}", latest.finished_at / 1e9, now)
        self._tell("Normal", "Created", "Container created", path)
        self._tell("Normal", "Started", "Container started", path)
        for table in (self._waiting, self._backing_off):
            if table:
                table.pop(start.name, None)
        run = run_of(self.uid, self.runtime.sandboxes[0].id, container, start.attempt, now)
        before = [each for each in self.runtime.containers if each.name == start.name][:1]
        others = [each for each in self.runtime.containers if each.name != start.name]
        self.runtime = replace(self.runtime, containers=(run, *before, *others))
        return True

    def _has_image(self, container: ContainerSpec | EphemeralContainer, path: str, now: float) -> bool:
        self._pulls = self._pulls if self._pulls is not None else {}
        self._waiting = self._waiting if self._waiting is not None else {}
        fares = self.behaviour.of(container.name)
        asking = Asking(container.name, container.image or "", container.image_pull_policy, fares)
        arrival = ask(asking, self._images, self._pulls, now)
        for each in arrival.told:
            self._tell(*each, path)
        if arrival.waiting is not None:
            self._waiting[container.name] = arrival.waiting
        self._pulls, self._waiting = self._pulls or None, self._waiting or None
        return arrival.is_there

    def _note_waits(self, pod: Pod, intended: Plan) -> None:
        for wait in intended.wait:
            self._waiting = self._waiting or {}
            self._backing_off = self._backing_off or {}
            message = (
                f"back-off {format_delay(wait.delay)} restarting failed container={wait.name} pod={full_name(pod)}"
            )
            self._waiting[wait.name] = Waiting("CrashLoopBackOff", message)
            if self._backing_off.get(wait.name) == wait.until:
                continue
            self._backing_off[wait.name] = wait.until
            text = f"Back-off restarting failed container {wait.name} in pod {full_name(pod)}"
            self._tell("Warning", "BackOff", text, field_path(pod, wait.name))

    # The end.

    def _begin_ending(self, pod: Pod, now: float) -> None:
        if self.ended:
            return
        self.rests = False
        before = self._ending
        self._ending = end_of(pod, self.runtime, self.behaviour, now, before)
        if before is None:
            self._at, self._done = max(self._at, now), -inf
            for each in self.runtime.containers:
                if each.is_running:
                    self._tell("Normal", "Killing", f"Stopping container {each.name}", field_path(pod, each.name))
        if not self.runtime.has_running:
            self._close()

    def _close(self) -> None:
        """Nothing runs any more."""
        sandboxes = tuple(replace(each, state=SandboxState.NOT_READY) for each in self.runtime.sandboxes)
        self.runtime = replace(self.runtime, sandboxes=sandboxes)
        self.ended = True
        self._pulls = self._backing_off = None

    def _tell(self, type: str, reason: str, message: str, path: str = "") -> None:
        self.told.append(Told(type, reason, message, path))


_FRESH = CrashBackoff()
"""For lives in which nothing has crashed; nobody counts in it."""


def field_path(pod: Pod, name: str) -> str:
    """How Events name a container: `spec.containers{web}`."""
    spec = pod.spec
    if any(each.name == name for each in spec.containers):
        return f"spec.containers{{{name}}}"
    if any(each.name == name for each in spec.init_containers):
        return f"spec.initContainers{{{name}}}"
    return f"spec.ephemeralContainers{{{name}}}"
