"""One pass over a pod that is to run: look, plan, act, look again. The plan decides; this module only carries it
out."""

from __future__ import annotations

from msgspec import Struct, field

from wherry.api.types.core_v1 import Container as ContainerSpec
from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.backoff import CrashBackoff, format_delay
from wherry.kubelet.pods.conditions import OWNED
from wherry.kubelet.pods.containerstatus import Report, Waiting
from wherry.kubelet.pods.dns import host_network_hosts_file, hosts_file, pod_dns
from wherry.kubelet.pods.env import Ref
from wherry.kubelet.pods.keyring import Keyring, read_keyring
from wherry.kubelet.pods.messages import termination_message
from wherry.kubelet.pods.names import container_hash, full_name
from wherry.kubelet.pods.plan import Known, Plan, Start, find_container, plan
from wherry.kubelet.pods.resizer import Resizer, Sizes
from wherry.kubelet.pods.resizing import amounts, resizable
from wherry.kubelet.pods.resources import container_resources
from wherry.kubelet.pods.sandboxes import SandboxPlace, sandbox_config
from wherry.kubelet.pods.services import Services
from wherry.kubelet.pods.starting import Ground, StartFailure, start_container
from wherry.kubelet.pods.status import Verdict, derive
from wherry.kubelet.pods.termination import grace_seconds, kill_container, stop_containers, stop_sandboxes
from wherry.kubelet.runtime.model import PodRuntime
from wherry.kubelet.runtime.protocol import RuntimeFailure
from wherry.kubelet.volumes.driver import VolumeError
from wherry.kubelet.volumes.files import fetch
from wherry.kubelet.volumes.manager import Mounted
from wherry.kubelet.volumes.objects import ObjectUnavailable
from wherry.lib.backoff import Backoff

_RETRY = Backoff(1.0, 20.0)
_FIRST_IMAGE_RETRY = 5.0
"""After a failed pull the pod is looked at once before the back-off ends, to show that it is backing off."""


_RESIZE_RETRY = 3.0
"""How often to look whether the node has got room for a resize that was deferred."""


class SyncFailure(Exception):
    """This pass could not be completed; try again later. It has been told in an Event."""


class Memory(Struct):
    """What a worker remembers of its pod between passes; nothing of it is needed to be right after a restart."""

    crash: CrashBackoff = field(default_factory=CrashBackoff)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    mounted: Mounted | None = None
    is_stale: bool = True
    """Volumes must be brought up to date."""
    failures: int = 0
    backing_off: dict[str, float] = field(default_factory=dict)
    verdict: Verdict | None = None
    seen: PodRuntime = field(default_factory=lambda: PodRuntime(""))


