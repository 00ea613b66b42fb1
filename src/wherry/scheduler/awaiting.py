"""Waiting until something has come about that informers will show: volumes that are bound, devices that are ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wherry.lib.clock import Clock


class Awaiting:
    """Those who wait; whoever sees a change says so by `ask`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[asyncio.Future[None], Callable[[], bool]] = {}

    async def wait(self, is_done: Callable[[], bool], seconds: float) -> None:
        """Return once `is_done` says so, asked after each change; raises what it raises, and TimeoutError in time."""
        if is_done():
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = is_done
        timer = self._clock.call_later(seconds, lambda: _fail(waiter, TimeoutError("context deadline exceeded")))
        try:
            await waiter
        finally:
            timer.cancel()
            del self._waiting[waiter]

    def ask(self) -> None:
        """Something changed."""
        for waiter, is_done in tuple(self._waiting.items()) if self._waiting else ():
            if waiter.done():
                continue
            try:
                if is_done():
                    waiter.set_result(None)
            except Exception as error:
                waiter.set_exception(error)


def _fail(waiter: asyncio.Future[None], error: Exception) -> None:
    if not waiter.done():
        waiter.set_exception(error)
