"""What only a whole control plane does."""

from __future__ import annotations

import random

from wherry.api.core.event import EVENTS
from wherry.controlplane.plane import ControlPlane
from wherry.store.memory import MemoryStore
from wherry.testing.clock import ManualClock
from wherry.testing.eventloop import settle

EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "a", "namespace": "default"},
    "involvedObject": {"namespace": "default"},
}


async def test_events_go_after_an_hour_also_those_of_before() -> None:
    store, clock = MemoryStore(), ManualClock()
    for _ in range(2):
        plane = ControlPlane(store, clock, random.Random(1))
        await plane.open()
        if not (await plane.client().list(EVENTS)).items:
            await plane.client().create(EVENTS, EVENT)
        await clock.advance(1800)
        await plane.close()
    plane = ControlPlane(store, clock, random.Random(1))
    await plane.open()
    assert len((await plane.client().list(EVENTS)).items) == 1
    await clock.advance(3600)
    await settle()
    assert (await plane.client().list(EVENTS)).items == []
    await plane.close()
