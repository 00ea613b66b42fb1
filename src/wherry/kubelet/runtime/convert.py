"""Our values to CRI's messages and back: pure, and the only place besides `cri.py` that names a CRI message."""

from __future__ import annotations

from typing import Any

from cri_api.v1 import api_pb2 as pb

from wherry.kubelet.runtime.model import (
    Container,
    ContainerConfig,
    ContainerState,
    ContainerUsage,
    Credentials,
    Image,
    Mount,
    NamespaceMode,
    Namespaces,
    PortMapping,
    Profile,
    Propagation,
    Resources,
    Sandbox,
    SandboxConfig,
    SandboxState,
    Security,
)

UID_LABEL = "io.kubernetes.pod.uid"

_MODES = {
    NamespaceMode.POD: pb.POD,
    NamespaceMode.CONTAINER: pb.CONTAINER,
    NamespaceMode.NODE: pb.NODE,
    NamespaceMode.TARGET: pb.TARGET,
}
_PROPAGATION = {
    Propagation.NONE: pb.PROPAGATION_PRIVATE,
    Propagation.HOST_TO_CONTAINER: pb.PROPAGATION_HOST_TO_CONTAINER,
    Propagation.BIDIRECTIONAL: pb.PROPAGATION_BIDIRECTIONAL,
}
_STATES = {
    pb.CONTAINER_CREATED: ContainerState.CREATED,
    pb.CONTAINER_RUNNING: ContainerState.RUNNING,
    pb.CONTAINER_EXITED: ContainerState.EXITED,
}


def sandbox_message(config: SandboxConfig) -> Any:
    message = pb.PodSandboxConfig(
        metadata=pb.PodSandboxMetadata(
            name=config.name, uid=config.uid, namespace=config.namespace, attempt=config.attempt
        ),
        hostname=config.hostname,
        log_directory=config.log_directory,
        port_mappings=[_port(port) for port in config.ports],
        labels=dict(config.labels),
        annotations=dict(config.annotations),
        linux=pb.LinuxPodSandboxConfig(
            cgroup_parent=config.cgroup_parent,
            sysctls=dict(config.sysctls),
            security_context=_sandbox_security(config),
            resources=resources_message(config.resources),
        ),
    )
    if config.dns is not None:
        message.dns_config.CopyFrom(
            pb.DNSConfig(servers=config.dns.servers, searches=config.dns.searches, options=config.dns.options)
        )
    return message


def _sandbox_security(config: SandboxConfig) -> Any:
    message = pb.LinuxSandboxSecurityContext(
        namespace_options=_namespaces(config.namespaces),
        supplemental_groups=config.supplemental_groups,
        privileged=config.privileged,
        seccomp=_profile(config.seccomp),
    )
    if config.run_as_user is not None:
        message.run_as_user.value = config.run_as_user
    if config.run_as_group is not None:
        message.run_as_group.value = config.run_as_group
    return message


def container_message(config: ContainerConfig) -> Any:
    return pb.ContainerConfig(
        metadata=pb.ContainerMetadata(name=config.name, attempt=config.attempt),
        image=pb.ImageSpec(image=config.image, user_specified_image=config.user_image),
        command=config.command,
        args=config.args,
        working_dir=config.working_dir,
        envs=[pb.KeyValue(key=name, value=value) for name, value in config.env],
        mounts=[_mount(mount) for mount in config.mounts],
        labels=dict(config.labels),
        annotations=dict(config.annotations),
        log_path=config.log_path,
        stdin=config.stdin,
        stdin_once=config.stdin_once,
        tty=config.tty,
        linux=pb.LinuxContainerConfig(
            resources=resources_message(config.resources), security_context=_security(config.security)
        ),
        stop_signal=pb.Signal.Value(config.stop_signal or "RUNTIME_DEFAULT"),
    )


def resources_message(resources: Resources) -> Any:
    return pb.LinuxContainerResources(
        cpu_shares=resources.cpu_shares,
        cpu_quota=resources.cpu_quota,
        cpu_period=resources.cpu_period,
        memory_limit_in_bytes=resources.memory_limit,
        oom_score_adj=resources.oom_score_adj,
        unified=dict(resources.unified),
    )


def credentials_message(credentials: Credentials | None) -> Any:
    if credentials is None:
        return None
    # Without the server's address: credentials have been chosen by it already, and containerd insists on a URL there
    # where Docker's configuration may hold a bare host.
    return pb.AuthConfig(
        username=credentials.username,
        password=credentials.password,
        identity_token=credentials.identity_token,
        registry_token=credentials.registry_token,
    )


