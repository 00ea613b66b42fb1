"""Watches over WebSocket: what a browser sees and says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from wherry.apiserver.protobuf.reading import read
from wherry.apiserver.protobuf.wire import fields
from wherry.apiserver.tests.harness import CONFIGMAPS, Server, configmap, serving
from wherry.transport.messages import Takeover

HANDSHAKE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
}
WATCH = f"{CONFIGMAPS}?watch=1"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


class Browser:
    """The client's end of a connection; it says what the test puts into `said`."""

    half_closes = False

    def __init__(self) -> None:
        self.got = b""
        self.said: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_paused = False
        self.is_closed = False
        self._resume: list[Callable[[], None]] = []

    async def read(self) -> bytes:
        return await self.said.get()

    def write(self, data: bytes) -> None:
        self.got += data

    async def drain(self) -> None:
        assert not self.is_paused

    def on_resume(self, callback: Callable[[], None]) -> None:
        self._resume.append(callback)

    def resume(self) -> None:
        self.is_paused = False
        for callback in self._resume:
            callback()

    def write_eof(self) -> None:
        raise AssertionError

    def close(self) -> None:
        self.is_closed = True
        self.said.put_nowait(b"")

    abort = close

    @property
    def messages(self) -> list[tuple[int, bytes]]:
        """(opcode, payload) of each frame so far."""
        data, found = self.got.partition(b"\r\n\r\n")[2], []
        while data:
            size, at = data[1], 2
            if size >= 126:
                width = 2 if size == 126 else 8
                size, at = int.from_bytes(data[2 : 2 + width], "big"), 2 + width
            found.append((data[0] & 0x0F, data[at : at + size]))
            data = data[at + size :]
        return found


async def serve(takeover: Takeover, browser: Browser) -> None:
    await takeover.run(browser)


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


async def test_events_are_messages_of_text(server: Server) -> None:
    await server.post(CONFIGMAPS, configmap("a"))
    takeover = await server.raw("GET", WATCH, headers=HANDSHAKE)
    assert isinstance(takeover, Takeover)
    browser = Browser()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(takeover, browser))
        await settle()
        await server.post(CONFIGMAPS, configmap("b"))
        await settle()
        browser.said.put_nowait(b"\x89\x82\0\0\0\0hi" + b"\x81\x81\0\0\0\0x")
        await settle()
        browser.said.put_nowait(b"\x88\x80\0\0\0\0")
    head = browser.got.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    first, second, pong, farewell = browser.messages
    assert (first[0], second[0]) == (1, 1)
    seen = [json.loads(payload) for _, payload in (first, second)]
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in seen] == [("ADDED", "a"), ("ADDED", "b")]
    assert pong == (10, b"hi")
    assert farewell == (8, b"\x03\xe8")
    assert browser.is_closed
    assert server.api.core.cache.kind("configmaps").watchers == 0


async def test_protobuf_is_messages_of_bytes(server: Server) -> None:
    made = await server.post(CONFIGMAPS, configmap("a"))
    headers = {**HANDSHAKE, "accept": "application/vnd.kubernetes.protobuf"}
    takeover = await server.raw("GET", WATCH, headers=headers)
    assert isinstance(takeover, Takeover)
    browser = Browser()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(takeover, browser))
        await settle()
        browser.said.put_nowait(b"")
    opcode, payload = browser.messages[0]
    assert opcode == 2
    event = dict(fields(payload))
    assert event[1] == b"ADDED"
    assert isinstance(event[2], bytes)
    enveloped = dict(fields(event[2]))[1]
    assert isinstance(enveloped, bytes)
    assert read(enveloped) == made


async def test_a_watch_ends_with_a_farewell(server: Server) -> None:
    takeover = await server.raw("GET", f"{WATCH}&timeoutSeconds=5", headers=HANDSHAKE)
    assert isinstance(takeover, Takeover)
    browser = Browser()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(takeover, browser))
        await settle()
        await server.clock.advance(6)
    assert browser.messages == [(8, b"\x03\xe8")]


async def test_a_slow_browser_gets_events_when_it_reads_again(server: Server) -> None:
    takeover = await server.raw("GET", WATCH, headers=HANDSHAKE)
    assert isinstance(takeover, Takeover)
    browser = Browser()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(takeover, browser))
        await settle()
        browser.is_paused = True
        await server.post(CONFIGMAPS, configmap("a"))
        await settle()
        assert browser.messages == []
        browser.resume()
        assert [opcode for opcode, _ in browser.messages] == [1]
        browser.said.put_nowait(b"\x81\x01x")  # no mask: a violation
    assert browser.messages[-1] == (8, b"\x03\xea")


async def test_the_protocol_that_is_no_token_is_agreed_to(server: Server) -> None:
    headers = {**HANDSHAKE, "sec-websocket-protocol": "base64url.bearer.authorization.k8s.io.eA, chat"}
    takeover = await server.raw("GET", WATCH, headers=headers)
    assert isinstance(takeover, Takeover)
    browser = Browser()
    browser.said.put_nowait(b"")
    await takeover.run(browser)
    assert b"Sec-WebSocket-Protocol: chat\r\n" in browser.got


async def test_bad_handshakes_are_refused(server: Server) -> None:
    answer = await server.call("GET", WATCH, headers={**HANDSHAKE, "sec-websocket-version": "8"})
    assert (answer.status, answer.body["message"]) == (400, "missing or bad WebSocket Version")
