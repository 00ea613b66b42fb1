"""Starting one container, in stages that each fail with a reason of their own.

    image -> configuration -> create -> start -> postStart

The reason becomes the container's waiting reason, so that a user reads in `kubectl get pods` at which stage it hangs.
"""

from __future__ import annotations

from msgspec import Struct

from wherry.api.types.core_v1 import Container, EphemeralContainer, Pod
from wherry.kubelet.pods.containers import Prepared, container_config
from wherry.kubelet.pods.containerstatus import Waiting
from wherry.kubelet.pods.env import EnvError, Sources, environment, references
from wherry.kubelet.pods.fields import Place
from wherry.kubelet.pods.hooks import HookFailure
from wherry.kubelet.pods.images import Found, ImageError
from wherry.kubelet.pods.keyring import Keyring
from wherry.kubelet.pods.mounting import MountError, container_mounts
from wherry.kubelet.pods.plan import Kind, Start
from wherry.kubelet.pods.security import SecurityError
from wherry.kubelet.pods.services import Services
from wherry.kubelet.runtime.model import ContainerConfig, PodRuntime, Resources, SandboxConfig
from wherry.kubelet.runtime.protocol import RuntimeFailure
from wherry.kubelet.volumes.files import fetch
from wherry.kubelet.volumes.manager import Mounted
from wherry.kubelet.volumes.objects import ObjectUnavailable

_FIELDS = {Kind.APP: "containers", Kind.INIT: "initContainers", Kind.EPHEMERAL: "ephemeralContainers"}


class StartFailure(Exception):
    """A container did not start; `waiting` says why."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__(waiting.message)
        self.waiting = waiting


class Ground(Struct, frozen=True):
    """What a pod's containers stand on, once sandbox and volumes are there."""

    pod: Pod
    sandbox_id: str
    sandbox: SandboxConfig
    ips: tuple[str, ...]
    mounted: Mounted
    keyring: Keyring
    runtime: PodRuntime


class Started(Struct, frozen=True):
    id: str
    resources: Resources


def field_path(start: Start) -> str:
    """How Events name a container: `spec.containers{web}`."""
    return f"spec.{_FIELDS[start.kind]}{{{start.name}}}"


async def start_container(
    services: Services, ground: Ground, start: Start, container: Container | EphemeralContainer
) -> Started:
    """Take one container through all stages; raises StartFailure."""

    def tell(type: str, reason: str, message: str) -> None:
        services.tell(ground.pod, type, reason, message, field_path(start))

    def fail(reason: str, message: str) -> StartFailure:
        tell("Warning", "Failed", f"Error: {message}")
        return StartFailure(Waiting(reason, message))

    try:
        found = await services.images.ensure(ground.pod, container, ground.keyring, tell)
    except ImageError as error:
        tell("Warning", "Failed", f"Error: {error.reason}")
        raise StartFailure(Waiting(error.reason, error.message)) from error
    try:
        config = await _configure(services, ground, start, container, found)
    except (EnvError, SecurityError, MountError, ObjectUnavailable, OSError) as error:
        raise fail("CreateContainerConfigError", str(error)) from error
    async with services.starts:
        try:
            container_id = await services.runtime.create_container(ground.sandbox_id, config, ground.sandbox)
        except RuntimeFailure as error:
            raise fail("CreateContainerError", _description(error)) from error
        tell("Normal", "Created", "Container created")
        try:
            await services.runtime.start_container(container_id)
        except RuntimeFailure as error:
            raise fail("RunContainerError", _description(error)) from error
    tell("Normal", "Started", "Container started")
    _link_log(services, ground, start, container_id)
    await _post_start(services, ground, start, container, container_id)
    return Started(container_id, config.resources)


async def _configure(
    services: Services, ground: Ground, start: Start, container: Container | EphemeralContainer, found: Found
) -> ContainerConfig:
    pod = ground.pod
    node = services.node()
    place = Place(node.name, node.host_ips, ground.ips, node.allocatable)
    objects = {ref: await fetch(services.objects, pod, ref) for ref in references(container)}
    env = environment(pod, container, Sources(objects, place, services.service_env(pod)))
    mounts = container_mounts(pod, container, start.attempt, ground.mounted, env, services.layout)
    services.layout.log_file(pod, start.name, start.attempt).parent.mkdir(parents=True, exist_ok=True)
    target = ""
    if isinstance(container, EphemeralContainer) and container.target_container_name:
        latest = ground.runtime.latest(container.target_container_name)
        if latest is None:
            raise EnvError(f'unable to find target container "{container.target_container_name}"')
        target = latest.id
    ready = Prepared(found.image, found.ref, env, mounts, target)
    return container_config(pod, container, start.attempt, ready, node.memory)


def _link_log(services: Services, ground: Ground, start: Start, container_id: str) -> None:
    """Where log collectors of the older sort look."""
    link = services.layout.log_link(ground.pod, start.name, container_id)
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(services.layout.log_file(ground.pod, start.name, start.attempt))
    except OSError:
        pass  # a convenience for collectors; the log itself is where it belongs


async def _post_start(
    services: Services, ground: Ground, start: Start, container: Container | EphemeralContainer, container_id: str
) -> None:
    if not isinstance(container, Container) or container.lifecycle is None or container.lifecycle.post_start is None:
        return
    try:
        ip = ground.ips[0] if ground.ips else ""
        await services.hooks.run(container.lifecycle.post_start, container, container_id, ip)
    except HookFailure as error:
        path = field_path(start)
        services.tell(ground.pod, "Warning", "FailedPostStartHook", "PostStartHook failed", path)
        services.tell(ground.pod, "Normal", "Killing", "FailedPostStartHook", path)
        await services.runtime.stop_container(container_id, ground.pod.spec.termination_grace_period_seconds or 30)
        raise StartFailure(Waiting("PostStartHookError", str(error))) from error


def _description(error: RuntimeFailure) -> str:
    """The runtime's own words, without the transport's."""
    return str(error).partition(" desc = ")[2] or str(error)
