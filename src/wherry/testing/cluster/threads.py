"""An event loop in a thread of its own, for callers that have none, or none that can settle."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from wherry.testing.eventloop import SettlingLoop

T = TypeVar("T")


class LoopThread:
    """A `SettlingLoop` that runs until `close`. Dies with the process if nobody closes it."""

    __slots__ = ("_loop", "_ready", "_thread")

    def __init__(self, name: str) -> None:
        self._ready = threading.Event()
        self._loop: SettlingLoop | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._ready.wait()

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine over there and wait for it; an interrupt of the wait is an end of the coroutine too."""
        assert threading.current_thread() is not self._thread, "a cluster's own callbacks cannot wait for it"
        future = asyncio.run_coroutine_threadsafe(make(), self._open_loop())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def call_async(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The same for callers on another event loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(make(), self._open_loop()))

    def close(self) -> None:
        """End the loop, and whatever still runs on it, and wait for both."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()

    def _open_loop(self) -> SettlingLoop:
        if self._loop is None:
            raise RuntimeError("the cluster is closed")
        return self._loop

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=SettlingLoop) as runner:
            loop = runner.get_loop()
            assert isinstance(loop, SettlingLoop)
            self._loop = loop
            asyncio.set_event_loop(loop)
            self._ready.set()
            loop.run_forever()
