"""Sandboxes, containers and images as plain values: what the runtime reports and what it is asked for.

They follow CRI's messages closely, since every runtime speaks CRI, but need no gRPC to be made, compared or printed.
Times are nanoseconds since the epoch, 0 when it has not happened, as CRI counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct, field

from wherry.lib.discreet import Discreet


class SandboxState(Enum):
    READY = "ready"
    NOT_READY = "not ready"


class ContainerState(Enum):
    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"
    UNKNOWN = "unknown"


class Sandbox(Struct, frozen=True, kw_only=True):
    """A pod's sandbox as the runtime reports it."""

    id: str
    uid: str
    namespace: str
    name: str
    attempt: int = 0
    state: SandboxState = SandboxState.READY
    created_at: int = 0
    ips: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


class Container(Struct, frozen=True, kw_only=True):
    """A container as the runtime reports it. `attempt` is the restart count."""

    id: str
    sandbox_id: str
    name: str
    uid: str = ""
    attempt: int = 0
    state: ContainerState = ContainerState.CREATED
    created_at: int = 0
    started_at: int = 0
    finished_at: int = 0
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    image: str = ""
    image_ref: str = ""
    image_id: str = ""
    log_path: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        return self.state is ContainerState.RUNNING

    @property
    def is_exited(self) -> bool:
        return self.state is ContainerState.EXITED


class PodRuntime(Struct, frozen=True):
    """Everything the runtime holds of one pod; newest first in both lists."""

    uid: str
    sandboxes: tuple[Sandbox, ...] = ()
    containers: tuple[Container, ...] = ()

    def latest(self, name: str) -> Container | None:
        return next((each for each in self.containers if each.name == name), None)

    def previous(self, name: str) -> Container | None:
        """The run before the latest."""
        named = [each for each in self.containers if each.name == name]
        return named[1] if len(named) > 1 else None

    @property
    def sandbox(self) -> Sandbox | None:
        return self.sandboxes[0] if self.sandboxes else None

    @property
    def has_running(self) -> bool:
        return any(each.is_running for each in self.containers)


class NamespaceMode(Enum):
    POD = "pod"
    CONTAINER = "container"
    NODE = "node"
    TARGET = "target"


class Namespaces(Struct, frozen=True):
    """Which of the Linux name spaces are the pod's, the container's own, or the host's."""

    network: NamespaceMode = NamespaceMode.POD
    pid: NamespaceMode = NamespaceMode.CONTAINER
    ipc: NamespaceMode = NamespaceMode.POD
    target: str = ""


class Profile(Struct, frozen=True):
    """A seccomp or AppArmor profile; `kind` is RuntimeDefault, Unconfined or Localhost."""

    kind: str = "Unconfined"
    localhost: str = ""


class Resources(Struct, frozen=True):
    """Linux limits of a container or a pod; 0 leaves a value to the runtime."""

    cpu_shares: int = 0
    cpu_quota: int = 0
    cpu_period: int = 0
    memory_limit: int = 0
    oom_score_adj: int = 0
    unified: Mapping[str, str] = field(default_factory=dict)


class PortMapping(Struct, frozen=True):
    container_port: int
    host_port: int
    protocol: str = "TCP"
    host_ip: str = ""


class DnsConfig(Struct, frozen=True):
    servers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


class SandboxConfig(Struct, frozen=True, kw_only=True):
    """What a sandbox is to be like."""

    name: str
    namespace: str
    uid: str
    attempt: int = 0
    hostname: str = ""
    log_directory: str = ""
    dns: DnsConfig | None = None
    ports: tuple[PortMapping, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    cgroup_parent: str = ""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    namespaces: Namespaces = Namespaces()
    run_as_user: int | None = None
    run_as_group: int | None = None
    supplemental_groups: tuple[int, ...] = ()
    privileged: bool = False
    seccomp: Profile = Profile("RuntimeDefault")
    resources: Resources = field(default_factory=Resources)


class Propagation(Enum):
    NONE = "None"
    HOST_TO_CONTAINER = "HostToContainer"
    BIDIRECTIONAL = "Bidirectional"


class Mount(Struct, frozen=True):
    container_path: str
    host_path: str
    read_only: bool = False
    propagation: Propagation = Propagation.NONE
    recursive_read_only: bool = False


class Security(Struct, frozen=True, kw_only=True):
    """What a container may do."""

    run_as_user: int | None = None
    run_as_user_name: str = ""
    run_as_group: int | None = None
    supplemental_groups: tuple[int, ...] = ()
    strict_groups: bool = False
    add_capabilities: tuple[str, ...] = ()
    drop_capabilities: tuple[str, ...] = ()
    privileged: bool = False
    read_only_root: bool = False
    no_new_privileges: bool = False
    seccomp: Profile = Profile()
    apparmor: Profile | None = None
    masked_paths: tuple[str, ...] = ()
    read_only_paths: tuple[str, ...] = ()
    namespaces: Namespaces = Namespaces()


class ContainerConfig(Discreet, frozen=True, kw_only=True):
    """What a container is to be like."""

    UNSHOWN = frozenset({"env"})

    name: str
    attempt: int = 0
    image: str = ""
    """The reference the runtime gave for the pulled image."""
    user_image: str = ""
    """The image's name as written in the pod."""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str = ""
    env: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    log_path: str = ""
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False
    resources: Resources = field(default_factory=Resources)
    security: Security = field(default_factory=Security)
    stop_signal: str = ""


class Image(Struct, frozen=True):
    """An image on this node. `user` is what it runs as: a number, or a name that only the image itself can resolve."""

    id: str
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    size: int = 0
    user_id: int | None = None
    user_name: str = ""
    pinned: bool = False


class Credentials(Discreet, frozen=True):
    UNSHOWN = frozenset({"identity_token", "password", "registry_token"})

    username: str = ""
    password: str = ""
    server: str = ""
    identity_token: str = ""
    registry_token: str = ""


class ExecResult(Struct, frozen=True):
    exit_code: int
    stdout: bytes
    stderr: bytes


class RuntimeVersion(Struct, frozen=True):
    name: str
    version: str


class ContainerUsage(Struct, frozen=True):
    """What one container uses now."""

    id: str
    name: str
    uid: str
    time: int
    cpu_nanoseconds: int
    cpu_nanocores: int
    memory_working_set: int
    memory_usage: int
    memory_rss: int
    disk_bytes: int
    disk_inodes: int


class EventKind(Enum):
    STARTED = "started"
    EXITED = "exited"
    OOM = "oom"
    DELETED = "deleted"
    OTHER = "other"


class RuntimeEvent(Struct, frozen=True):
    """Something happened to a container (or a sandbox, whose id it then carries)."""

    kind: EventKind
    container_id: str
