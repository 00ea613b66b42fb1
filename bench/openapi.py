"""The OpenAPI documents, made from nothing and asked for again; each is made in a thread of a serving process."""

from __future__ import annotations

import zlib

from bench.measure import Measure, measured
from wherry.api.registry import Registry
from wherry.apiserver.openapi.documents import OpenAPI

_REPEATS = 200


async def run() -> list[Measure]:
    openapi = OpenAPI(Registry())
    groups = list(openapi.group_versions)
    cold: dict[str, float] = {}
    for group in ["apis/node.k8s.io/v1", *groups]:  # the first pays for what all share
        with measured() as making:
            openapi.v3(group)
        cold.setdefault(group, making.cpu * 1000)
    first = cold.pop("apis/node.k8s.io/v1")
    with measured() as again:
        for _ in range(_REPEATS):
            openapi.v3("api/v1")
    with measured() as whole:
        document = openapi.v2()
    with measured() as packing:
        zlib.compress(document.data, 1)
    return [
        Measure("/openapi/v3 of core/v1, cold: CPU", cold["api/v1"], "ms", 20),
        Measure("/openapi/v3 of the other groups, cold: CPU, worst", max(_others(cold)), "ms", 20),
        Measure("/openapi/v3 of the first group, cold: CPU", first, "ms"),
        Measure("/openapi/v3 of core/v1, again: CPU", again.micros(_REPEATS), "µs", 10),
        Measure("/openapi/v2, cold: CPU", whole.cpu * 1000, "ms"),
        Measure("/openapi/v2, packing: CPU", packing.cpu * 1000, "ms"),
    ]


def _others(cold: dict[str, float]) -> list[float]:
    return [millis for group, millis in cold.items() if group != "api/v1"]
