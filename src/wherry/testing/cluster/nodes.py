"""The nodes of a cluster: simulated ones, which start with it, fall ill when a test says so, and go into snapshots."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from wherry.api.core.node import NODES
from wherry.api.errors import NotFound
from wherry.apiserver.inprocess import InProcessClient
from wherry.apiserver.subresources import Streams
from wherry.client import Client
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Metrics
from wherry.lib.clock import Clock
from wherry.providers.simulated.behaviour import Behaviours, ContainerBehaviour, by_image, first_of
from wherry.providers.simulated.hosts import Condition
from wherry.providers.simulated.nodes import SimulatedNodes
from wherry.providers.simulated.nodespec import NodeSpec, node_specs
from wherry.providers.simulated.stages.stage import Stage
from wherry.providers.simulated.streams import simulated_streams
from wherry.providers.simulated.usage import simulated_metrics

Nodes: TypeAlias = int | Iterable[NodeSpec | str]
"""How many, or which: by their names, or by all that there is to say."""
Behaving: TypeAlias = Behaviours | Mapping[str, ContainerBehaviour]
"""How Pods fare: a function of the Pod, or a table by image."""
State: TypeAlias = tuple[tuple[NodeSpec, Condition], ...]
"""What a snapshot keeps of nodes; what runs on them stands in the status of their Pods."""


class ClusterNodes:
    """All nodes of one control plane."""

    def __init__(
        self,
        client: InProcessClient,
        clock: Clock,
        chance: random.Random,
        behave: Sequence[Behaving],
        stages: Sequence[Stage] = (),
    ) -> None:
        self._client = client
        self._nodes = SimulatedNodes(client, clock, chance, (), _sources(behave), stages)
        self._specs: dict[str, NodeSpec] = {}

    async def start(self, state: State) -> None:
        """Have the nodes of `state`, each as it is there."""
        await self._nodes.start()
        for spec, condition in state:
            self._enter(spec)
            await self._nodes.add_in_time(spec)
            if condition is Condition.FAILED:
                self._nodes.fail(spec.name)
            elif condition is Condition.PARTITIONED:
                self._nodes.partition(spec.name)

    async def close(self) -> None:
        await self._nodes.close()

    async def add(self, spec: NodeSpec) -> None:
        self._enter(spec)
        await self._nodes.add(spec)

    async def remove(self, name: str) -> None:
        """Take a node away, its Node object with it."""
        self._known(name)
        self._nodes.remove(name)
        del self._specs[name]
        try:
            await self._client.delete(NODES, name)
        except NotFound:
            return

    def fail(self, name: str) -> None:
        self._nodes.fail(self._known(name))

    def partition(self, name: str) -> None:
        self._nodes.partition(self._known(name))

    def recover(self, name: str) -> None:
        self._nodes.recover(self._known(name))

    def state(self) -> State:
        return tuple((spec, self._nodes.condition(name)) for name, spec in self._specs.items())

    def _enter(self, spec: NodeSpec) -> None:
        if spec.name in self._specs:
            raise ValueError(f"there is a node {spec.name!r} already")
        self._specs[spec.name] = spec

    def _known(self, name: str) -> str:
        if name not in self._specs:
            raise LookupError(f"there is no node {name!r}; there are {', '.join(self._specs) or 'none'}")
        return name


def streams(behave: Sequence[Behaving], clock: Clock) -> Streams:
    """How the logs of Pods are told."""
    return simulated_streams(first_of(_sources(behave)), clock)


def metrics(behave: Sequence[Behaving], clock: Clock) -> Callable[[Client], Metrics]:
    """What autoscalers hear of Pods."""
    return simulated_metrics(first_of(_sources(behave)), clock)


def first_state(nodes: Nodes) -> State:
    """The nodes that a cluster begins with. Raises ValueError for what cannot be any."""
    if isinstance(nodes, str) or (isinstance(nodes, int) and nodes < 0):
        raise ValueError(f"nodes is a number, or a list of nodes or their names, not {nodes!r}")
    specs = node_specs(nodes) if isinstance(nodes, int) else [as_spec(each) for each in nodes]
    return tuple((spec, Condition.UP) for spec in specs)


def as_spec(node: NodeSpec | str) -> NodeSpec:
    """The node of a name, or as it is described."""
    return NodeSpec(name=node) if isinstance(node, str) else node


def _sources(behave: Sequence[Behaving]) -> list[Behaviours]:
    return [by_image(each) if isinstance(each, Mapping) else each for each in behave]
