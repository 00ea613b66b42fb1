"""The rules of the default scheduler, in the order in which they are asked, with upstream's weights."""

from __future__ import annotations

from wherry.scheduler.filters.nodeaffinity import NODE_AFFINITY
from wherry.scheduler.filters.nodename import NODE_NAME
from wherry.scheduler.filters.ports import PORTS
from wherry.scheduler.filters.resources import RESOURCES
from wherry.scheduler.filters.taints import TAINTS
from wherry.scheduler.filters.unschedulable import UNSCHEDULABLE
from wherry.scheduler.rules import Filter, Score
from wherry.scheduler.scores.images import IMAGE_LOCALITY
from wherry.scheduler.scores.nodeaffinity import PREFERRED_NODES
from wherry.scheduler.scores.resources import BALANCED_ALLOCATION, LEAST_ALLOCATED
from wherry.scheduler.scores.taints import PREFERRED_TAINTS

FILTERS: tuple[Filter, ...] = (UNSCHEDULABLE, NODE_NAME, TAINTS, NODE_AFFINITY, PORTS, RESOURCES)

SCORES: tuple[Score, ...] = (PREFERRED_TAINTS, PREFERRED_NODES, LEAST_ALLOCATED, BALANCED_ALLOCATION, IMAGE_LOCALITY)
