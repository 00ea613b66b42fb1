"""The HTTP layer alone: what requests, large answers and events cost with a handler that does nothing."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from bench.load import Target, request, send_all
from bench.measure import Measure
from bench.processes import cpu_seconds, resident_megabytes
from wherry.transport.messages import Reply, Request, Response, Sink, Stream
from wherry.transport.server import Server
from wherry.transport.tests.rawclient import Authority, Certificates

REQUESTS, CONNECTIONS = 40_000, 64
STREAMS, EVENTS = 500, 100
BODY = b"x" * 2048
LIST = [BODY, b","] * 5000


class _Handler:
    """Answers at once, later, at length, or with a stream."""

    def __init__(self) -> None:
        self._sinks: list[Sink] = []

    def __call__(self, request: Request) -> Reply | Awaitable[Reply]:
        match request.path:
            case "/later":
                return self._later()
            case "/list":
                return Response(200, LIST)
            case "/stream":
                return Stream(self._sinks.append)
            case "/event":
                event = BODY + b"\n"
                for sink in self._sinks:
                    sink.write(event)
        return Response(200, BODY)

    async def _later(self) -> Response:
        await asyncio.sleep(0)
        return Response(200, BODY)


async def _serve(pipe: Connection, certificates: Certificates) -> None:
    server = Server(_Handler())
    await server.start(tls=certificates.server_context())
    pipe.send(server.port)
    await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    await server.stop(0)


def _child(pipe: Connection, certificates: Certificates) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(pipe, certificates))


async def run() -> list[Measure]:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        certificates = Certificates(Path(folder), authority.path, authority.issue("server"), authority.issue("client"))
        child = context.Process(target=_child, args=(there, certificates))
        child.start()
        assert child.pid is not None
        target = Target(here.recv(), authority.path, *certificates.client)
        measures = [
            _requests(child.pid, target, "answered at once", "/", 14),
            _requests(child.pid, target, "answered by a task", "/later", None),
            _lists(child.pid, target),
            *await _events(child.pid, target, certificates),
        ]
        here.send("stop")
        child.join()
    return measures


def _requests(pid: int, target: Target, name: str, path: str, micros: float | None) -> Measure:
    """`wrk` asks if it is installed: our own generator is slower than the server, which then never works in batches."""
    _ask(target, path, 2000)
    before = cpu_seconds(pid)
    count = _ask(target, path, REQUESTS)
    cost = (cpu_seconds(pid) - before) * 1e6 / count
    return Measure(f"transport: GET of 2 KB over TLS, {name}: CPU", cost, "µs", micros)


def _ask(target: Target, path: str, count: int) -> int:
    """Send about `count` requests; returns how many there were."""
    wrk = shutil.which("wrk")
    if wrk is None:
        send_all(target, [request("GET", path)] * count, CONNECTIONS)
        return count
    seconds = max(1, count // 20_000)
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", f"https://127.0.0.1:{target.port}{path}"]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(report.split(" requests in ")[0].split()[-1])


def _lists(pid: int, target: Target) -> Measure:
    before = cpu_seconds(pid)
    outcome = send_all(target, [request("GET", "/list")] * 60, 2)
    rate = outcome.received / (cpu_seconds(pid) - before) / 1e6
    return Measure("transport: 10 MB in 10,000 pieces over TLS, per second of CPU", rate, "MB", 250, is_floor=True)


async def _events(pid: int, target: Target, certificates: Certificates) -> list[Measure]:
    """Events of 2 KB, one at a time, so that none share a write."""
    memory = resident_megabytes(pid)
    context = certificates.client_context()
    streams = [await asyncio.open_connection("127.0.0.1", target.port, ssl=context) for _ in range(STREAMS)]
    for reader, writer in streams:
        writer.write(request("GET", "/stream"))
        await reader.readuntil(b"\r\n\r\n")
    memory = (resident_megabytes(pid) - memory) * 1024 / STREAMS
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, ssl=context)
    before = cpu_seconds(pid)
    size = len(b"801\r\n") + len(BODY) + 1 + 2
    for _ in range(EVENTS):
        writer.write(request("GET", "/event"))
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(BODY))
        for each, _ in streams:
            await each.readexactly(size)
    cost = (cpu_seconds(pid) - before) * 1e6 / (EVENTS * STREAMS)
    for _, stream in [*streams, (reader, writer)]:
        stream.close()
    return [
        Measure("transport: event of 2 KB to a watcher over TLS, alone: CPU", cost, "µs"),
        Measure("transport: memory of a silent stream over TLS", memory, "KB", 64),
    ]
