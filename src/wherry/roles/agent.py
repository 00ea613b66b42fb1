"""`wherry agent`: a node. Starts its own containerd, writes the pod network's configuration, and runs the kubelet.

The order of the start is what people wait for: containerd begins at once; meanwhile the identity is read and the API is
waited for. Ending the agent ends neither containerd nor any pod: the next agent takes them over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import shutil
import ssl
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from wherry.client.credentials import endpoint_of, token_of
from wherry.client.http import HttpClient
from wherry.identity.files import make_private_folder
from wherry.identity.kubeconfig import Kubeconfig
from wherry.identity.pair import Pair
from wherry.kubelet.kubelet import Kubelet, KubeletSettings, World
from wherry.kubelet.node.description import NodeSettings
from wherry.kubelet.node.machine import read_machine, read_pressure
from wherry.kubelet.pods.cgroups import Cgroups
from wherry.kubelet.pods.dns import ClusterDns
from wherry.kubelet.pods.httpget import http_get
from wherry.kubelet.pods.layout import Layout
from wherry.kubelet.runtime.containerd import Containerd, ContainerdError
from wherry.kubelet.runtime.containerdconfig import ContainerdPaths, RuntimeHandler, format_config
from wherry.kubelet.runtime.cri import CriRuntime
from wherry.kubelet.runtime.host import read_traits
from wherry.kubelet.runtime.importing import import_archive
from wherry.kubelet.runtime.pause import PAUSE_IMAGE, pause_image
from wherry.kubelet.runtime.protocol import RuntimeFailure
from wherry.kubelet.server import metrics, stats
from wherry.kubelet.server.app import KubeletApp, Numbers
from wherry.kubelet.server.rotation import Rotation
from wherry.kubelet.volumes.mounts import is_on_tmpfs, mount
from wherry.lib.arch import architecture
from wherry.lib.clock import Clock
from wherry.lib.failure import Failure
from wherry.lib.systemclock import SystemClock
from wherry.lib.tasks import Tasks
from wherry.network.cni import PodNetwork, write_conflist
from wherry.network.host import CommandLine
from wherry.network.routes import Routes
from wherry.reconcile.events import Recorder
from wherry.roles import preflight
from wherry.roles.joined import Joined, JoinedSettings, joined_name
from wherry.roles.jointoken import JoinToken, parse_join_token
from wherry.roles.nodeidentity import BesideServer, Identity, Live, kubelet_context
from wherry.roles.paths import Paths
from wherry.roles.running import settle
from wherry.roles.settings import CLUSTER_DOMAIN, KUBELET_PORT, host_name, primary_address
from wherry.transport.connect import Connector
from wherry.transport.server import Server

log = logging.getLogger(__name__)

CGROUP_PARENT = "/kubepods"
_STANDARD_STATE = Path("/var/lib/wherry")


class AgentSettings(Struct, frozen=True):
    """`wherry agent`.

    Attributes:
        kubeconfig: how the node reaches the API, and as whom.
        serving_pair: certificate and key of the kubelet's own API.
        token: how to join a cluster of another machine.
        is_joined: whether the node asks for its certificates itself; else the server beside it writes them.
        logs: where pods' logs go; collectors look in /var/log.
        cgroup_parent: the cgroup of all pods.
        cluster_dns: addresses of the cluster's DNS; without, pods resolve as the host does.
    """

    paths: Paths
    node_name: str
    node_address: str
    kubelet_port: int
    kubeconfig: Path
    serving_pair: tuple[Path, Path]
    logs: Path
    token: JoinToken | None = None
    is_joined: bool = False
    cgroup_parent: str = CGROUP_PARENT
    bridge: str = "wherry0"
    cluster_dns: tuple[str, ...] = ()
    cluster_domain: str = CLUSTER_DOMAIN
    containerd: tuple[str, ...] = ("containerd",)
    max_pods: int = 110


def settings(
    paths: Paths,
    *,
    node_name: str = "",
    node_address: str = "",
    kubelet_port: int = KUBELET_PORT,
    join: str = "",
    cgroup_parent: str = CGROUP_PARENT,
) -> AgentSettings:
    """The settings of a node, defaults filled in; raises Failure."""
    token = parse_join_token(join) if join else None
    has_server = paths.pki.exists()
    if token is not None and has_server:
        raise Failure(
            f"{paths.state} holds a cluster of its own",
            "choose another state folder with --state, or give that cluster up with `wherry down --delete-state`",
        )
    is_joined = token is not None or (paths.agent_kubeconfig.exists() and not has_server)
    pki = paths.agent / "pki"
    return AgentSettings(
        paths=paths,
        node_name=node_name or (joined_name(paths.agent_kubeconfig) if is_joined else "") or host_name(),
        node_address=node_address or primary_address(),
        kubelet_port=kubelet_port,
        kubeconfig=paths.agent_kubeconfig,
        serving_pair=(pki / "node-server.crt", pki / "node-server.key"),
        logs=Path("/var/log") if paths.state == _STANDARD_STATE else paths.agent / "log",
        token=token,
        is_joined=is_joined,
        cgroup_parent=cgroup_parent,
    )


async def run(options: AgentSettings, stop: asyncio.Event) -> None:
    """Be a node until `stop` is set; raises Failure when it cannot begin."""
    preflight.check_node()
    clock = SystemClock()
    make_private_folder(options.paths.agent)
    identity = _make_identity(options, clock)
    # Who cannot join leaves nothing running behind; who waits for the server beside it uses the time.
    config = await identity.begin(stop) if options.is_joined else None
    if config is None and options.is_joined:
        return
    containerd_paths = ContainerdPaths.under(options.paths.agent)
    _prepare_host(options, containerd_paths)
    runtime = CriRuntime(str(containerd_paths.socket))
    containerd = _make_containerd(options, containerd_paths, runtime, clock)
    async with Tasks("agent") as tasks:
        try:
            begun = tasks.spawn(_begin_runtime(containerd, runtime, containerd_paths))
            config = config or await identity.begin(stop)
            if config is None:
                return
            pid = await begun
            await _run_node(options, (identity, config), runtime, containerd, (pid, containerd_paths, clock, stop))
        except ContainerdError as error:
            raise Failure(str(error), f"its log is {containerd_paths.log}") from error
        finally:
            await runtime.close()


async def _run_node(
    options: AgentSettings,
    who: tuple[Identity, Kubeconfig],
    runtime: CriRuntime,
    containerd: Containerd,
    running: tuple[int, ContainerdPaths, Clock, asyncio.Event],
) -> None:
    identity, config = who
    pid, containerd_paths, clock, stop = running
    endpoint = endpoint_of(config)
    connector = Connector(endpoint, clock=clock)
    client = HttpClient(connector, token=token_of(config, clock), clock=clock, user_agent="kubelet")
    events = Recorder(client, clock, "kubelet", options.node_name)
    chance = random.SystemRandom()
    kubelet = Kubelet(
        World(client, runtime, events, http_get, clock, chance),
        _kubelet_settings(options),
        lambda cidrs: _configure_network(options, containerd_paths, cidrs),
    )
    server = Server(_make_app(options, kubelet, runtime, clock).handle, clock=clock)
    tls = kubelet_context(identity, config)
    live = Live(client, endpoint.tls, tls, connector.reset)
    routes = Routes(client, options.node_name, CommandLine(), clock)
    async with Tasks("node") as tasks:
        try:
            await _listen(server, options, tls)
            kept = [
                tasks.spawn(kubelet.run(), "kubelet"),
                tasks.spawn(containerd.run(pid, kubelet.runtime_restarted), "containerd"),
                tasks.spawn(_rotation(kubelet, runtime, clock).run(), "log rotation"),
                tasks.spawn(identity.keep(live), "identity"),
                tasks.spawn(routes.run(), "routes"),
            ]
            settle()
            await _until_stopped(stop, kept)
        finally:
            await server.stop(1.0)
            await kubelet.close()
            await events.close()
    await client.close()


async def _until_stopped(stop: asyncio.Event, kept: Iterable[asyncio.Task[object]]) -> None:
    """Return when told to stop; a part that ends by itself takes the agent with it, to be started afresh."""
    stopping: asyncio.Task[object]
    async with Tasks("stop") as tasks:
        stopping = tasks.spawn(stop.wait())
        done, _ = await asyncio.wait({stopping, *kept}, return_when=asyncio.FIRST_COMPLETED)
    for task in done - {stopping}:
        task.result()
        raise Failure(f"the node's {task.get_name()} ended unexpectedly", "")


def _prepare_host(options: AgentSettings, containerd_paths: ContainerdPaths) -> None:
    """Folders, memory for secrets, and the kernel's switches that a pod network needs."""
    agent = options.paths.agent
    _forget_last_boot(agent, containerd_paths)
    memory = agent / "memory"
    memory.mkdir(exist_ok=True, mode=0o711)
    if not is_on_tmpfs(memory):
        mount("tmpfs", memory, "tmpfs", options="mode=0711")
    for switch in ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables"):
        with contextlib.suppress(OSError):  # where it is read-only, whoever owns the host has decided
            path = Path("/proc/sys") / switch
            if path.read_text().strip() != "1":
                path.write_text("1")


