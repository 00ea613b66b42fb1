"""A decision in which extenders have a say. It takes as long as they take, and no other Pod is decided on meanwhile.

The cluster may be another when they have answered; the node that was chosen is therefore asked once more.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.errors import NotFound
from wherry.client import Client
from wherry.scheduler.cluster import Cluster
from wherry.scheduler.extending import Extender, ExtenderError
from wherry.scheduler.model import PodInfo
from wherry.scheduler.plan import Placement, Planner, Unfit
from wherry.scheduler.preemption import Candidate
from wherry.scheduler.queue import ANYTHING
from wherry.scheduler.rules import Refusal
from wherry.scheduler.table import Verdict

log = logging.getLogger(__name__)


class Consultants:
    """All extenders of a scheduler."""

    def __init__(self, client: Client, cluster: Cluster, extenders: Sequence[Extender]) -> None:
        self._client = client
        self._cluster = cluster
        self._extenders = extenders

    def care_for(self, pod: PodInfo) -> bool:
        """Whether one of them must be asked before the Pod can be placed."""
        return any(one.cares_for(pod) for one in self._extenders)

    async def place(self, pod: PodInfo, planner: Planner, chance: random.Random, start: int) -> Placement | Unfit:
        """As `Planner.place`. Raises ExtenderError when one that matters cannot be asked."""
        found = planner.find(pod, start)
        if isinstance(found, Unfit):
            return found
        names = planner.names(found)
        totals = dict(zip(names, planner.totals(found), strict=True))
        obj = await self._pod(pod)
        names, refused = await self._filter(pod, obj, names)
        if not names:
            return planner.unfit_after(found, refused)
        if len(names) > 1:
            await self._rate(pod, obj, names, totals)
        best = max(totals[name] for name in names)
        name = chance.choice([name for name in names if totals[name] == best])
        return planner.place_on(pod, name, found.asked)

    async def preempt(self, pod: PodInfo, candidates: list[Candidate]) -> list[Candidate]:
        """The candidates that all of them leave."""
        for extender in self._extenders:
            if not extender.settings.preempt_verb or not extender.cares_for(pod) or not candidates:
                continue
            victims = {victim.uid: victim for one in candidates for victim in one.victims}
            try:
                objects = {} if extender.settings.has_nodes else {k: await self._pod(v) for k, v in victims.items()}
                candidates = await extender.preempt(await self._pod(pod), candidates, objects, self._cluster)
            except ExtenderError as error:
                _pass_over(extender, error)
        return candidates

    async def bind(self, pod: PodInfo, node: str) -> bool:
        """Have an extender bind the Pod; False when none does."""
        for extender in self._extenders:
            if not extender.settings.bind_verb or not extender.cares_for(pod):
                continue
            try:
                await extender.bind(pod, node)
            except ExtenderError as error:
                _pass_over(extender, error)
            else:
                return True
        return False

    async def close(self) -> None:
        for extender in self._extenders:
            await extender.close()

    async def _filter(self, pod: PodInfo, obj: Obj, names: list[str]) -> tuple[list[str], dict[str, Verdict]]:
        refused: dict[str, Verdict] = {}
        for extender in self._extenders:
            if not names:
                break
            if not extender.settings.filter_verb or not extender.cares_for(pod):
                continue
            try:
                left, said = await extender.filter(obj, names, await self._nodes(extender, names))
            except ExtenderError as error:
                _pass_over(extender, error)
                continue
            silent = {name: Refusal((), is_lasting=True) for name in names if name not in left}
            refused |= {name: Verdict(ANYTHING, refusal) for name, refusal in (silent | said).items()}
            names = left
        return names, refused

    async def _rate(self, pod: PodInfo, obj: Obj, names: list[str], totals: dict[str, int]) -> None:
        """Add their ratings; one that fails has no opinion."""
        for extender in self._extenders:
            if not extender.settings.prioritize_verb or not extender.cares_for(pod):
                continue
            try:
                ratings = await extender.rate(obj, names, await self._nodes(extender, names))
            except ExtenderError as error:
                log.info("%s", error)
                continue
            for name, rating in ratings.items():
                if name in totals:
                    totals[name] += rating

    async def _pod(self, pod: PodInfo) -> Obj:
        return await self._client.get(PODS, pod.key.name, pod.key.namespace)

    async def _nodes(self, extender: Extender, names: Sequence[str]) -> dict[str, Obj]:
        if extender.settings.has_nodes:
            return {}
        found: dict[str, Obj] = {}
        for name in names:
            try:
                found[name] = await self._client.get(NODES, name)
            except NotFound:
                found[name] = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        return found


def _pass_over(extender: Extender, error: ExtenderError) -> None:
    """Go on without it if it is ignorable."""
    if not extender.settings.is_ignorable:
        raise error
    log.info("going on without an extender: %s", error)
