"""From a decision to what is written: permission, what plugins prepare, the binding, and who is told of it.

    permit (at once) ─► wait for permission ─► pre_bind of what is held ─► an extender, or the first plugin that binds

Permission is asked for while no other Pod is decided on; the rest goes on behind.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from msgspec import Struct

from wherry.api.types.core_v1 import Pod
from wherry.client import Client
from wherry.lib.clock import Clock
from wherry.scheduler import writes
from wherry.scheduler.consulting import Consultants
from wherry.scheduler.extending import ExtenderError
from wherry.scheduler.model import PodInfo
from wherry.scheduler.permitting import Denial, Wait, WaitingPod, WaitingPods
from wherry.scheduler.profile import Profile
from wherry.scheduler.rules import Hold, Refusal, Rejection
from wherry.scheduler.table import Verdict

log = logging.getLogger(__name__)


def ask_permission(profile: Profile, pod: PodInfo, node: str, waiting: WaitingPods, clock: Clock) -> Verdict | None:
    """What the first plugin says that will not have the Pod bound; if some want to wait, it is `waiting` now."""
    waits: dict[str, Wait] = {}
    for plugin, permit in profile.permits:
        try:
            said = permit(pod, node)
        except Exception as error:
            raise RuntimeError(f'running Permit plugin "{plugin}": {error}') from error
        if isinstance(said, Refusal):
            return Verdict(plugin, said)
        if said is not None:
            waits[plugin] = said
    if waits:
        waiting.add(WaitingPod(pod, node, waits, clock))
    return None


class Binding(Struct):
    """One decision being written; `step` and `plugin` say how far it has come."""

    pod: PodInfo
    node: str
    holds: Sequence[tuple[str, Hold]]
    profile: Profile
    step: str = "Permit"
    plugin: str = ""

    async def write(self, client: Client, current: Pod | None, waiting: WaitingPods, consultants: Consultants) -> None:
        """All steps in turn; raises what the failed one does, and `Rejection` if the Pod is not wanted there."""
        waits = waiting.get(self.pod.uid)
        if current is not None and (self.holds or waits is not None):
            await writes.nominate(client, current, self.node)
        if waits is not None and (denial := await _decision(waits)) is not None:
            self.plugin = denial.plugin
            raise Rejection(Refusal((denial.message,)))
        for plugin, hold in self.holds:
            self.step, self.plugin = "PreBind", plugin
            await hold.pre_bind()
        self.step, self.plugin = "Bind", ""
        if not await consultants.bind(self.pod, self.node):
            await self._bind()

    async def _bind(self) -> None:
        for plugin, binder in self.profile.binders:
            self.plugin = plugin
            if await binder(self.pod, self.node):
                return
        raise RuntimeError("no plugin has bound the Pod")

    def tell(self) -> None:
        """Have plugins hear of what is written."""
        for plugin, post_bind in self.profile.post_binds:
            try:
                post_bind(self.pod, self.node)
            except Exception:  # A plugin is not ours to trust, and the Pod is bound whatever it does.
                log.exception("%s failed after %s was bound", plugin, self.pod.key)

    def why(self, error: Exception) -> str:
        """What users read of a step that went wrong."""
        rejected = "binding rejected: " if self.step == "Bind" else ""
        if isinstance(error, ExtenderError) or not self.plugin:
            return f"{rejected}{error}"
        return f'{rejected}running {self.step} plugin "{self.plugin}": {error}'


async def _decision(waits: WaitingPod) -> Denial | None:
    decided: asyncio.Future[Denial | None] = asyncio.get_running_loop().create_future()

    def set_result(denial: Denial | None) -> None:
        if not decided.done():  # Whoever awaits it may have been cancelled.
            decided.set_result(denial)

    waits.then(set_result)
    return await decided


def release(holds: Sequence[tuple[str, Hold]]) -> None:
    """Give back what was held, the last first."""
    for _, hold in reversed(holds):
        hold.unreserve()