def _security(security: Security) -> Any:
    message = pb.LinuxContainerSecurityContext(
        namespace_options=_namespaces(security.namespaces),
        supplemental_groups=security.supplemental_groups,
        supplemental_groups_policy=pb.Strict if security.strict_groups else pb.Merge,
        capabilities=pb.Capability(
            add_capabilities=security.add_capabilities, drop_capabilities=security.drop_capabilities
        ),
        run_as_username=security.run_as_user_name,
        privileged=security.privileged,
        readonly_rootfs=security.read_only_root,
        no_new_privs=security.no_new_privileges,
        masked_paths=security.masked_paths,
        readonly_paths=security.read_only_paths,
        seccomp=_profile(security.seccomp),
    )
    if security.run_as_user is not None:
        message.run_as_user.value = security.run_as_user
    if security.run_as_group is not None:
        message.run_as_group.value = security.run_as_group
    if security.apparmor is not None:
        message.apparmor.CopyFrom(_profile(security.apparmor))
    return message


def _namespaces(namespaces: Namespaces) -> Any:
    return pb.NamespaceOption(
        network=_MODES[namespaces.network],
        pid=_MODES[namespaces.pid],
        ipc=_MODES[namespaces.ipc],
        target_id=namespaces.target,
    )


def _profile(profile: Profile) -> Any:
    return pb.SecurityProfile(
        profile_type=pb.SecurityProfile.ProfileType.Value(profile.kind), localhost_ref=profile.localhost
    )


def _mount(mount: Mount) -> Any:
    return pb.Mount(
        container_path=mount.container_path,
        host_path=mount.host_path,
        readonly=mount.read_only,
        propagation=_PROPAGATION[mount.propagation],
        recursive_read_only=mount.recursive_read_only,
    )


def _port(port: PortMapping) -> Any:
    return pb.PortMapping(
        protocol=pb.Protocol.Value(port.protocol),
        container_port=port.container_port,
        host_port=port.host_port,
        host_ip=port.host_ip,
    )


def sandbox_value(message: Any) -> Sandbox:
    """From a listing or a status; only a status knows addresses."""
    ips: tuple[str, ...] = ()
    if isinstance(message, pb.PodSandboxStatus) and message.network.ip:
        ips = (message.network.ip, *(each.ip for each in message.network.additional_ips))
    return Sandbox(
        id=message.id,
        uid=message.metadata.uid,
        namespace=message.metadata.namespace,
        name=message.metadata.name,
        attempt=message.metadata.attempt,
        state=SandboxState.READY if message.state == pb.SANDBOX_READY else SandboxState.NOT_READY,
        created_at=message.created_at,
        ips=ips,
        labels=dict(message.labels),
        annotations=dict(message.annotations),
    )


def listed_container(message: Any) -> Container:
    return Container(
        id=message.id,
        sandbox_id=message.pod_sandbox_id,
        name=message.metadata.name,
        uid=message.labels.get(UID_LABEL, ""),
        attempt=message.metadata.attempt,
        state=_STATES.get(message.state, ContainerState.UNKNOWN),
        created_at=message.created_at,
        image=message.image.image,
        image_ref=message.image_ref,
        labels=dict(message.labels),
        annotations=dict(message.annotations),
    )


def container_value(message: Any, sandbox_id: str) -> Container:
    return Container(
        id=message.id,
        sandbox_id=sandbox_id,
        name=message.metadata.name,
        uid=message.labels.get(UID_LABEL, ""),
        attempt=message.metadata.attempt,
        state=_STATES.get(message.state, ContainerState.UNKNOWN),
        created_at=message.created_at,
        started_at=message.started_at,
        finished_at=message.finished_at,
        exit_code=message.exit_code,
        reason=message.reason,
        message=message.message,
        image=message.image.image,
        image_ref=message.image_ref,
        image_id=message.image_id,
        log_path=message.log_path,
        labels=dict(message.labels),
        annotations=dict(message.annotations),
    )


def image_value(message: Any) -> Image:
    return Image(
        id=message.id,
        tags=tuple(message.repo_tags),
        digests=tuple(message.repo_digests),
        size=message.size,
        user_id=message.uid.value if message.HasField("uid") else None,
        user_name=message.username,
        pinned=message.pinned,
    )


def usage_value(message: Any) -> ContainerUsage:
    return ContainerUsage(
        id=message.attributes.id,
        name=message.attributes.metadata.name,
        uid=message.attributes.labels.get(UID_LABEL, ""),
        time=message.cpu.timestamp,
        cpu_nanoseconds=message.cpu.usage_core_nano_seconds.value,
        cpu_nanocores=message.cpu.usage_nano_cores.value,
        memory_working_set=message.memory.working_set_bytes.value,
        memory_usage=message.memory.usage_bytes.value,
        memory_rss=message.memory.rss_bytes.value,
        disk_bytes=message.writable_layer.used_bytes.value,
        disk_inodes=message.writable_layer.inodes_used.value,
    )
