"""Fan-out: what it costs to tell a thousand watchers, and how soon they know."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import cast

import uvloop

from bench.api import configmap
from bench.load import Target, request, send_all
from bench.measure import Measure
from bench.processes import cpu_seconds, server

WATCHERS = 1000
BURST_WRITES, BURST_WRITERS = 480, 16
PACED_WRITES, PACED_PER_SECOND = 60, 20
PATH = "/api/v1/namespaces/default/configmaps"
_MARK = b'"sent":"'


@dataclass(frozen=True, slots=True)
class Received:
    """Events that arrived over all watchers, and sorted seconds from write to receipt."""

    events: int
    delays: Sequence[float]


class _Watcher(asyncio.Protocol):
    """Counts events; every tenth watcher also notes how old each was."""

    def __init__(self, gathered: _Gathered, since: str, notes_delays: bool) -> None:
        self._since = since
        self._gathered = gathered
        self._notes_delays = notes_delays
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(request("GET", f"{PATH}?watch=true&resourceVersion={self._since}"))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        whole = self._rest + data
        self._gathered.events += whole.count(_MARK)
        if self._notes_delays:
            at = whole.find(_MARK)
            while at >= 0:
                sent = whole[at + len(_MARK) : at + len(_MARK) + 18]
                self._gathered.delays.append(now - float(sent))
                at = whole.find(_MARK, at + 1)
        # A mark that is cut in two by the end of this piece is completed by the next.
        last = whole.rfind(_MARK)
        keep = max(len(whole) - 64, last + len(_MARK) + 18 if last >= 0 else 0)
        self._rest = whole[keep:]


class _Gathered:
    def __init__(self) -> None:
        self.events = 0
        self.delays: list[float] = []


async def _watch(pipe: Connection, target: Target, since: str, expected: int) -> None:
    loop, context, gathered = asyncio.get_running_loop(), target.context(), _Gathered()
    for number in range(WATCHERS):
        await loop.create_connection(
            partial(_Watcher, gathered, since, number % 10 == 0), "127.0.0.1", target.port, ssl=context
        )
    await asyncio.sleep(1)
    pipe.send("watching")
    until = time.monotonic() + 60
    while gathered.events < expected and time.monotonic() < until:
        await asyncio.sleep(0.05)
    pipe.send(Received(gathered.events, sorted(gathered.delays)))


def _child(pipe: Connection, target: Target, since: str, expected: int) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_watch(pipe, target, since, expected))


async def run() -> list[Measure]:
    measures: list[Measure] = []
    with server() as one:
        for name, writes, target_p99 in (
            ("burst of 16 writers", BURST_WRITES, 0.63),
            ("20 writes/s", PACED_WRITES, 0.036),
        ):
            since = one.probe.get(f"{PATH}?limit=1")["metadata"]["resourceVersion"]
            here, there = multiprocessing.get_context("fork").Pipe()
            child = multiprocessing.get_context("fork").Process(
                target=_child, args=(there, one.target, since, writes * WATCHERS)
            )
            child.start()
            assert here.recv() == "watching"
            before = cpu_seconds(one.pid)
            if writes == BURST_WRITES:
                _burst(one.target)
            else:
                _paced(one.target)
            received: Received = here.recv()
            # Before the watchers go: closing a thousand connections is no part of an event.
            micros = (cpu_seconds(one.pid) - before) * 1e6 / max(1, received.events)
            child.join()
            p99 = received.delays[int(len(received.delays) * 0.99)]
            measures += [
                Measure(
                    f"fan-out to 1,000 watchers, {name}: CPU per event", micros, "µs", 6 if "burst" in name else None
                ),
                Measure(f"fan-out to 1,000 watchers, {name}: write to receipt p99", p99 * 1e3, "ms", target_p99 * 1e3),
            ]
            if received.events != writes * WATCHERS:
                raise RuntimeError(f"{received.events} of {writes * WATCHERS} events arrived")
    return measures


def _write(name: str) -> bytes:
    body = configmap(name)
    body["data"]["sent"] = f"{time.monotonic():018.6f}"
    return request("POST", PATH, json.dumps(body, separators=(",", ":")).encode())


def _burst(target: Target) -> None:
    # Stamped when the round is put together, which is a few milliseconds before the last of it is sent.
    for turn in range(BURST_WRITES // BURST_WRITERS):
        send_all(target, [_write(f"burst-{turn}-{i}") for i in range(BURST_WRITERS)], BURST_WRITERS)


def _paced(target: Target) -> None:
    import http.client

    connection = http.client.HTTPSConnection("127.0.0.1", target.port, context=target.context())
    for number in range(PACED_WRITES):
        began = time.monotonic()
        raw = _write(f"paced-{number}")
        connection.request("POST", PATH, raw.partition(b"\r\n\r\n")[2], {"Content-Type": "application/json"})
        connection.getresponse().read()
        time.sleep(max(0.0, began + 1 / PACED_PER_SECOND - time.monotonic()))
    connection.close()
