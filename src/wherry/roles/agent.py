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
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wherry.client.credentials import endpoint_of, token_of
from wherry.client.http import HttpClient
from wherry.identity.kubeconfig import Kubeconfig, read_kubeconfig
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
from wherry.reconcile.events import Recorder
from wherry.roles.paths import Paths
from wherry.roles.running import settle
from wherry.roles.settings import CLUSTER_DOMAIN, KUBELET_PORT, host_name, primary_address
from wherry.transport.connect import Connector
from wherry.transport.server import Server
from wherry.transport.tls import load_certificate, server_context

log = logging.getLogger(__name__)

_IDENTITY_SECONDS = 600.0
"""How often the agent looks whether its certificates have been renewed."""
_STANDARD_STATE = Path("/var/lib/wherry")


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """`wherry agent`.

    Attributes:
        kubeconfig: how the node reaches the API, and as whom.
        serving_pair: certificate and key of the kubelet's own API.
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
    cgroup_parent: str = "/kubepods"
    bridge: str = "wherry0"
    cluster_dns: tuple[str, ...] = ()
    cluster_domain: str = CLUSTER_DOMAIN
    containerd: tuple[str, ...] = ("containerd",)
    max_pods: int = 110


def settings(
    paths: Paths, *, node_name: str = "", node_address: str = "", kubelet_port: int = KUBELET_PORT, join: str = ""
) -> AgentSettings:
    """The settings of a node, defaults filled in; raises Failure."""
    if join:
        raise Failure(
            "joining another machine's cluster is not built yet", "run `wherry up` for a cluster on this machine"
        )
    pki = paths.agent / "pki"
    return AgentSettings(
        paths=paths,
        node_name=node_name or host_name(),
        node_address=node_address or primary_address(),
        kubelet_port=kubelet_port,
        kubeconfig=paths.agent_kubeconfig,
        serving_pair=(pki / "node-server.crt", pki / "node-server.key"),
        logs=Path("/var/log") if paths.state == _STANDARD_STATE else paths.agent / "log",
    )


async def run(options: AgentSettings, stop: asyncio.Event) -> None:
    """Be a node until `stop` is set; raises Failure when it cannot begin."""
    clock = SystemClock()
    containerd_paths = ContainerdPaths.under(options.paths.agent)
    _prepare_host(options, containerd_paths)
    runtime = CriRuntime(str(containerd_paths.socket))
    containerd = _make_containerd(options, containerd_paths, runtime, clock)
    async with Tasks("agent") as tasks:
        try:
            begun = tasks.spawn(_begin_runtime(containerd, runtime, containerd_paths))
            config = await _wait_identity(options, clock, stop)
            if config is None:
                return
            pid = await begun
            await _run_node(options, config, runtime, containerd, (pid, containerd_paths, clock, stop))
        except ContainerdError as error:
            raise Failure(str(error), f"its log is {containerd_paths.log}") from error
        finally:
            await runtime.close()


async def _run_node(
    options: AgentSettings,
    config: Kubeconfig,
    runtime: CriRuntime,
    containerd: Containerd,
    running: tuple[int, ContainerdPaths, Clock, asyncio.Event],
) -> None:
    pid, containerd_paths, clock, stop = running
    endpoint = endpoint_of(config)
    connector = Connector(endpoint, clock=clock)
    client = HttpClient(connector, token=token_of(config, clock), clock=clock, user_agent="wherry-kubelet")
    events = Recorder(client, clock, "kubelet", options.node_name)
    chance = random.SystemRandom()
    kubelet = Kubelet(
        World(client, runtime, events, http_get, clock, chance),
        _kubelet_settings(options),
        lambda cidrs: _configure_network(options, containerd_paths, cidrs),
    )
    server = Server(_make_app(options, kubelet, runtime, clock).handle, clock=clock)
    tls = _server_tls(options, config)
    async with Tasks("node") as tasks:
        try:
            await _listen(server, options, tls)
            kept = [
                tasks.spawn(kubelet.run(), "kubelet"),
                tasks.spawn(containerd.run(pid, kubelet.runtime_restarted), "containerd"),
                tasks.spawn(_rotation(kubelet, runtime, clock).run(), "log rotation"),
                tasks.spawn(_keep_identity(options, endpoint.tls, tls, clock), "identity"),
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
    agent.mkdir(parents=True, exist_ok=True, mode=0o700)
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


async def _wait_identity(options: AgentSettings, clock: Clock, stop: asyncio.Event) -> Kubeconfig | None:
    """The node's kubeconfig, which the server beside us writes at its first start; None when told to stop."""
    told = False
    while not stop.is_set():
        if options.kubeconfig.exists() and options.serving_pair[0].exists() and options.serving_pair[1].exists():
            return read_kubeconfig(options.kubeconfig)
        if not told:
            log.info("waiting for %s", options.kubeconfig)
            told = True
        await clock.sleep(0.1)
    return None


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
    network = PodNetwork(cidrs, options.bridge, options.paths.agent / "ipam")
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


def _server_tls(options: AgentSettings, config: Kubeconfig) -> ssl.SSLContext:
    """The kubelet's own TLS: it trusts the cluster's authority to say who calls."""
    context = server_context(*options.serving_pair)
    context.load_verify_locations(cadata=config.authority.decode("ascii"))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


async def _keep_identity(
    options: AgentSettings, client_tls: ssl.SSLContext | None, tls: ssl.SSLContext, clock: Clock
) -> None:
    """Use renewed certificates for every handshake from then on."""
    seen = _stamps(options)
    while True:
        await clock.sleep(_IDENTITY_SECONDS)
        if (now := _stamps(options)) == seen:
            continue
        try:
            load_certificate(tls, *options.serving_pair)
            _renew_client(client_tls, read_kubeconfig(options.kubeconfig))
            seen = now
            log.info("took over renewed certificates")
        except (OSError, ssl.SSLError) as error:
            log.warning("renewed certificates cannot be used: %s", error)


def _renew_client(context: ssl.SSLContext | None, config: Kubeconfig) -> None:
    if context is None or not config.certificate:
        return
    # The ssl module loads certificates from files alone.
    with tempfile.TemporaryDirectory(prefix="wherry-") as folder:
        certificate, key = Path(folder, "client.crt"), Path(folder, "client.key")
        certificate.write_bytes(config.certificate)
        key.touch(mode=0o600)
        key.write_bytes(config.key)
        load_certificate(context, certificate, key)


def _stamps(options: AgentSettings) -> tuple[float, ...]:
    files = (options.kubeconfig, *options.serving_pair)
    return tuple(file.stat().st_mtime if file.exists() else 0.0 for file in files)
