"""One node's kubelet, put together: a client and a runtime in, a Node with running pods out.

Who starts the runtime, writes the network's configuration and serves the kubelet's API is the composition root's affair
(`wherry.roles.agent`); this module holds the parts that always belong together.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound
from wherry.api.node.runtimeclass import RUNTIMECLASSES
from wherry.api.types.core_v1 import Node, Pod
from wherry.api.types.decoding import convert
from wherry.client import Client, Key
from wherry.kubelet.node.description import Health, NodeSettings, allocatable
from wherry.kubelet.node.heartbeat import Findings, Heartbeat
from wherry.kubelet.node.machine import Pressure, read_machine, read_pressure
from wherry.kubelet.pods.admission import Admitted, Premises, Refused, admit
from wherry.kubelet.pods.cgroups import Cgroups
from wherry.kubelet.pods.dns import ClusterDns, parse_resolv_conf
from wherry.kubelet.pods.fields import Place
from wherry.kubelet.pods.hooks import Hooks, HttpGet
from wherry.kubelet.pods.images import ImagePuller
from wherry.kubelet.pods.layout import Layout
from wherry.kubelet.pods.manager import PodManager
from wherry.kubelet.pods.nodeview import NodeView
from wherry.kubelet.pods.resizing import refusal
from wherry.kubelet.pods.room import Taken, active_beside, allocatable_of
from wherry.kubelet.pods.services import PodEvents, Services
from wherry.kubelet.pods.writer import StatusWriter
from wherry.kubelet.runtime.model import DnsConfig, RuntimeVersion
from wherry.kubelet.runtime.protocol import Runtime, RuntimeFailure
from wherry.kubelet.volumes.driver import Driver
from wherry.kubelet.volumes.emptydir import EmptyDir
from wherry.kubelet.volumes.files import Files
from wherry.kubelet.volumes.hostpath import HostPath
from wherry.kubelet.volumes.manager import Volumes
from wherry.kubelet.volumes.objects import ObjectCache
from wherry.kubelet.volumes.tokens import Tokens
from wherry.lib.clock import Clock

log = logging.getLogger(__name__)

_RUNTIME_GRACE_SECONDS = 30.0
"""How long the runtime may be away before the node says so; upstream's."""


class KubeletSettings(Struct, frozen=True):
    """What is decided outside.

    Attributes:
        node: the node's name, addresses and port.
        layout: where pods' files go.
        cgroups: where pods' limits go.
        cluster_dns: where pods resolve the cluster's names.
    """

    node: NodeSettings
    layout: Layout
    cgroups: Cgroups
    cluster_dns: ClusterDns = field(default_factory=ClusterDns)
    resolv_conf: Path = Path("/etc/resolv.conf")


class World(Struct, frozen=True):
    """What a kubelet reaches the rest of the world through."""

    client: Client
    runtime: Runtime
    events: PodEvents
    http_get: HttpGet
    clock: Clock
    random: random.Random
    service_env: Callable[[Pod], list[tuple[str, str]]] = lambda _pod: []
    """Variables that name Services for containers (the proxy's informers know them); none without."""


