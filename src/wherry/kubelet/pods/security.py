"""What a container may do, from the pod's and its own security context. Pure.

The container's own context wins over the pod's, field by field. Defaults are upstream's: a container runs as its image
says, with the runtime's capabilities, unconfined by seccomp unless the pod asks for a profile, and with the usual
parts of /proc hidden.
"""

from __future__ import annotations

from typing import Any

from wherry.api.types.core_v1 import Container, EphemeralContainer, Pod, PodSecurityContext, SecurityContext
from wherry.kubelet.runtime.model import Image, NamespaceMode, Namespaces, Profile, Security

AnyContainer = Container | EphemeralContainer

MASKED_PATHS = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
READ_ONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


class SecurityError(Exception):
    """The container must not run like this; the message is what the user sees (reason CreateContainerConfigError)."""


def container_security(pod: Pod, container: AnyContainer, image: Image, target: str = "") -> Security:
    """Everything the runtime must enforce for one container."""
    of_pod = pod.spec.security_context or PodSecurityContext()
    own = container.security_context or SecurityContext()
    user = own.run_as_user if own.run_as_user is not None else of_pod.run_as_user
    group = own.run_as_group if own.run_as_group is not None else of_pod.run_as_group
    non_root = own.run_as_non_root if own.run_as_non_root is not None else of_pod.run_as_non_root
    if non_root:
        check_non_root(user, image)
    privileged = bool(own.privileged)
    hidden = not privileged and own.proc_mount != "Unmasked"
    capabilities = own.capabilities
    return Security(
        run_as_user=user if user is not None else image.user_id,
        run_as_user_name="" if user is not None or image.user_id is not None else image.user_name,
        run_as_group=group,
        supplemental_groups=supplemental_groups(of_pod),
        strict_groups=of_pod.supplemental_groups_policy == "Strict",
        add_capabilities=tuple(capabilities.add) if capabilities else (),
        drop_capabilities=tuple(capabilities.drop) if capabilities else (),
        privileged=privileged,
        read_only_root=bool(own.read_only_root_filesystem),
        no_new_privileges=own.allow_privilege_escalation is False and not privileged,
        seccomp=seccomp_profile(own.seccomp_profile or of_pod.seccomp_profile, privileged=privileged),
        apparmor=_profile(own.app_armor_profile or of_pod.app_armor_profile),
        masked_paths=MASKED_PATHS if hidden else (),
        read_only_paths=READ_ONLY_PATHS if hidden else (),
        namespaces=namespaces(pod, target),
    )


def check_non_root(user: int | None, image: Image) -> None:
    """Refuse root where runAsNonRoot asks for somebody else; a user known by name only cannot be told."""
    if user is not None:
        if user == 0:
            raise SecurityError("container's runAsUser breaks non-root policy")
        return
    if image.user_id is not None:
        if image.user_id == 0:
            raise SecurityError("container has runAsNonRoot and image will run as root")
        return
    if image.user_name:
        raise SecurityError(
            f"container has runAsNonRoot and image has non-numeric user ({image.user_name}), "
            "cannot verify user is non-root"
        )
    raise SecurityError("container has runAsNonRoot and image will run as root")


def supplemental_groups(context: PodSecurityContext) -> tuple[int, ...]:
    groups = tuple(context.supplemental_groups)
    return (*groups, context.fs_group) if context.fs_group is not None else groups


def namespaces(pod: Pod, target: str = "") -> Namespaces:
    """`target` is the id of the container whose processes an ephemeral container wants to see."""
    spec = pod.spec
    pid = NamespaceMode.CONTAINER
    if target:
        pid = NamespaceMode.TARGET
    elif spec.host_pid:
        pid = NamespaceMode.NODE
    elif spec.share_process_namespace:
        pid = NamespaceMode.POD
    return Namespaces(
        network=NamespaceMode.NODE if spec.host_network else NamespaceMode.POD,
        pid=pid,
        ipc=NamespaceMode.NODE if spec.host_ipc else NamespaceMode.POD,
        target=target,
    )


def seccomp_profile(profile: Any, *, privileged: bool = False) -> Profile:
    if privileged:
        return Profile("Unconfined")
    return _profile(profile) or Profile("Unconfined")


def _profile(profile: Any) -> Profile | None:
    if profile is None:
        return None
    return Profile(profile.type, profile.localhost_profile or "")


def is_any_privileged(pod: Pod) -> bool:
    everyone: tuple[AnyContainer, ...] = (
        *pod.spec.containers,
        *pod.spec.init_containers,
        *pod.spec.ephemeral_containers,
    )
    return any(each.security_context is not None and bool(each.security_context.privileged) for each in everyone)
