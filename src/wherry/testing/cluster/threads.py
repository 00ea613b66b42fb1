"""An event loop in a thread of its own, for callers that have none, or none that can settle."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from wherry.testing.cluster.elsewhere import outcomes
from wherry.testing.cluster.told import TOLD
from wherry.testing.eventloop import SettlingLoop

T = TypeVar("T")

__tracebackhide__ = True  # pytest shows the test's own line instead of ours.


class LoopThread:
    """A `SettlingLoop` that runs until `close`. Dies with the process if nobody closes it."""

    __slots__ = ("_loop", "_process", "_ready", "_thread")

    def __init__(self, name: str) -> None:
        self._ready = threading.Event()
        self._loop: SettlingLoop | None = None
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def is_here(self) -> bool:
        """Whether the thread is in this process, and not in one that this was forked from."""
        return os.getpid() == self._process

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine over there and wait for it; an interrupt of the wait is an end of the coroutine too.

        What a cluster tells a test on purpose is raised here as if it came from here: how it came about inside says
        nothing to whoever reads the report of a test.
        """
        assert threading.current_thread() is not self._thread, "a cluster's own callbacks cannot wait for it"
        future = asyncio.run_coroutine_threadsafe(make(), self._open_loop())
        try:
            return future.result()
        except TOLD as error:
            raise error.with_traceback(None) from error.__cause__
        except BaseException:
            future.cancel()
            raise

    async def call_async(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The same for callers on another event loop, or on trio's."""
        wait = outcomes()
        try:
            outcome: T = await wait(asyncio.run_coroutine_threadsafe(make(), self._open_loop()))
            return outcome
        except TOLD as error:
            raise error.with_traceback(None) from error.__cause__

    def close(self) -> None:
        """End the loop, and whatever still runs on it, and wait for both."""
        loop, self._loop = self._loop, None
        if loop is not None and self.is_here:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()

    def _open_loop(self) -> SettlingLoop:
        if self._loop is None:
            raise RuntimeError("the cluster is closed")
        if not self.is_here:
            raise RuntimeError("the cluster is in the process that forked this one, which may use its kubeconfig")
        return self._loop

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=SettlingLoop) as runner:
            loop = runner.get_loop()
            assert isinstance(loop, SettlingLoop)
            self._loop = loop
            asyncio.set_event_loop(loop)
            self._ready.set()
            loop.run_forever()
