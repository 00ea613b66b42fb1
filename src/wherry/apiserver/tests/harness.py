"""Requests without sockets, for the tests of the API server."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from wherry.apiserver.api import Api, Settings
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.transport.messages import Peer, Reply, Request, Response, Stream


class Answer(NamedTuple):
    status: int
    body: Any
    headers: Mapping[str, str]
    content_type: str


class Server:
    """An open API with a clock in the test's hand."""

    def __init__(self, api: Api, clock: ManualClock) -> None:
        self.api = api
        self.clock = clock

    async def raw(self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        path, _, query = url.partition("?")
        reply = self.api.handle(Request(method, path, query, headers or {}, body, Peer("127.0.0.1", None)))
        return await reply if isinstance(reply, Awaitable) else reply

    async def call(self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """A request with a JSON body (bytes are sent as they are), and its answer, decoded if it is JSON."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = await self.raw(method, url, data, {"content-type": "application/json", **(headers or {})})
        assert isinstance(reply, Response)
        text = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
        is_json = reply.content_type.startswith("application/json")
        value = json.loads(text) if text and is_json else text.decode()
        return Answer(reply.status, value, dict(reply.headers), reply.content_type)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        answer = await self.call("GET", url, headers=headers)
        assert answer.status == 200, answer.body
        return answer.body

    async def post(self, url: str, body: Any) -> Any:
        answer = await self.call("POST", url, body)
        assert answer.status in (200, 201), answer.body
        return answer.body

    async def watch(self, url: str, headers: Mapping[str, str] | None = None) -> Screen:
        """Begin a watch; what it sends appears on the screen."""
        reply = await self.raw("GET", url, headers=headers)
        assert isinstance(reply, Stream), reply
        screen = Screen()
        started = reply.start(screen)
        if started is not None:
            await started
        return screen


class Screen:
    """A `Sink` that keeps what it is given; the test says whether it can take more."""

    def __init__(self) -> None:
        self.data = b""
        self.is_paused = False
        self.is_closed = False
        self.is_aborted = False
        self._resume: list[Callable[[], None]] = []
        self._close: list[Callable[[], None]] = []

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.data += data

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = self.is_aborted = True

    async def drain(self) -> None:
        assert not self.is_paused

    def on_resume(self, callback: Callable[[], None]) -> None:
        self._resume.append(callback)

    def on_close(self, callback: Callable[[], None]) -> None:
        self._close.append(callback)

    def resume(self) -> None:
        self.is_paused = False
        for callback in self._resume:
            callback()

    def leave(self) -> None:
        """The peer goes away."""
        self.is_closed = True
        for callback in self._close:
            callback()

    @property
    def events(self) -> list[Any]:
        return [json.loads(line) for line in self.data.splitlines()]

    @property
    def seen(self) -> list[tuple[str, str]]:
        """(type, name) of each event."""
        return [(event["type"], event["object"].get("metadata", {}).get("name", "")) for event in self.events]


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Server]:
    clock = ManualClock()
    api = Api(Settings(**{"store": MemoryStore(), "clock": clock, "random": random.Random(1), **settings}))
    await api.open()
    try:
        yield Server(api, clock)
    finally:
        await api.close()


def configmap(name: str, labels: Mapping[str, str] | None = None, **data: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name}
    if labels:
        meta["labels"] = dict(labels)
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "busybox"}], **spec},
    }


CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
