"""A load generator: many keep-alive connections, each sending its next request when the last is answered.

Run in a process of its own, so that what it costs is not counted as the server's. It frames answers by Content-Length
or chunks with the least work that is right for the server it talks to, not as a general client.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import uvloop

_OPEN = "open"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send, as whom."""

    port: int
    authority: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.certificate, self.key)
        context.check_hostname = False
        return context


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of requests gave: seconds of wall time, sorted latencies, and how many were not 2xx."""

    seconds: float
    latencies: Sequence[float]
    failures: int
    received: int

    def percentile(self, share: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


def request(method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
    """One request, ready to be sent."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


class _Connection(asyncio.Protocol):
    """Sends from the shared list until it is empty."""

    def __init__(self, requests: list[bytes], outcome: _Gathering) -> None:
        self._requests = requests
        self._outcome = outcome
        self._buffer = bytearray()
        self._needed = 0
        self._sent_at = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def go(self) -> None:
        if not self._requests:
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(self._requests.pop())

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        if not self._needed:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._needed = self._frame(bytes(buffer[:end]), end + 4)
        if self._needed < 0:
            if not buffer.endswith(b"0\r\n\r\n"):
                return
        elif len(buffer) < self._needed:
            return
        self._outcome.note(time.perf_counter() - self._sent_at, buffer[9:10] == b"2", len(buffer))
        buffer.clear()
        self._needed = 0
        self.go()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed the connection"))

    @staticmethod
    def _frame(head: bytes, body_at: int) -> int:
        lower = head.lower()
        at = lower.find(b"content-length: ")
        if at < 0:
            return -1
        return body_at + int(lower[at + 16 :].split(b"\r\n", 1)[0])


class _Gathering:
    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.failures = 0
        self.received = 0

    def note(self, seconds: float, is_good: bool, size: int) -> None:
        self.latencies.append(seconds)
        self.failures += not is_good
        self.received += size


async def _send_all(pipe: Connection, target: Target, requests: list[bytes], connections: int) -> Outcome:
    loop = asyncio.get_running_loop()
    context = target.context()
    gathering = _Gathering()
    opened = [
        (await loop.create_connection(lambda: _Connection(requests, gathering), "127.0.0.1", target.port, ssl=context))
        for _ in range(connections)
    ]
    pipe.send(_OPEN)
    pipe.recv()
    began = time.perf_counter()
    for _, protocol in opened:
        protocol.go()
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.close()
    return Outcome(seconds, sorted(gathering.latencies), gathering.failures, gathering.received)


def _child(pipe: Connection, target: Target, requests: Sequence[bytes], connections: int) -> None:
    work = list(reversed(requests))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        pipe.send(runner.run(_send_all(pipe, target, work, connections)))


def send_all(
    target: Target, requests: Sequence[bytes], connections: int, on_open: Callable[[], object] = bool
) -> Outcome:
    """Send all requests over so many connections, from a process of its own; blocks until all are answered.

    `on_open` is called between the last handshake and the first request: a handshake costs as much as fifty requests,
    and those who measure requests begin there.
    """
    with _generator(target, requests, connections) as pipe:
        try:
            assert pipe.recv() == _OPEN
            on_open()
            pipe.send(_OPEN)
            outcome = pipe.recv()
        except EOFError:
            raise RuntimeError("the load generator died") from None
    assert isinstance(outcome, Outcome)
    return outcome


@contextmanager
def load_beside(target: Target, requests: Sequence[bytes], connections: int) -> Iterator[None]:
    """Send requests in the background during the block; what is not answered by its end is given up."""
    with _generator(target, requests, connections) as pipe:
        assert pipe.recv() == _OPEN
        pipe.send(_OPEN)
        yield


@contextmanager
def _generator(target: Target, requests: Sequence[bytes], connections: int) -> Iterator[Connection]:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=_child, args=(there, target, requests, connections))
    child.start()
    there.close()
    try:
        yield here
    finally:
        child.terminate()
        child.join()
