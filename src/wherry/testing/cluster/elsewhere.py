"""Waiting for what happens on the cluster's loop, from tasks of whichever library runs the caller's.

trio is not ours to import: who calls from a task of its has done so.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


def running_loop() -> asyncio.AbstractEventLoop | None:
    """asyncio's loop that runs the caller; None where it is another library that does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def outcomes() -> Callable[[Future[Any]], Awaitable[Any]]:
    """What waits for the outcome of something under way. Raises RuntimeError where nobody can wait."""
    if running_loop() is not None:
        return asyncio.wrap_future
    trio = sys.modules.get("trio")
    if trio is None or not trio.lowlevel.in_trio_run():
        raise RuntimeError("an AsyncCluster is used from tasks of asyncio or trio; elsewhere there is Cluster")
    return lambda future: _outcome_in_trio(future, trio)


async def _outcome_in_trio(future: Future[T], trio: Any) -> T:
    done, token = trio.Event(), trio.lowlevel.current_trio_token()

    def tell(_: Future[T]) -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(done.set)

    future.add_done_callback(tell)
    try:
        await done.wait()
    except BaseException:
        future.cancel()
        raise
    return future.result()
