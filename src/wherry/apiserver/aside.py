"""Long work beside the event loop, so that nobody waits for another's large object.

Almost all writes take a fraction of a millisecond and are done at once. What takes longer, since the object is large or
its kind asks much of it (`Resource.is_laborious`), is done in a thread, step by step: only what works on the request's
own objects goes there; caches, admission and storage stay with the loop. Threads share one interpreter, so few may
work at the same time: with two of them everybody else is still served within milliseconds, and who asks for more waits
in line. Work that was begun is not broken off when its writer has gone away; its place is free when it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

PLACES = 2
"""How many threads of one control plane work at the same time."""


class Aside:
    """Where the long work of one control plane is done."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(PLACES)

    async def run(self, work: Callable[[], T]) -> T:
        """The result of long `work`, from a thread. What is not long is to be called, without asking here."""
        await self._places.acquire()
        try:
            done = asyncio.get_running_loop().run_in_executor(None, work)
        except BaseException:
            self._places.release()
            raise
        done.add_done_callback(self._leave)
        return await asyncio.shield(done)

    def _leave(self, done: asyncio.Future[Any]) -> None:
        self._places.release()
        if not done.cancelled():
            done.exception()  # Told to whoever waits; if that is nobody any more, it is no surprise.
