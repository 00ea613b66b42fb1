"""A Pod in Kubernetes' protobuf form, both ways, and how big it is."""

from __future__ import annotations

from bench.api import pod
from bench.measure import Measure, measured
from wherry.apiserver.encode import decode, encode
from wherry.apiserver.protobuf.reading import read
from wherry.apiserver.protobuf.writing import write

_COUNT = 5_000


async def run() -> list[Measure]:
    obj = pod("bench")
    data = encode(obj)
    written = write(obj, "core.v1.Pod")
    assert read(written) == obj
    with measured() as writing:
        for _ in range(_COUNT):
            write(decode(data), "core.v1.Pod")
    with measured() as reading:
        for _ in range(_COUNT):
            read(written)
    return [
        Measure("protobuf: a cached Pod written", writing.micros(_COUNT), "µs", 100),
        Measure("protobuf: a Pod read", reading.micros(_COUNT), "µs", 150),
        Measure("protobuf: size of a Pod", len(written) / len(data) * 100, "% of JSON"),
    ]
