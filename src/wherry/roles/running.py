"""What all roles share when they run as a process: uvloop, logging, signals, memory."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop

log = logging.getLogger(__name__)


def run_role(role: Callable[[asyncio.Event], Awaitable[None]], verbose: bool) -> int:
    """Run until SIGTERM or SIGINT sets the event that the role was given, and it has returned."""
    _set_up_logging(verbose)
    collect_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_told(role))
    return 0


def collect_seldom() -> None:
    """Start-up makes many objects that live for ever and few cycles: the collector would only walk over them."""
    gc.set_threshold(50_000, 20, 50)


def settle() -> None:
    """Call when a role is ready: what exists now is taken out of the garbage collector's sight."""
    gc.collect()
    gc.freeze()


async def _until_told(role: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await role(stop)


def _set_up_logging(verbose: bool) -> None:
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
    logging.getLogger("wherry").setLevel(logging.DEBUG if verbose else logging.INFO)
