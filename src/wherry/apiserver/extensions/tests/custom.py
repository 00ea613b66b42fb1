"""An API that serves custom kinds, without sockets, and definitions to try it with."""

from __future__ import annotations

import copy
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from wherry.api import Obj
from wherry.apiserver.admission.chain import mutating
from wherry.apiserver.api import Api, Settings
from wherry.apiserver.tests.harness import Answer, Server
from wherry.controllers.apiextensions.customresourcedefinition.controller import CONTROLLER
from wherry.reconcile.events import Recorder
from wherry.reconcile.loop import Loops
from wherry.store import Store
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/shop.example.com/v1/namespaces/default/widgets"
MERGE = {"content-type": "application/merge-patch+json"}
SPEC = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 1},
        "color": {"type": "string", "default": "blue"},
        "replicas": {"type": "integer"},
    },
}
STATUS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class Shop(Server):
    """An open API with the controller of definitions at work."""

    def __init__(self, api: Api, clock: ManualClock, loops: Loops) -> None:
        super().__init__(api, clock)
        self._loops = loops

    async def settle(self) -> None:
        await self._loops.settled()

    async def define(self, definition: Obj) -> Any:
        """Create a definition and return it as it is once the controller has seen it."""
        made = await self.post(DEFINITIONS, definition)
        await self.settle()
        return await self.definition(made["metadata"]["name"])

    async def definition(self, name: str = "widgets.shop.example.com") -> Any:
        return await self.get(f"{DEFINITIONS}/{name}")

    async def redefine(self, patch: Obj, name: str = "widgets.shop.example.com") -> Any:
        """Merge `patch` into a definition."""
        answer = await self.call("PATCH", f"{DEFINITIONS}/{name}", patch, MERGE)
        assert answer.status == 200, answer.body
        await self.settle()
        return answer.body

    async def remove(self, name: str = "widgets.shop.example.com") -> Answer:
        answer = await self.call("DELETE", f"{DEFINITIONS}/{name}")
        await self.settle()
        return answer


@asynccontextmanager
async def shop(store: Store | None = None, **settings: Any) -> AsyncIterator[Shop]:
    clock = ManualClock()
    chance = random.Random(1)
    api = Api(
        Settings(
            store=store or MemoryStore(), clock=clock, random=chance, mutating=mutating(lambda: "abcde"), **settings
        )
    )
    await api.open()
    client = api.client()
    recorder = Recorder(client, clock, "controllers")
    loops = Loops([CONTROLLER], client, clock, chance, recorder)
    await loops.start()
    server = Shop(api, clock, loops)
    await server.settle()
    try:
        yield server
    finally:
        await loops.stop()
        await recorder.close()
        await api.close()


def version(name: str = "v1", *, served: bool = True, storage: bool = True, **more: Any) -> Obj:
    properties = {"spec": copy.deepcopy(SPEC), "status": copy.deepcopy(STATUS)}
    schema = {"openAPIV3Schema": {"type": "object", "properties": properties}}
    return {"name": name, "served": served, "storage": storage, "schema": schema, **more}


def definition(
    plural: str = "widgets",
    kind: str = "Widget",
    *,
    group: str = "shop.example.com",
    versions: Sequence[Obj] | None = None,
    names: Obj | None = None,
    **spec: Any,
) -> Obj:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, **(names or {})},
            "versions": list(versions) if versions is not None else [version()],
            **spec,
        },
    }


def widget(name: str = "a", *, api_version: str = "shop.example.com/v1", **spec: Any) -> Obj:
    return {"apiVersion": api_version, "kind": "Widget", "metadata": {"name": name}, "spec": spec}


def conditions(obj: Obj) -> dict[str, tuple[str, str]]:
    """(status, reason) by type."""
    return {each["type"]: (each["status"], each["reason"]) for each in obj["status"]["conditions"]}
