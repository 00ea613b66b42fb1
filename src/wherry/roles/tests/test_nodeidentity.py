"""The node beside its server: waits for its files, and follows their renewal."""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

from wherry.client.credentials import endpoint_of
from wherry.client.http import HttpClient
from wherry.identity.kubeconfig import Kubeconfig, write_kubeconfig
from wherry.identity.pair import Pair
from wherry.identity.pki import Pki, open_pki
from wherry.identity.profiles import ServerNames, node_client, node_server
from wherry.lib.systemclock import SystemClock
from wherry.roles.nodeidentity import BesideServer, Live, kubelet_context
from wherry.testing.clock import ManualClock

NOW = SystemClock().time()


def write_files(folder: Path, pki: Pki) -> Kubeconfig:
    """What the server writes for its node."""
    pki.ensure("node-server", node_server("n1", ("192.0.2.1",)), NOW, folder)
    certificate, key = pki.ensure("node-client", node_client("n1"), NOW, folder).read()
    config = Kubeconfig("https://127.0.0.1:1", pki.authority_file.read_bytes(), certificate, key)
    write_kubeconfig(folder / "agent.kubeconfig", config)
    return config


def beside(folder: Path, clock: ManualClock) -> BesideServer:
    serving = Pair(folder / "node-server.crt", folder / "node-server.key")
    return BesideServer(folder / "agent.kubeconfig", serving, clock)


def shown(context: ssl.SSLContext, authority: Path) -> tuple[str, ...]:
    """The serial number of the certificate that a server with this context shows; nothing when it has none."""
    client = ssl.create_default_context(cafile=str(authority))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side = context.wrap_bio(to_server, to_client, server_side=True)
    client_side = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    for _ in range(4):
        for side in (client_side, server_side):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return ()
    certificate = client_side.getpeercert()
    assert certificate is not None
    return (str(certificate["serialNumber"]),)


async def test_waits_for_the_server_and_stops_when_told(tmp_path: Path) -> None:
    clock, stop = ManualClock(), asyncio.Event()
    loop = asyncio.get_running_loop()
    waiting = loop.create_task(beside(tmp_path, clock).begin(stop))
    await clock.advance(5)
    assert not waiting.done()
    config = write_files(tmp_path, open_pki(tmp_path / "server", ServerNames(), NOW))
    await clock.advance(0.2)
    assert await waiting == config
    stop.set()
    assert await beside(tmp_path / "nowhere", clock).begin(stop) is None


async def test_renewed_files_serve_the_next_handshakes(tmp_path: Path) -> None:
    clock = ManualClock()
    pki = open_pki(tmp_path / "server", ServerNames(), NOW)
    config = write_files(tmp_path, pki)
    node = beside(tmp_path, clock)
    context = kubelet_context(node, config)
    before = shown(context, pki.authority_file)
    resets: list[str] = []
    async with HttpClient.from_kubeconfig(config, clock=clock) as client, asyncio.TaskGroup() as group:
        live = Live(client, endpoint_of(config).tls, context, lambda: resets.append("reset"))
        task = group.create_task(node.keep(live))
        await clock.advance(601)
        assert (shown(context, pki.authority_file), resets) == (before, [])
        node.serving.certificate.unlink()
        pki.ensure("node-server", node_server("n1", ("192.0.2.1",)), NOW, tmp_path)
        later = node.serving.certificate.stat().st_mtime + 5
        os.utime(node.serving.certificate, (later, later))
        await clock.advance(601)
        assert len(before) == 1
        assert shown(context, pki.authority_file) not in (before, ())
        assert resets == ["reset"]
        task.cancel()


async def test_until_there_is_a_certificate_handshakes_fail(tmp_path: Path) -> None:
    pki = open_pki(tmp_path / "server", ServerNames(), NOW)
    config = Kubeconfig("https://127.0.0.1:1", pki.authority_file.read_bytes())
    node = beside(tmp_path, ManualClock())
    context = kubelet_context(node, config)
    assert shown(context, pki.authority_file) == ()
    write_files(tmp_path, pki)
    context.load_cert_chain(node.serving.certificate, node.serving.key)
    assert len(shown(context, pki.authority_file)) == 1
