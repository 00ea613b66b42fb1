"""An event loop that knows when nothing is left to do.

    loop: every ready callback ran ──► about to wait for a socket or a timer ──► whoever awaits `settled` goes on

asyncio asks its selector to wait only when no callback is ready, so that question is the moment. What is waited for in
another thread would go unnoticed; calls meant for an executor are therefore made on the spot, which also keeps one
order of everything: two runs that are told the same things in the same order do the same.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_Ready = list[tuple[selectors.SelectorKey, int]]


class SettlingLoop(asyncio.SelectorEventLoop):
    """For a cluster whose steps a test wants to see the end of. Needs nothing of the operating system."""

    def __init__(self) -> None:
        self._settlers: list[asyncio.Future[None]] = []
        super().__init__(_IdleSelector(self._let_settlers_go))

    async def settled(self) -> None:
        """Return once nothing can happen any more before a timer runs out or a socket has something to say."""
        settler = self.create_future()
        self._settlers.append(settler)
        await settler

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Call `func` now."""
        answer: asyncio.Future[T] = self.create_future()
        try:
            answer.set_result(func(*args))
        except Exception as error:
            answer.set_exception(error)
        return answer

    def _let_settlers_go(self) -> bool:
        settlers, self._settlers = self._settlers, []
        for settler in settlers:
            if not settler.done():
                settler.set_result(None)
        return bool(settlers)


class _IdleSelector(selectors.DefaultSelector):
    """Asks `on_idle` before it waits; waits only when that has woken nobody."""

    def __init__(self, on_idle: Callable[[], bool]) -> None:
        super().__init__()
        self._on_idle = on_idle

    def select(self, timeout: float | None = None) -> _Ready:
        if timeout == 0:
            return super().select(0)
        return super().select(0) or ([] if self._on_idle() else super().select(timeout))


async def settle() -> None:
    """`SettlingLoop.settled` of the running loop; on another loop a number of turns, which is nearly as good."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, SettlingLoop):
        await loop.settled()
        return
    for _ in range(_TURNS_TO_SETTLE):
        await asyncio.sleep(0)


_TURNS_TO_SETTLE = 8
