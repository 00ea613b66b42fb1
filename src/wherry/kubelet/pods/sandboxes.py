"""A pod's sandbox as the runtime is to make it. Pure."""

from __future__ import annotations

from msgspec import Struct

from wherry.api.types.core_v1 import Pod
from wherry.kubelet.pods.dns import full_hostname
from wherry.kubelet.pods.names import POD_NAME, POD_NAMESPACE, POD_UID, uid_of
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.resources import pod_resources
from wherry.kubelet.pods.security import is_any_privileged, namespaces, supplemental_groups
from wherry.kubelet.runtime.model import DnsConfig, PortMapping, Profile, SandboxConfig


class SandboxPlace(Struct, frozen=True):
    """Where the sandbox's files and limits are."""

    log_directory: str
    cgroup_parent: str
    dns: DnsConfig


def sandbox_config(pod: Pod, attempt: int, place: SandboxPlace, node: NodeView) -> SandboxConfig:
    """The configuration of a pod's sandbox."""
    spec = pod.spec
    context = spec.security_context
    return SandboxConfig(
        name=pod.metadata.name,
        namespace=pod.metadata.namespace,
        uid=uid_of(pod),
        attempt=attempt,
        # A pod on the host's network shares the host's name as well; runtimes refuse another one.
        hostname="" if spec.host_network else _hostname(pod, node),
        log_directory=place.log_directory,
        dns=place.dns,
        ports=() if spec.host_network else _ports(pod),
        labels={
            **pod.metadata.labels,
            POD_NAME: pod.metadata.name,
            POD_NAMESPACE: pod.metadata.namespace,
            POD_UID: uid_of(pod),
        },
        annotations=dict(pod.metadata.annotations),
        cgroup_parent=place.cgroup_parent,
        sysctls={each.name: each.value for each in context.sysctls} if context else {},
        namespaces=namespaces(pod),
        run_as_user=context.run_as_user if context else None,
        run_as_group=context.run_as_group if context else None,
        supplemental_groups=supplemental_groups(context) if context else (),
        privileged=is_any_privileged(pod),
        seccomp=Profile("RuntimeDefault"),
        resources=pod_resources(pod),
    )


def _hostname(pod: Pod, node: NodeView) -> str:
    short, domain = full_hostname(pod, node.dns)
    return f"{short}.{domain}" if domain and pod.spec.set_hostname_as_fqdn else short


def _ports(pod: Pod) -> tuple[PortMapping, ...]:
    return tuple(
        PortMapping(port.container_port, port.host_port or 0, port.protocol or "TCP", port.host_ip or "")
        for container in (*pod.spec.init_containers, *pod.spec.containers)
        for port in container.ports
    )
