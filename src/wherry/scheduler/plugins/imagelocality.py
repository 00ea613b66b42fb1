"""Prefer nodes that have the Pod's images already (upstream: ImageLocality).

An image counts with its size, scaled by the share of nodes that have it, so that one node with a popular image does not
draw every Pod to itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Plugin, Rate, Score

_MEBIBYTE = 1024 * 1024
_LEAST = 23 * _MEBIBYTE
_MOST_PER_CONTAINER = 1000 * _MEBIBYTE


def sign(pod: PodInfo) -> Hashable:
    return (pod.ask.images, pod.ask.volume_images)


def prepare(pod: PodInfo, cluster: Cluster, _: Sequence[NodeInfo]) -> Rate | None:
    ask = pod.ask
    images = [_full_name(image) for image in (*ask.images, *ask.volume_images)]
    known = cluster.of_shape(_nodes_by_image)
    nodes = len(cluster)
    if nodes < 2 or not any(image in known for image in images):
        return None
    spread = {image: known[image] for image in images}
    most = _MOST_PER_CONTAINER * max(1, len(ask.images))

    def rate(node: NodeInfo) -> int:
        total = sum(int(node.images.get(image, 0) * (spread[image] / nodes)) for image in images)
        return 100 * (min(max(total, _LEAST), most) - _LEAST) // (most - _LEAST)

    return rate


def _nodes_by_image(nodes: Sequence[NodeInfo]) -> Counter[str]:
    return Counter(image for node in nodes for image in node.images)


def _full_name(image: str) -> str:
    """Runtimes report names with a tag; `latest` is meant where there is none."""
    return image if ":" in image.rsplit("/", 1)[-1] else f"{image}:latest"


IMAGE_LOCALITY = Plugin("ImageLocality", score=Score(prepare, sign))
