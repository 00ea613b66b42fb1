"""`wherry server`: one control plane behind TLS.

The order of the start is what people wait for: identity, store, API, then the socket; loops begin when clients can
already be answered. Certificates are renewed while all of it runs.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import random
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from wherry.api.features import features
from wherry.apiserver.allocation import AllocationSettings
from wherry.apiserver.streams import streams
from wherry.apiserver.subresources import Streams
from wherry.client import Client
from wherry.controllers import catalog
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Metrics
from wherry.controllers.core.kubernetes.controller import Address
from wherry.controlplane.plane import ControlPlane
from wherry.controlplane.settings import Settings
from wherry.identity.files import make_private_folder
from wherry.identity.keys import TokenKeys
from wherry.identity.kubeconfig import Kubeconfig, write_kubeconfig
from wherry.identity.pair import PkiError
from wherry.identity.pki import ADMIN, KUBELET_CLIENT, SERVING, Pki, open_pki
from wherry.identity.profiles import ServerNames, node_client, node_server
from wherry.identity.renewal import keep_renewed
from wherry.lib.clock import Clock
from wherry.lib.failure import Failure
from wherry.lib.systemclock import SystemClock
from wherry.lib.tasks import Tasks
from wherry.roles.paths import Paths
from wherry.roles.running import settle
from wherry.roles.settings import ServerSettings, host_name, primary_address
from wherry.scheduler.configuration import Configuration, UnusableProfile
from wherry.store import StoreRefused
from wherry.store.sqlite import SqliteStore
from wherry.transport.server import Server
from wherry.transport.tls import client_context

log = logging.getLogger(__name__)

NODE_CLIENT, NODE_SERVER = "node-client", "node-server"
_GRACE_SECONDS = 5.0


async def run(settings: ServerSettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; raises Failure when it cannot begin."""
    clock, paths = SystemClock(), settings.paths
    try:
        make_private_folder(paths.state)
        make_private_folder(paths.server)
        pki = _open_identity(settings, clock.time())
    except PkiError as error:
        raise Failure(str(error), error.hint) from error
    except OSError as error:
        what = f"{error.filename or paths.state} cannot be used: {_reason(error)}"
        raise Failure(what, "choose another state folder with --state, or run as its owner") from error
    tls = pki.server_context()
    to_kubelets = _kubelet_tls(pki)
    chance = random.SystemRandom()
    token_keys = TokenKeys(lambda: [pki.token_key_file.read_bytes()])
    plane = ControlPlane(
        SqliteStore(paths.database, clock),
        clock,
        chance,
        Settings(
            features=features(settings.feature_gates),
            allocation=AllocationSettings(tuple(settings.service_cidr.split(","))),
            streams=_streams(settings, streams(to_kubelets, chance), clock),
            controllers=_controllers(settings, pki, token_keys, clock),
            scheduler=_scheduler(settings.scheduler_config),
            token_keys=token_keys,
            issuer=f"https://kubernetes.default.svc.{settings.cluster_domain}",
        ),
    )
    try:
        await plane.open()
    except StoreRefused as error:
        raise Failure(str(error)) from error
    server = Server(plane.handle, clock=clock)
    close_nodes = _nothing
    async with Tasks("server") as tasks:
        try:
            await _listen(server, settings, tls)
            try:
                write_kubeconfigs(pki, paths, settings.port)
            except OSError as error:
                raise Failure(f"kubeconfigs cannot be written: {_reason(error)}", f"look at {paths.state}") from error
            try:
                await plane.start()
            except UnusableProfile as error:
                raise _unusable(settings.scheduler_config, error) from error
            if settings.simulate:
                close_nodes = await _simulate(settings, plane, clock, chance)
            tasks.spawn(keep_renewed(pki, clock, lambda names: _renewed(names, pki, (tls, to_kubelets), settings)))
            settle()
            log.info("serving on %s:%d", settings.bind_address, settings.port)
            await stop.wait()
        finally:
            await server.stop(_GRACE_SECONDS)
            await close_nodes()
            await plane.close()


def _scheduler(path: Path | None) -> Configuration:
    """What the file says; plugins of other packages are looked for only where one can name them."""
    if path is None:
        return Configuration()
    from wherry.scheduler.config.installed import installed_plugins
    from wherry.scheduler.config.reading import ConfigurationError, read_configuration

    try:
        return read_configuration(path.read_bytes(), installed_plugins())
    except OSError as error:
        raise Failure(f"{path} cannot be read: {_reason(error)}") from error
    except ConfigurationError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path | None, why: Exception) -> Failure:
    return Failure(f"{path} is no usable KubeSchedulerConfiguration: {why}")


