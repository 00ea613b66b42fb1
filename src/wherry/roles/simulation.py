"""Simulated nodes, and volumes for their Pods, beside a server: imported only where some are wanted."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from wherry.apiserver.subresources import Streams
from wherry.client import Client
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Metrics
from wherry.controlplane.plane import ControlPlane
from wherry.lib.clock import Clock
from wherry.lib.failure import Failure
from wherry.providers.simulated.behaviour import ordinary
from wherry.providers.simulated.nodes import SimulatedNodes
from wherry.providers.simulated.nodespec import NodeSpec
from wherry.providers.simulated.stages.stage import Stage, StageError
from wherry.providers.simulated.streams import simulated_streams
from wherry.providers.simulated.usage import simulated_metrics
from wherry.providers.simulated.volumes import DRIVER, Provisioner, provisioner
from wherry.roles.settings import ServerSettings, simulated_name

log = logging.getLogger(__name__)

MANAGER = "kubelet"
"""Who owns what they write: kubelets, as far as anybody can tell."""


def streams(others: Streams, clock: Clock) -> Streams:
    """Those of a control plane whose nodes are simulated, but for `others`."""
    return simulated_streams(ordinary, clock, others)


def metrics(clock: Clock) -> Callable[[Client], Metrics]:
    """Where autoscalers have their figures from."""
    return simulated_metrics(ordinary, clock)


class Simulation(Struct, frozen=True):
    """What is simulated beside one server."""

    nodes: SimulatedNodes
    volumes: Provisioner

    async def close(self) -> None:
        await self.volumes.close()
        await self.nodes.close()


async def simulate(plane: ControlPlane, settings: ServerSettings, clock: Clock, chance: random.Random) -> Simulation:
    """As many nodes as the settings say, at work; close them before the plane. Their Pods are as they were left.

    Raises:
        Failure: a file of stages cannot be used.
    """
    stages = [stage for path in settings.stages for stage in _read(path)]
    specs = [NodeSpec(name=simulated_name(each)) for each in range(1, settings.simulate + 1)]
    nodes = SimulatedNodes(plane.api.client().named(MANAGER), clock, chance, specs, stages=stages)
    await nodes.start()
    volumes = provisioner(plane.api.client().named(DRIVER), clock, chance)
    await volumes.start()
    log.info("simulating %d nodes", settings.simulate)
    return Simulation(nodes, volumes)


def _read(path: Path) -> list[Stage]:
    from wherry.providers.simulated.stages.reading import read_stages  # With it comes YAML.

    try:
        return read_stages(path.read_text())
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}", "name a file of YAML with --stages") from error
    except StageError as error:
        raise Failure(f"{path}: {error}", "docs/simulated-nodes.md says what of kwok's Stages is supported") from error
