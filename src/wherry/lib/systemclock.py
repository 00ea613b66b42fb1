"""The machine's own clock, on the running event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from wherry.lib.clock import Timer


class SystemClock:
    """A `Clock` that tells the machine's time."""

    __slots__ = ()

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)
