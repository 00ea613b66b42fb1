"""The shape of the file, field by field: what is not here is refused."""

from __future__ import annotations

from typing import Any

import msgspec

from wherry.lib.discreet import Discreet
from wherry.scheduler.config.strict import Strict


class PluginEntry(Strict, frozen=True):
    """A plugin by name; `weight` is that of its score."""

    name: str = ""
    weight: int = 0


class PluginSet(Strict, frozen=True):
    """What an extension point has beside, and without, what it has by default."""

    enabled: tuple[PluginEntry, ...] = ()
    disabled: tuple[PluginEntry, ...] = ()


class Plugins(Strict, frozen=True):
    """By extension point; `multi_point` stands for all that a plugin has."""

    pre_enqueue: PluginSet = PluginSet()
    queue_sort: PluginSet = PluginSet()
    pre_filter: PluginSet = PluginSet()
    filter: PluginSet = PluginSet()
    post_filter: PluginSet = PluginSet()
    pre_score: PluginSet = PluginSet()
    score: PluginSet = PluginSet()
    reserve: PluginSet = PluginSet()
    permit: PluginSet = PluginSet()
    pre_bind: PluginSet = PluginSet()
    bind: PluginSet = PluginSet()
    post_bind: PluginSet = PluginSet()
    multi_point: PluginSet = PluginSet()


class PluginConfig(Strict, frozen=True):
    """The settings of one plugin."""

    name: str = ""
    args: dict[str, Any] = msgspec.field(default_factory=dict)


class ProfileEntry(Strict, frozen=True):
    """What one scheduler name stands for."""

    scheduler_name: str | None = None
    percentage_of_nodes_to_score: int | None = None
    plugins: Plugins = Plugins()
    plugin_config: tuple[PluginConfig, ...] = ()


class TlsConfig(Discreet, Strict, frozen=True):
    """How to know an extender, and be known to it."""

    UNSHOWN = frozenset({"key_data"})

    insecure: bool = False
    server_name: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    cert_data: bytes = b""
    key_data: bytes = b""
    ca_data: bytes = b""


class ManagedResource(Strict, frozen=True):
    """An extended resource that an extender cares for."""

    name: str = ""
    ignored_by_scheduler: bool = False


class ExtenderEntry(Strict, frozen=True):
    """An HTTP server that is asked too."""

    url_prefix: str = ""
    filter_verb: str = ""
    preempt_verb: str = ""
    prioritize_verb: str = ""
    weight: int = 0
    bind_verb: str = ""
    enable_https: bool = msgspec.field(default=False, name="enableHTTPS")
    tls_config: TlsConfig | None = None
    http_timeout: str = msgspec.field(default="", name="httpTimeout")
    node_cache_capable: bool = False
    managed_resources: tuple[ManagedResource, ...] = ()
    ignorable: bool = False


class LeaderElection(Strict, frozen=True):
    """Who of several schedulers works: of no use here, and judged all the same."""

    leader_elect: bool = True
    lease_duration: str = "15s"
    renew_deadline: str = "10s"
    retry_period: str = "2s"
    resource_lock: str = "leases"
    resource_name: str = "kube-scheduler"
    resource_namespace: str = "kube-system"


class ClientConnection(Strict, frozen=True):
    """How to reach the API: the scheduler is part of its server."""

    kubeconfig: str = ""
    accept_content_types: str = ""
    content_type: str = ""
    qps: float = 50
    burst: int = 100


class Document(Strict, frozen=True):
    """The whole file."""

    api_version: str = ""
    kind: str = ""
    parallelism: int = 16
    leader_election: LeaderElection = LeaderElection()
    client_connection: ClientConnection = ClientConnection()
    enable_profiling: bool = True
    enable_contention_profiling: bool = True
    percentage_of_nodes_to_score: int | None = None
    pod_initial_backoff_seconds: int = 1
    pod_max_backoff_seconds: int = 10
    profiles: tuple[ProfileEntry, ...] = ()
    extenders: tuple[ExtenderEntry, ...] = ()
    delay_cache_until_active: bool = False
