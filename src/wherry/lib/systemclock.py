"""The machine's own clock, on the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic as monotonic_time
from time import time as wall_time

from wherry.lib.clock import Timer


class SystemClock:
    """A `Clock` that tells the machine's time."""

    __slots__ = ()

    time = staticmethod(wall_time)
    monotonic = staticmethod(monotonic_time)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)
