"""Lists in other forms than plain JSON: what they cost, and for how long they hold the event loop.

A hold is the CPU that the loop's thread uses between two turns: unlike a wait, it does not depend on what else the
machine does. YAML is written in a thread, with which the loop shares the interpreter in turns of five milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from bench.api import pod
from bench.measure import Measure, measured
from wherry.apiserver.api import Api, Settings
from wherry.roles.running import collect_seldom, settle
from wherry.store.memory import MemoryStore
from wherry.transport.messages import Peer, Request, Response

PODS = "/api/v1/namespaces/default/pods"
COUNT = 5_000
FORMS = (
    ("protobuf", "application/vnd.kubernetes.protobuf"),
    ("Tables", "application/json;as=Table;v=v1;g=meta.k8s.io"),
    ("metadata alone", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"),
    ("YAML", "application/yaml"),
)
_LONGEST = 10


async def run() -> list[Measure]:
    collect_seldom()
    api = Api(Settings(store=MemoryStore(), random=random.Random(1)))
    await api.open()
    for number in range(COUNT):
        await _ask(api, "POST", "application/json", json.dumps(pod(f"pod-{number}", "nowhere")).encode())
    settle()
    try:
        return [measure for name, accept in FORMS for measure in await _list(api, name, accept)]
    finally:
        await api.close()


async def _list(api: Api, name: str, accept: str) -> list[Measure]:
    """The first brings imports and compilations; it is the one that is told of."""
    holds: list[float] = []
    with measured() as cost:
        async with _watched(holds):
            await _ask(api, "GET", accept)
    subject = f"LIST {COUNT:,} Pods, {name}, first"
    return [
        Measure(f"{subject}: CPU", cost.cpu * 1e3, "ms"),
        Measure(f"{subject}: longest hold of the loop", max(holds) * 1e3, "ms", _LONGEST),
    ]


@asynccontextmanager
async def _watched(holds: list[float]) -> AsyncIterator[None]:
    """Note what the loop's thread does between turns meanwhile."""
    is_over = asyncio.Event()

    async def watch() -> None:
        before = time.thread_time()
        while not is_over.is_set():
            await asyncio.sleep(0.0005)
            now = time.thread_time()
            holds.append(now - before)
            before = now

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        await asyncio.sleep(0.001)
        yield
        is_over.set()


async def _ask(api: Api, method: str, accept: str, body: bytes = b"") -> None:
    headers = {"accept": accept, "content-type": "application/json", "user-agent": "bench/1"}
    reply = api.handle(Request(method, PODS, "", headers, body, Peer("127.0.0.1", None)))
    if isinstance(reply, Awaitable):
        reply = await reply
    if not isinstance(reply, Response) or reply.status >= 300:
        raise RuntimeError(f"{method} as {accept}: {reply}")
