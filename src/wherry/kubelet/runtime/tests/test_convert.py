"""Our values to CRI and back."""

from __future__ import annotations

from cri_api.v1 import api_pb2 as pb

from wherry.kubelet.runtime import convert
from wherry.kubelet.runtime.model import (
    ContainerConfig,
    ContainerState,
    DnsConfig,
    Mount,
    NamespaceMode,
    Namespaces,
    PortMapping,
    Profile,
    Propagation,
    Resources,
    SandboxConfig,
    SandboxState,
    Security,
)


def test_sandbox() -> None:
    config = SandboxConfig(
        name="web",
        namespace="default",
        uid="u",
        dns=DnsConfig(("1.1.1.1",)),
        ports=(PortMapping(80, 8080, "UDP"),),
        namespaces=Namespaces(NamespaceMode.NODE),
        run_as_user=0,
    )
    message = convert.sandbox_message(config)
    assert message.metadata.uid == "u"
    assert list(message.dns_config.servers) == ["1.1.1.1"]
    assert message.port_mappings[0].protocol == pb.UDP
    context = message.linux.security_context
    assert context.namespace_options.network == pb.NODE
    assert context.HasField("run_as_user")
    assert not context.HasField("run_as_group")
    assert context.seccomp.profile_type == pb.SecurityProfile.RuntimeDefault


def test_container() -> None:
    config = ContainerConfig(
        name="app",
        env=(("A", "1"),),
        mounts=(Mount("/c", "/h", True, Propagation.BIDIRECTIONAL),),
        resources=Resources(cpu_quota=5, memory_limit=6),
        security=Security(add_capabilities=("NET_ADMIN",), seccomp=Profile("Localhost", "p")),
        stop_signal="SIGUSR1",
    )
    message = convert.container_message(config)
    assert (message.envs[0].key, message.envs[0].value) == ("A", "1")
    assert message.mounts[0].propagation == pb.PROPAGATION_BIDIRECTIONAL
    assert message.linux.resources.memory_limit_in_bytes == 6
    assert message.linux.security_context.seccomp.localhost_ref == "p"
    assert message.stop_signal == pb.SIGUSR1
    assert not message.linux.security_context.HasField("apparmor")


def test_statuses() -> None:
    status = pb.ContainerStatus(id="c", state=pb.CONTAINER_EXITED, exit_code=3, labels={convert.UID_LABEL: "u"})
    container = convert.container_value(status, "s")
    assert (container.state, container.exit_code, container.uid, container.sandbox_id) == (
        ContainerState.EXITED,
        3,
        "u",
        "s",
    )
    sandbox = pb.PodSandboxStatus(
        id="s", state=pb.SANDBOX_READY, network=pb.PodSandboxNetworkStatus(ip="1", additional_ips=[pb.PodIP(ip="2")])
    )
    found = convert.sandbox_value(sandbox)
    assert (found.state, found.ips) == (SandboxState.READY, ("1", "2"))
