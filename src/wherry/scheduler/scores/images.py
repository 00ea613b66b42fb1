"""Prefer nodes that have the Pod's images already (upstream: ImageLocality).

An image counts with its size, scaled by the share of nodes that have it, so that one node with a popular image does not
draw every Pod to itself.
"""

from __future__ import annotations

from wherry.scheduler.cluster import Cluster
from wherry.scheduler.model import NodeInfo, PodInfo
from wherry.scheduler.rules import Rate, Score

_MEBIBYTE = 1024 * 1024
_LEAST = 23 * _MEBIBYTE
_MOST_PER_CONTAINER = 1000 * _MEBIBYTE


def prepare(pod: PodInfo, cluster: Cluster) -> Rate | None:
    spread = cluster.image_nodes(pod.images)
    nodes = len(cluster)
    if nodes < 2 or not any(spread.values()):
        return None
    most = _MOST_PER_CONTAINER * len(pod.images)

    def rate(node: NodeInfo) -> int:
        total = sum(int(node.images.get(image, 0) * spread[image] / nodes) for image in pod.images)
        return 100 * (min(max(total, _LEAST), most) - _LEAST) // (most - _LEAST)

    return rate


IMAGE_LOCALITY = Score("ImageLocality", prepare)
