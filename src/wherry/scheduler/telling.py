"""What Pods are told of why they have no node: one write at a time for each, the newest in place of those that wait.

    say ─► being written ─► (what was said last meanwhile) ─► being written ─► told
                          └─ over: not any more, the Pod gets a node

Writes of one Pod that overtook each other would leave it with yesterday's news: above all, that it has no node after
its binding says which one it has.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from wherry.api.errors import ApiError, NotFound
from wherry.api.types.core_v1 import Pod
from wherry.client import Client
from wherry.lib.clock import Clock
from wherry.lib.tasks import Tasks
from wherry.scheduler import writes
from wherry.scheduler.model import PodInfo

log = logging.getLogger(__name__)


class News(Struct, frozen=True):
    """Why a Pod has no node, and which one it is promised: "" takes a promise back, None leaves it as it is."""

    pod: PodInfo
    message: str
    reason: str
    nominated: str | None


class Telling:
    """Writes news behind, in order."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        tasks: Tasks,
        current: Callable[[PodInfo], Pod | None],
        gone: Callable[[str], object],
    ) -> None:
        """`current` is what a Pod is now; `gone` is told the UID of one that turns out not to be there any more."""
        self._client = client
        self._clock = clock
        self._tasks = tasks
        self._current = current
        self._gone = gone
        self._writing: dict[str, asyncio.Task[None]] = {}
        self._next: dict[str, News] = {}

    def say(self, news: News) -> None:
        """Have it written; at once, unless something else is being written of the Pod."""
        uid = news.pod.uid
        unsaid = self._next.get(uid)
        if unsaid is not None and news.nominated is None:
            news = replace(news, nominated=unsaid.nominated)
        self._next[uid] = news
        if uid not in self._writing:
            self._writing[uid] = self._tasks.spawn(self._write_all(uid))

    async def over(self, uid: str) -> None:
        """The Pod is to be bound: say no more of it, and return once nothing of it is being written."""
        self._next.pop(uid, None)
        if (writing := self._writing.get(uid)) is not None:
            await asyncio.wait((writing,))

    async def _write_all(self, uid: str) -> None:
        try:
            while (news := self._next.pop(uid, None)) is not None:
                await self._write(news)
        finally:
            del self._writing[uid]
            self._next.pop(uid, None)

    async def _write(self, news: News) -> None:
        pod = news.pod
        current = self._current(pod)
        if current is None:
            return
        try:
            await writes.mark_unschedulable(
                self._client,
                current,
                news.message,
                self._clock.time(),
                reason=news.reason,
                nominated=news.nominated,
            )
        except NotFound:
            self._gone(pod.uid)
        except (ApiError, ConnectionError) as error:
            log.warning("noting that %s does not fit failed: %s", pod.key, error)
