"""What is known of devices goes with them: nodes come and go for years, each under a name of its own."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from wherry.api import Obj
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.apiserver.api import Api, Settings
from wherry.lib.tasks import Tasks
from wherry.scheduler.dynamic.inventory import Inventory, Part
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock


def a_slice(number: int) -> Obj:
    name = f"n{number}"
    spec: dict[str, Any] = {"driver": "gpu.example.com", "nodeName": name, "devices": [{"name": "dev"}]}
    spec["pool"] = {"name": name, "generation": 1, "resourceSliceCount": 1}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": spec,
    }


async def test_nodes_and_shares_that_are_gone_leave_nothing() -> None:
    api, tasks = Api(Settings(store=MemoryStore(), clock=ManualClock(), random=random.Random(7))), Tasks("test")
    await api.open()
    client = api.client()
    inventory = Inventory(client, tasks.spawn, ManualClock())
    tables = (inventory._by_node, inventory._by_pool, inventory._shares)
    for number in range(3):
        device = ("gpu.example.com", f"n{number}", "dev")
        await client.create(RESOURCESLICES, a_slice(number))
        inventory.promise("uid", [Part(device, share, {"memory": "1"}) for share in ("a", "b")])
        assert inventory.shared(device) == {"memory": Decimal(2)}
        assert [len(table) for table in tables] == [1, 1, 1]
        inventory.withdraw("uid")
        assert inventory.shared(device) is None
        await client.delete(RESOURCESLICES, f"n{number}")
        assert [len(table) for table in tables] == [0, 0, 0]
    await tasks.close()
    await api.close()
