"""Two years in a moment: certificates are renewed under a live server, and nobody on the line notices.

The server, its TLS and its control plane are real and in this process; the clock is not. What a client sees is the
proof: new connections are shown the new certificate, a watch that began before goes on, and kubeconfigs change in time.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from wherry.controlplane.plane import ControlPlane
from wherry.identity.der import CertificateInfo, read_certificate
from wherry.identity.pki import ADMIN, KUBELET_CLIENT, SERVING, Pki, open_pki
from wherry.identity.profiles import ServerNames, node_client
from wherry.identity.renewal import keep_renewed
from wherry.lib.tasks import Tasks
from wherry.roles.paths import Paths
from wherry.roles.server import NODE_CLIENT, write_kubeconfigs
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.transport.server import Server

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Running:
    paths: Paths
    pki: Pki
    port: int
    clock: ManualClock
    renewed: list[str]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """As the administrator, with the certificate that lies there now."""
        context = ssl.create_default_context(cafile=str(self.pki.authority_file))
        context.check_hostname = False
        # The scenario's years are not the machine's.
        context.verify_flags |= ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME
        admin = self.pki.pair(ADMIN)
        context.load_cert_chain(admin.certificate, admin.key)
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context)

    async def shown(self) -> CertificateInfo:
        """What a new connection is shown."""
        _, writer = await self.connect()
        certificate = writer.get_extra_info("ssl_object").getpeercert(True)
        writer.close()
        return read_certificate(certificate)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    paths, clock = Paths(tmp_path / "state"), ManualClock()
    pki = open_pki(paths.pki, ServerNames(("host",), ("127.0.0.1",), "10.43.0.1", "cluster.local"), clock.time())
    pki.ensure(NODE_CLIENT, node_client("one"), clock.time(), paths.agent / "pki")
    tls = pki.server_context()
    tls.verify_flags |= ssl.VerifyFlags(0x200000)
    plane = ControlPlane(MemoryStore(), clock, random.Random(0))
    renewed: list[str] = []

    def on_renewed(names: Sequence[str]) -> None:
        renewed.extend(names)
        if SERVING in names:
            pki.reload(tls)
        write_kubeconfigs(pki, paths, 6443)

    await plane.open()
    server = Server(plane.handle)
    await server.start(tls=tls)
    write_kubeconfigs(pki, paths, 6443)
    async with Tasks("renewal") as tasks:
        tasks.spawn(keep_renewed(pki, clock, on_renewed))
        yield Running(paths, pki, server.port, clock, renewed)
    await server.stop(1.0)
    await plane.close()


async def test_two_years_pass_on_one_watch(running: Running) -> None:
    reader, writer = await running.connect()
    path = "/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=100000000"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    for year in range(1, 4):
        before = await running.shown()
        kubeconfigs = _kubeconfigs(running.paths)
        for _ in range(25):
            await running.clock.advance(10 * _DAY)
        after = await running.shown()
        assert after.not_before > before.not_before
        assert after.not_after > running.clock.time() + 30 * _DAY, "renewed long before the end"
        assert after.dns_names == before.dns_names
        assert all(old != new for old, new in zip(kubeconfigs, _kubeconfigs(running.paths), strict=True))
        assert await _create(running, f"year-{year}") == 201
        assert f"year-{year}" in await asyncio.wait_for(_next_name(reader), 5)
    assert {SERVING, ADMIN, KUBELET_CLIENT, NODE_CLIENT} <= set(running.renewed)
    writer.close()


async def test_a_renewal_that_fails_is_tried_again(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that cannot be written for a while (here: gone) costs a log line, not the cluster."""
    hidden = running.paths.pki.with_name("hidden")
    running.paths.pki.rename(hidden)
    await running.clock.advance(245 * _DAY)
    assert running.renewed == []
    assert "certificates could not be renewed" in caplog.text
    hidden.rename(running.paths.pki)
    await running.clock.advance(3600)
    assert {SERVING, ADMIN, KUBELET_CLIENT, NODE_CLIENT} == set(running.renewed)
    assert await _create(running, "after") == 201


async def _create(running: Running, name: str) -> int:
    reader, writer = await running.connect()
    body = json.dumps({"metadata": {"name": name}}).encode()
    head = "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


async def _next_name(reader: asyncio.StreamReader) -> str:
    """The next line of a chunked watch that is an event."""
    while True:
        line = await reader.readline()
        assert line, "the watch has ended"
        if line.startswith(b"{"):
            return str(json.loads(line)["object"]["metadata"]["name"])


def _kubeconfigs(paths: Paths) -> list[bytes]:
    return [paths.admin_kubeconfig.read_bytes(), paths.agent_kubeconfig.read_bytes()]
