"""Ratings by images that are there already: upstream's cases with upstream's numbers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wherry.api.types.core_v1 import Node
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.plugins.imagelocality import IMAGE_LOCALITY
from wherry.scheduler.plugins.tests.placed import a_pod, scores

SIZES = {40: "gcr.io/40:latest", 140: "gcr.io/140:latest", 2000: "gcr.io/2000:latest", 250: "gcr.io/250:latest"}
SIZES |= {10: "gcr.io/10:latest", 300: "gcr.io/300:latest", 4000: "gcr.io/4000:latest"}

CASES: dict[str, tuple[list[int], list[list[int]], list[int] | None]] = {
    "the larger image": ([40, 250], [[40, 300, 2000], [250, 10]], [0, 5]),
    "40 is not worth it": ([40, 300], [[40, 300, 2000], [250, 10]], [7, 0]),
    "a tiny one and a huge one": ([10, 4000], [[4000, 10], [250, 10]], [100, 0]),
    "nodes without the images": ([40], [[250], [250]], None),
    "one of three nodes": ([300, 4000], [[4000, 10], [250], []], [66, 0, 0]),
}


def cluster(nodes: list[list[int]]) -> Cluster:
    made = Cluster()
    for number, sizes in enumerate(nodes):
        images = [{"names": [SIZES[size]], "sizeBytes": size << 20} for size in sizes]
        made.set_node(msgspec.convert({"metadata": {"name": f"n{number}"}, "status": {"images": images}}, Node))
    return made


@pytest.mark.parametrize(("wanted", "nodes", "expected"), CASES.values(), ids=CASES)
def test_rates(wanted: list[int], nodes: list[list[int]], expected: list[int] | None) -> None:
    containers = [{"name": f"c{size}", "image": SIZES[size].removesuffix(":latest")} for size in wanted]
    found = scores(IMAGE_LOCALITY, a_pod("p", containers=containers), cluster(nodes))
    assert (found and list(found.values())) == expected


def test_images_of_volumes_count_and_ask_for_no_more() -> None:
    volume: dict[str, Any] = {"name": "data", "image": {"reference": SIZES[300]}}
    pod = a_pod("p", containers=[{"name": "c", "image": SIZES[40]}], volumes=[volume])
    found = scores(IMAGE_LOCALITY, pod, cluster([[40, 300], [250]]))
    assert found == {"n0": 15, "n1": 0}
