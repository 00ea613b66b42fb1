"""Bytes of memory per stored object, and what each further control plane in a process costs."""

from __future__ import annotations

import gc
import os
import random
import time

from bench.api import configmap
from bench.load import request, send_all
from bench.measure import Measure
from bench.processes import resident_megabytes, server
from wherry.controlplane.plane import ControlPlane
from wherry.lib.systemclock import SystemClock
from wherry.store.memory import MemoryStore

OBJECTS = 20_000
PLANES = 50


async def run() -> list[Measure]:
    return [_objects(), *await _planes()]


def _objects() -> Measure:
    import json

    path = "/api/v1/namespaces/default/configmaps"
    with server() as one:
        bodies = [request("POST", path, json.dumps(configmap(f"m-{i}", 2000)).encode()) for i in range(OBJECTS + 500)]
        send_all(one.target, bodies[:500], 16)
        before = resident_megabytes(one.pid)
        send_all(one.target, bodies[500:], 16)
        grown = resident_megabytes(one.pid) - before
    return Measure("memory per stored 2 KB object", grown * 1e6 / OBJECTS / 1024, "KiB", 4)


async def _planes() -> list[Measure]:
    clock = SystemClock()
    planes = [ControlPlane(MemoryStore(), clock, random.Random(0)) for _ in range(2)]
    for plane in planes:
        await plane.open()
        await plane.start()
    gc.collect()
    before, began = resident_megabytes(os.getpid()), time.perf_counter()
    for _ in range(PLANES):
        plane = ControlPlane(MemoryStore(), clock, random.Random(0))
        await plane.open()
        await plane.start()
        planes.append(plane)
    seconds = time.perf_counter() - began
    gc.collect()
    grown = resident_megabytes(os.getpid()) - before
    for plane in planes:
        await plane.close()
    return [
        Measure("each further idle control plane: memory", grown / PLANES, "MB", 2),
        Measure("each further idle control plane: time to make", seconds / PLANES * 1e3, "ms", 50),
    ]