class Kubelet:
    """A node. `open` registers it, `run` keeps it, `close` lets go; pods go on running."""

    def __init__(
        self, world: World, settings: KubeletSettings, on_pod_cidrs: Callable[[tuple[str, ...]], None]
    ) -> None:
        """`on_pod_cidrs` is called when the node has been given (other) addresses for its pods."""
        self._world = world
        self._settings = settings
        self._on_pod_cidrs = on_pod_cidrs
        self._machine = read_machine()
        self._cidrs: tuple[str, ...] = ()
        self._version = RuntimeVersion("containerd", "")
        self._found: Findings | None = None
        self._found_at = 0.0
        self._fetched: Node | None = None
        self._node_informer = world.client.informer(NODES, Node, field_selector=f"metadata.name={settings.node.name}")
        self.heartbeat = Heartbeat(world.client, settings.node, self._machine, self._look, world.clock, world.random)
        self._view = self._make_view()
        self.services = self._make_services()
        informer = world.client.informer(PODS, Pod, field_selector=f"spec.nodeName={settings.node.name}")
        self.pods = PodManager(self.services, world.client, informer, self)

    async def run(self) -> None:
        """Register, then run until cancelled."""
        self._settings.cgroups.create_qualities()
        self._version = await self._world.runtime.version()
        await self.heartbeat.register()
        self._node_informer.add_handler(self._on_node)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.heartbeat.run())
            group.create_task(self.pods.run())

    def runtime_restarted(self) -> None:
        """The runtime was gone and is back: look at everything anew."""
        self.pods.wake_all()
        self.heartbeat.changed()

    async def close(self) -> None:
        await self.services.objects.close()
        await self.services.writer.close()

    def _make_view(self) -> NodeView:
        node = self._settings.node
        pressure = read_pressure(self._existing(self._settings.layout.pods))
        return NodeView(
            name=node.name,
            host_ips=node.addresses,
            memory=self._machine.memory,
            allocatable=allocatable(node, self._machine, pressure),
            dns=self._settings.cluster_dns,
            host_dns=self._host_dns(),
            max_pods=node.max_pods,
        )

    def _make_services(self) -> Services:
        world, layout = self._world, self._settings.layout
        objects = ObjectCache(world.client, world.clock, world.random, self._object_changed)
        tokens = Tokens(world.client, world.clock, world.random)
        writer = StatusWriter(world.client, world.clock)

        def place(pod: Pod) -> Place:
            view = self._view
            ips = tuple(each["ip"] for each in writer.current(pod).get("podIPs", ()))
            return Place(view.name, view.host_ips, ips, view.allocatable)

        files = Files(objects, tokens, place, world.clock)
        drivers: list[Driver] = [files, EmptyDir(), HostPath()]
        return Services(
            runtime=world.runtime,
            images=ImagePuller(world.runtime, world.clock),
            volumes=Volumes(layout.pods, layout.memory, drivers, (files.plugin,)),
            objects=objects,
            hooks=Hooks(world.runtime, world.clock, world.http_get),
            cgroups=self._settings.cgroups,
            layout=layout,
            writer=writer,
            events=world.events,
            clock=world.clock,
            random=world.random,
            node=lambda: self._view,
            handler=self._handler,
            service_env=world.service_env,
            resize_refusal=lambda pod: refusal(pod, self.pods.granted_pods(), self._view),
        )

    def _object_changed(self, uid: str) -> None:
        self.pods.refresh(uid)

    def admit(self, pod: Pod, others: Sequence[Pod]) -> Refused | Admitted:
        """Whether a pod that is bound to this node may run here."""
        node = self._fetched or self._node_informer.get(Key("", self._settings.node.name))
        given = dict(node.status.allocatable) if node is not None else {}
        premises = Premises(
            self._view.name,
            {**allocatable_of({**given, **self._view.allocatable}), "pods": self._view.max_pods},
            node.metadata.labels if node is not None else {},
            node.spec.taints if node is not None else (),
            node.status.declared_features if node is not None else (),
        )
        beside = active_beside(pod, others)
        return admit(pod, Taken(beside), premises, lambda: beside)

    async def look_again(self) -> None:
        """Go by the Node as it is in the API until it is heard of again."""
        name = self._settings.node.name
        self._fetched = convert(Node, await self._world.client.get(NODES, name))

    def _on_node(self, old: Node | None, new: Node | None) -> None:
        self._fetched = None
        if new is None:
            self.heartbeat.changed()
            return
        cidrs = new.spec.pod_cidrs or ((new.spec.pod_cidr,) if new.spec.pod_cidr else ())
        if cidrs and cidrs != self._cidrs:
            self._cidrs = cidrs
            self._on_pod_cidrs(cidrs)
            # The runtime reads the new configuration in its own time; the status follows at the next looks.
            for delay in (0.05, 0.2, 0.6, 1.5):
                self._world.clock.call_later(delay, self.heartbeat.changed)

    async def _handler(self, runtime_class: str) -> str:
        if not runtime_class:
            return ""
        try:
            found = await self._world.client.get(RUNTIMECLASSES, runtime_class)
        except NotFound as error:
            raise LookupError(f'failed to get RuntimeClass "{runtime_class}": {error}') from error
        return str(found["handler"])

    async def _look(self) -> Findings:
        """Everything the node's status is made of, now."""
        pressure = read_pressure(self._existing(self._settings.layout.pods))
        self._view = replace(
            self._view,
            allocatable=allocatable(self._settings.node, self._machine, pressure),
            host_dns=self._host_dns(),
        )
        runtime = self._world.runtime
        try:
            conditions = await runtime.conditions()
            images = list(await runtime.images())
        except RuntimeFailure as failure:
            return self._without_runtime(pressure, failure)
        self._found = Findings(pressure, _health(conditions), self._version, images)
        self._found_at = self._world.clock.monotonic()
        return self._found

    def _without_runtime(self, pressure: Pressure, failure: RuntimeFailure) -> Findings:
        """A runtime that is being restarted is no reason to call the node, and with it all its pods, not ready."""
        if self._found is not None and self._world.clock.monotonic() - self._found_at < _RUNTIME_GRACE_SECONDS:
            return replace(self._found, pressure=pressure)
        return Findings(pressure, Health(runtime=f"container runtime is down: {failure}"), self._version, [])

    def _host_dns(self) -> DnsConfig:
        try:
            return parse_resolv_conf(self._settings.resolv_conf.read_text())
        except OSError:
            return DnsConfig()

    @staticmethod
    def _existing(folder: Path) -> Path:
        """The folder, or the nearest one above it that is there."""
        while not folder.exists():
            folder = folder.parent
        return folder


def _health(conditions: dict[str, tuple[bool, str]]) -> Health:
    runtime_ready, runtime_message = conditions.get("RuntimeReady", (True, ""))
    network_ready, network_message = conditions.get("NetworkReady", (True, ""))
    return Health(
        runtime="" if runtime_ready else f"container runtime not ready: RuntimeReady=false message:{runtime_message}",
        network=""
        if network_ready
        else "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
        f"message:{network_message}",
    )