def _forget_last_boot(agent: Path, containerd_paths: ContainerdPaths) -> None:
    """What described processes and addresses of a former boot describes nothing any more."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    mark = agent / "boot-id"
    if mark.exists() and mark.read_text() == boot:
        return
    shutil.rmtree(containerd_paths.state, ignore_errors=True)
    shutil.rmtree(agent / "ipam", ignore_errors=True)
    mark.write_text(boot)


def _make_containerd(options: AgentSettings, paths: ContainerdPaths, runtime: CriRuntime, clock: Clock) -> Containerd:
    async def is_serving() -> bool:
        try:
            await runtime.version()
        except RuntimeFailure:
            return False
        return True

    config = format_config(paths, read_traits(), PAUSE_IMAGE, _handlers())
    return Containerd(paths, config, options.containerd, is_serving, clock)


def _handlers() -> tuple[RuntimeHandler, ...]:
    """runc, and crun beside it where there is one."""
    handlers = [RuntimeHandler("runc")]
    if (crun := shutil.which("crun")) is not None:
        handlers.append(RuntimeHandler("crun", crun))
    return tuple(handlers)


async def _begin_runtime(containerd: Containerd, runtime: CriRuntime, paths: ContainerdPaths) -> int:
    pid = await containerd.start()
    if await runtime.image(PAUSE_IMAGE) is None:
        await import_archive(paths.socket, pause_image(architecture()))
    return pid


def _make_identity(options: AgentSettings, clock: Clock) -> Identity:
    pair = Pair(*options.serving_pair)
    if not options.is_joined:
        return BesideServer(options.kubeconfig, pair, clock)
    wanted = JoinedSettings(
        options.kubeconfig, pair.key.parent, options.node_name, (options.node_address,), options.token
    )
    return Joined(wanted, clock)


def _kubelet_settings(options: AgentSettings) -> KubeletSettings:
    agent = options.paths.agent
    return KubeletSettings(
        node=NodeSettings(
            name=options.node_name,
            addresses=(options.node_address,),
            hostname=host_name(),
            port=options.kubelet_port,
            max_pods=options.max_pods,
        ),
        layout=Layout(agent / "pods", agent / "memory", options.logs / "pods", options.logs / "containers"),
        cgroups=Cgroups.detect(Path("/sys/fs/cgroup"), options.cgroup_parent),
        cluster_dns=ClusterDns(options.cluster_dns, options.cluster_domain),
    )


def _configure_network(options: AgentSettings, paths: ContainerdPaths, cidrs: tuple[str, ...]) -> None:
    # Not the plug-in's masquerade, which hides pods from the pods of other nodes: `wherry.network.routes` has its own.
    network = PodNetwork(cidrs, options.bridge, options.paths.agent / "ipam", masquerade=False)
    if write_conflist(paths.cni_config, network):
        log.info("pods get addresses from %s", ", ".join(cidrs))


def _make_app(options: AgentSettings, kubelet: Kubelet, runtime: CriRuntime, clock: Clock) -> KubeletApp:
    machine = read_machine()

    async def summary() -> dict[str, object]:
        pressure = read_pressure(options.paths.agent)
        usage = await runtime.usage()
        return stats.summary(options.node_name, machine, pressure, kubelet.pods.pods(), usage, clock.time())

    async def resources() -> str:
        return stats.resource_metrics(kubelet.pods.pods(), await runtime.usage())

    numbers = Numbers(summary, resources, lambda: metrics.format_metrics(kubelet.pods))
    return KubeletApp(kubelet.pods, runtime, kubelet.services.layout, numbers, clock)


def _rotation(kubelet: Kubelet, runtime: CriRuntime, clock: Clock) -> Rotation:
    return Rotation(runtime, kubelet.pods.running_logs, clock)


async def _listen(server: Server, options: AgentSettings, tls: ssl.SSLContext) -> None:
    try:
        await server.start("0.0.0.0", options.kubelet_port, tls=tls)
    except OSError as error:
        raise Failure(
            f"cannot listen on port {options.kubelet_port}: {error.strerror or error}",
            f"see who has it with `ss -ltnp sport = :{options.kubelet_port}`, or choose another with --kubelet-port",
        ) from None
