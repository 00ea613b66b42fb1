"""Under whose names the parts of a control plane own what they write."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from wherry.api.apiextensions.customresourcedefinition import CUSTOMRESOURCEDEFINITIONS
from wherry.controlplane.plane import ControlPlane
from wherry.lib.systemclock import SystemClock
from wherry.store.memory import MemoryStore

WIDGETS = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}},
        ],
    },
}


async def test_loops_of_the_api_server_write_under_its_name() -> None:
    plane = ControlPlane(MemoryStore(), SystemClock(), random.Random(1))
    await plane.open()
    try:
        await plane.start()
        client = plane.client()
        await client.create(CUSTOMRESOURCEDEFINITIONS, WIDGETS)
        while not (definition := await client.get(CUSTOMRESOURCEDEFINITIONS, "widgets.example.com"))["status"].get(
            "conditions"
        ):
            await asyncio.sleep(0)
        assert ("kube-apiserver", "status") in _writers(definition)
        assert all(manager == "kube-apiserver" for manager, _ in _writers(definition))
    finally:
        await plane.close()


def _writers(obj: Any) -> list[tuple[str, str]]:
    return [(entry["manager"], entry.get("subresource", "")) for entry in obj["metadata"]["managedFields"]]
