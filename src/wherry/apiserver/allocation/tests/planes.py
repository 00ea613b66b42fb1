"""A control plane in memory for tests of allocation, and Services for it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from wherry.api import Obj
from wherry.api.core.service import SERVICES
from wherry.apiserver.allocation import AllocationSettings
from wherry.apiserver.api import Api, Settings
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

DUAL = ("10.43.0.0/16", "fd00:43::/112")


@asynccontextmanager
async def opened(
    *cidrs: str, store: MemoryStore | None = None, ports: tuple[int, int] = (30000, 32767), seed: int = 7
) -> AsyncIterator[Api]:
    settings = AllocationSettings(cidrs or ("10.43.0.0/16",), *ports)
    api = Api(
        Settings(store=store or MemoryStore(), clock=ManualClock(), random=random.Random(seed), allocation=settings)
    )
    await api.open()
    try:
        yield api
    finally:
        await api.close()


def service(name: str = "web", **spec: Any) -> Obj:
    spec = {"selector": {"app": name}, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


async def made(api: Api, name: str = "web", **spec: Any) -> Obj:
    """The specification of a new Service."""
    obj = await api.client().create(SERVICES, service(name, **spec), "default")
    found: Obj = obj["spec"]
    return found


async def changed(api: Api, name: str = "web", **spec: Any) -> Obj:
    """The specification after a PUT of exactly this."""
    obj = service(name, **spec)
    obj["metadata"]["namespace"] = "default"
    obj = await api.client().update(SERVICES, obj)
    found: Obj = obj["spec"]
    return found
