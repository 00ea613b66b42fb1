"""Simulated nodes beside a server: imported only where some are wanted."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from wherry.apiserver.subresources import Streams
from wherry.client import Client
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Metrics
from wherry.controlplane.plane import ControlPlane
from wherry.lib.clock import Clock
from wherry.providers.simulated.behaviour import ordinary
from wherry.providers.simulated.nodes import SimulatedNodes
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.providers.simulated.streams import simulated_streams
from wherry.providers.simulated.usage import simulated_metrics
from wherry.roles.settings import simulated_name

log = logging.getLogger(__name__)

MANAGER = "kubelet"
"""Who owns what they write: kubelets, as far as anybody can tell."""


def streams(others: Streams, clock: Clock) -> Streams:
    """Those of a control plane whose nodes are simulated, but for `others`."""
    return simulated_streams(ordinary, clock, others)


def metrics(clock: Clock) -> Callable[[Client], Metrics]:
    """Where autoscalers have their figures from."""
    return simulated_metrics(ordinary, clock)


async def simulate(plane: ControlPlane, number: int, clock: Clock, chance: random.Random) -> SimulatedNodes:
    """Nodes up to that number, at work; close them before the plane. Their Pods are as they were left."""
    specs = [NodeSpec(name=simulated_name(each)) for each in range(1, number + 1)]
    nodes = SimulatedNodes(plane.api.client().named(MANAGER), clock, chance, specs)
    await nodes.start()
    log.info("simulating %d nodes", number)
    return nodes
