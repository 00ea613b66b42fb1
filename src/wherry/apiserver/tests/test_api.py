"""The main paths of the API through `handle`, on a memory store."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any

import pytest

from wherry.apiserver.api import Api, Settings
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.transport.messages import Peer, Request, Response


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api(Settings(store=MemoryStore(), clock=ManualClock(), random=random.Random(1)))
    await api.open()
    yield api
    await api.close()


async def call(
    api: Api, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    path, _, query = url.partition("?")
    data = b"" if body is None else json.dumps(body).encode()
    sent = {"content-type": "application/json", **(headers or {})}
    reply = api.handle(Request(method, path, query, sent, data, Peer("127.0.0.1", None)))
    if isinstance(reply, Awaitable):
        reply = await reply
    assert isinstance(reply, Response)
    text = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
    return reply.status, json.loads(text) if text[:1] in b"{[" else text.decode()


def configmap(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


async def test_life_of_an_object(api: Api) -> None:
    code, made = await call(api, "POST", CONFIGMAPS, configmap("a", x="1"))
    assert code == 201
    assert made["metadata"]["uid"]
    assert (await call(api, "GET", f"{CONFIGMAPS}/a")) == (200, made)
    code, page = await call(api, "GET", CONFIGMAPS)
    assert code == 200
    assert page["items"] == [made]
    made["data"] = {"x": "2"}
    code, changed = await call(api, "PUT", f"{CONFIGMAPS}/a", made)
    assert (code, changed["data"]) == (200, {"x": "2"})
    code, status = await call(api, "PUT", f"{CONFIGMAPS}/a", made)
    assert (code, status["reason"]) == (409, "Conflict")
    code, status = await call(api, "DELETE", f"{CONFIGMAPS}/a")
    assert (code, status["status"]) == (200, "Success")
    code, status = await call(api, "GET", f"{CONFIGMAPS}/a")
    assert (code, status["reason"]) == (404, "NotFound")