class Syncing:
    """Brings one pod nearer to what it should be, pass by pass."""

    def __init__(self, services: Services, memory: Memory) -> None:
        self._services = services
        self._memory = memory
        self._resizer = Resizer(services, memory.sizes)

    async def look(self, pod: Pod) -> PodRuntime:
        """What the runtime holds of the pod; last words of containers that have ended are read on the way."""
        runtime = await self._services.runtime.pod(pod.metadata.uid)
        layout = self._services.layout
        for each in runtime.containers:
            if each.is_exited and each.id not in self._memory.messages:
                words = layout.message_file(runtime.uid, each.name, each.attempt)
                log = layout.log_file(pod, each.name, each.attempt)
                self._memory.messages[each.id] = termination_message(each, words, log)
        self._memory.seen = runtime
        return runtime

    def report(self, pod: Pod, runtime: PodRuntime, *, ended: bool = False) -> str:
        """Report the pod's status; returns its phase."""
        services, memory = self._services, self._memory
        old = dict(services.writer.current(pod))
        foreign = services.writer.foreign_conditions(pod, OWNED)
        own = [each for each in old.get("conditions", ()) if each["type"] in OWNED]
        old["conditions"] = [*own, *foreign]
        report = Report(
            waiting=dict(memory.waiting),
            messages=memory.messages,
            runtime_name=services.runtime_name,
            old=old,
            ended=ended,
            in_force=memory.sizes.in_force,
            resize=self._resizer.conditions(pod, runtime, old["conditions"]),
        )
        status = derive(pod, runtime, report, services.node().host_ips, services.clock.time(), memory.verdict)
        services.writer.put(pod, status)
        return str(status["phase"])

    async def sync(self, pod: Pod) -> tuple[bool, float | None]:
        """One pass. Returns (the pod has come to its end by itself, when to look again).

        Raises:
            SyncFailure: something has to be tried again.
        """
        runtime = await self.look(pod)
        now = self._services.clock.time()
        pod = self._resizer.grant(pod, runtime)
        intended = plan(pod, runtime, self._known(pod), now)
        self._note_waits(pod, intended)
        self.report(pod, runtime)
        if intended.kill_pod and not intended.create_sandbox:
            return True, None
        if not intended.is_idle or self._memory.is_stale:
            started = await self._act(pod, runtime, intended)
            runtime = await self.look(pod)
            self.report(pod, runtime)
            if started and not plan(pod, runtime, self._known(pod), now).is_idle:
                return False, now  # what has started lets something else start
        await self._prune(intended)
        self._memory.failures = 0
        return False, self._next_look(pod, runtime, intended)

    def retry_at(self) -> float:
        """When to try again after a SyncFailure."""
        delay = _RETRY.delay(self._memory.failures)
        self._memory.failures += 1
        return self._services.clock.time() + delay * self._services.random.uniform(0.9, 1.1)

    def _known(self, pod: Pod) -> Known:
        memory, runtime = self._services.node().memory, self._memory.seen
        statuses = (*pod.status.container_statuses, *pod.status.init_container_statuses)
        return Known(
            crash=self._memory.crash,
            applied=self._resizer.applied(pod, runtime),
            wanted={each.name: container_resources(pod, each, memory) for each in resizable(pod)},
            restart_on_resize=self._resizer.to_restart(pod, runtime),
            attempts={each.name: each.restart_count for each in statuses if each.container_id},
        )

    def _note_waits(self, pod: Pod, intended: Plan) -> None:
        for wait in intended.wait:
            message = (
                f"back-off {format_delay(wait.delay)} restarting failed container={wait.name} pod={full_name(pod)}"
            )
            self._memory.waiting[wait.name] = Waiting("CrashLoopBackOff", message)
            if self._memory.backing_off.get(wait.name) != wait.until:
                self._memory.backing_off[wait.name] = wait.until
                kind = "containers" if any(each.name == wait.name for each in pod.spec.containers) else "initContainers"
                self._services.tell(
                    pod,
                    "Warning",
                    "BackOff",
                    f"Back-off restarting failed container {wait.name} in pod {full_name(pod)}",
                    f"spec.{kind}{{{wait.name}}}",
                )

    async def _act(self, pod: Pod, runtime: PodRuntime, intended: Plan) -> bool:
        """Carry a plan out; says whether a container was started."""
        services = self._services
        grace = grace_seconds(pod)
        if intended.kill_pod:
            if runtime.has_running or runtime.sandbox is not None:
                services.tell(pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
            await stop_containers(services, pod, runtime, grace)
            await stop_sandboxes(services, runtime)
        for kill in intended.kill:
            container = next(each for each in runtime.containers if each.id == kill.id)
            await kill_container(services, pod, runtime, container, grace, kill.message)
        if self._memory.is_stale or self._memory.mounted is None:
            await self._mount(pod)
        started = False
        if intended.create_sandbox or intended.start:
            started = await self._start_all(pod, runtime, intended)
        if intended.resize:
            try:
                await self._resizer.resize(pod, intended.resize)
            except (RuntimeFailure, OSError) as error:
                raise SyncFailure(str(error)) from error
        return started

    async def _mount(self, pod: Pod) -> None:
        services, layout = self._services, self._services.layout
        try:
            layout.pod(pod.metadata.uid).mkdir(parents=True, exist_ok=True, mode=0o750)
            self._memory.is_stale = False
            self._memory.mounted = await services.volumes.set_up(pod)
        except (VolumeError, OSError) as error:
            self._memory.is_stale = True
            services.tell(pod, "Warning", "FailedMount", str(error))
            raise SyncFailure(str(error)) from error

    async def _start_all(self, pod: Pod, runtime: PodRuntime, intended: Plan) -> bool:
        services = self._services
        assert self._memory.mounted is not None
        keyring = await self._keyring(pod)
        config_attempt = (
            intended.attempt if intended.create_sandbox or runtime.sandbox is None else runtime.sandbox.attempt
        )
        place = SandboxPlace(
            str(services.layout.log_folder(pod)),
            services.cgroups.parent_of(pod),
            pod_dns(pod, services.node().dns, services.node().host_dns),
        )
        config = sandbox_config(pod, config_attempt, place, services.node())
        if intended.create_sandbox:
            sandbox_id, ips = await self._create_sandbox(pod, config)
            runtime = await self.look(pod)
            self.report(pod, runtime)
        else:
            assert runtime.sandbox is not None
            sandbox_id, ips = runtime.sandbox.id, runtime.sandbox.ips
        if pod.spec.host_network:
            ips = services.node().host_ips
        self._write_hosts(pod, ips)
        ground = Ground(pod, sandbox_id, config, ips, self._memory.mounted, keyring, runtime)
        results = [await self._start_one(ground, start) for start in intended.start]
        return any(results)

    async def _create_sandbox(self, pod: Pod, config) -> tuple[str, tuple[str, ...]]:  # type: ignore[no-untyped-def]
        services = self._services
        try:
            handler = await services.handler(pod.spec.runtime_class_name or "")
            services.cgroups.create(pod)
            services.layout.log_folder(pod).mkdir(parents=True, exist_ok=True)
            async with services.starts:
                sandbox_id = await services.runtime.run_sandbox(config, handler)
        except (RuntimeFailure, LookupError, OSError) as error:
            message = f"Failed to create pod sandbox: {error}"
            services.tell(pod, "Warning", "FailedCreatePodSandBox", message)
            raise SyncFailure(message) from error
        found = await services.runtime.pod(pod.metadata.uid)
        return sandbox_id, next((each.ips for each in found.sandboxes if each.id == sandbox_id), ())

    async def _start_one(self, ground: Ground, start: Start) -> bool:
        pod, memory = ground.pod, self._memory
        container = find_container(pod, start.name)
        assert container is not None
        latest = ground.runtime.latest(start.name)
        if latest is not None and latest.is_exited and isinstance(container, ContainerSpec):
            key = f"{start.name}/{container_hash(container)}"
            memory.crash.count(key, latest.finished_at / 1e9, self._services.clock.time())
        try:
            started = await start_container(self._services, ground, start, container)
        except StartFailure as failure:
            memory.waiting[start.name] = failure.waiting
            return False
        memory.waiting.pop(start.name, None)
        if isinstance(container, ContainerSpec):
            memory.sizes.in_force[started.id] = amounts(container.resources)
        return True

    async def _keyring(self, pod: Pod) -> Keyring:
        secrets = []
        for each in pod.spec.image_pull_secrets:
            try:
                secret = await fetch(self._services.objects, pod, Ref("Secret", each.name or ""))
            except ObjectUnavailable:
                secret = None
            if secret is None:
                self._services.tell(
                    pod,
                    "Warning",
                    "FailedToRetrieveImagePullSecret",
                    f"Unable to retrieve some image pull secrets ({each.name}); "
                    "attempting to pull the image may not succeed.",
                )
            else:
                secrets.append(secret)
        return read_keyring(secrets)

    def _write_hosts(self, pod: Pod, ips: tuple[str, ...]) -> None:
        path = self._services.layout.hosts_file(pod.metadata.uid)
        if pod.spec.host_network:
            text = host_network_hosts_file(pod, _read("/etc/hosts"))
        else:
            text = hosts_file(pod, ips, self._services.node().dns)
        path.write_text(text)
        path.chmod(0o644)

    async def _prune(self, intended: Plan) -> None:
        for container_id in intended.prune:
            self._memory.messages.pop(container_id, None)
            self._memory.sizes.in_force.pop(container_id, None)
            await self._services.runtime.remove_container(container_id)

    def _next_look(self, pod: Pod, runtime: PodRuntime, intended: Plan) -> float | None:
        now = self._services.clock.time()
        times = [each for each in (intended.wake_at, self._memory.mounted and self._memory.mounted.renew_at) if each]
        if self._memory.sizes.is_deferred:
            times.append(now + _RESIZE_RETRY)
        for name, waiting in self._memory.waiting.items():
            if (container := find_container(pod, name)) is None:
                continue
            if waiting.reason in ("ErrImagePull", "RegistryUnavailable"):
                times.append(now + _FIRST_IMAGE_RETRY)
            elif waiting.reason == "ImagePullBackOff":
                times.append(self._services.images.retry_at(pod, container.image or "") or now)
            elif waiting.reason != "CrashLoopBackOff" and runtime.latest(name) is None:
                times.append(self.retry_at())
        return min(times, default=None)


def _read(path: str) -> str:
    try:
        with open(path) as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""