async def _nothing() -> None:
    """What is to be done about simulated nodes where there are none."""


async def _simulate(
    settings: ServerSettings, plane: ControlPlane, clock: Clock, chance: random.Random
) -> Callable[[], Coroutine[None, None, None]]:
    """Start simulated nodes; returns what stops them."""
    from wherry.roles.simulation import simulate

    return (await simulate(plane, settings, clock, chance)).close


def _metrics(clock: Clock) -> Callable[[Client], Metrics]:
    from wherry.roles import simulation

    return simulation.metrics(clock)


def _streams(settings: ServerSettings, real: Streams, clock: Clock) -> Streams:
    if not settings.simulate:
        return real
    from wherry.roles import simulation

    return simulation.streams(real, clock)


def write_kubeconfigs(pki: Pki, paths: Paths, port: int) -> None:
    """The administrator's, and that of the node on this machine."""
    url = f"https://127.0.0.1:{port}"
    for name, file in ((ADMIN, paths.admin_kubeconfig), (NODE_CLIENT, paths.agent_kubeconfig)):
        certificate, key = pki.pair(name).read()
        write_kubeconfig(file, Kubeconfig(url, pki.authority_file.read_bytes(), certificate, key))


def _controllers(settings: ServerSettings, pki: Pki, token_keys: TokenKeys, clock: Clock) -> catalog.Settings:
    service = ipaddress.ip_network(settings.service_cidr.split(",")[0])[1]
    address = settings.advertise_address or primary_address()
    return catalog.Settings(
        root_ca=lambda: pki.authority_pem,
        cluster_cidr=settings.cluster_cidr,
        service_cidrs=tuple(settings.service_cidr.split(",")),
        address=Address(str(service), address, settings.port),
        authority=lambda: pki.authority_pair,
        token_keys=token_keys,
        host=host_name(),
        metrics=_metrics(clock) if settings.simulate else None,
    )


def _open_identity(settings: ServerSettings, now: float) -> Pki:
    host, address = host_name(), settings.advertise_address or primary_address()
    names, addresses = _split_names(settings.tls_names)
    service_network = ipaddress.ip_network(settings.service_cidr.split(",")[0])
    pki = open_pki(
        settings.paths.pki,
        ServerNames((host, *names), (address, *addresses), str(service_network[1]), settings.cluster_domain),
        now,
    )
    node = settings.node_name or host
    folder = settings.paths.agent / "pki"
    make_private_folder(settings.paths.agent)
    pki.ensure(NODE_CLIENT, node_client(node), now, folder)
    pki.ensure(NODE_SERVER, node_server(node, (address,)), now, folder)
    return pki


def _split_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(host names, addresses)"""
    addresses = []
    for name in names:
        try:
            addresses.append(str(ipaddress.ip_address(name)))
        except ValueError:
            continue
    return tuple(name for name in names if name not in addresses), tuple(addresses)


async def _listen(server: Server, settings: ServerSettings, tls: ssl.SSLContext) -> None:
    try:
        await server.start(settings.bind_address, settings.port, tls=tls)
    except OSError as error:
        raise Failure(
            f"cannot listen on {settings.bind_address}:{settings.port}: {_reason(error)}",
            f"see who has it with `ss -ltnp sport = :{settings.port}`, or choose another with --port",
        ) from None


def _reason(error: OSError) -> str:
    """The system's own words; asyncio wraps them in a sentence that repeats the address."""
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _kubelet_tls(pki: Pki) -> ssl.SSLContext:
    """How we call kubelets: as the API server, and only those whom our own authority vouches for."""
    pair = pki.pair(KUBELET_CLIENT)
    return client_context(ca=pki.authority_file, certificate=pair.certificate, key=pair.key)


def _renewed(
    names: Sequence[str], pki: Pki, contexts: tuple[ssl.SSLContext, ssl.SSLContext], settings: ServerSettings
) -> None:
    for name, context in zip((SERVING, KUBELET_CLIENT), contexts, strict=True):
        if name in names:
            pki.reload(context, name)
    write_kubeconfigs(pki, settings.paths, settings.port)
