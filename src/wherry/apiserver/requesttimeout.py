"""How long a request may take, as its sender says: `?timeout=10s`, which is what `kubectl --request-timeout` sends.

Watches and the streams of pods go on for as long as they like. What was ordered of the store is carried out, even when
its sender is told that it took too long; he has to look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from wherry.api.errors import BadRequest, Timeout
from wherry.apiserver.requestinfo import RequestInfo
from wherry.lib.clock import Clock
from wherry.lib.goduration import parse_go_duration
from wherry.transport.messages import Reply

MOST_SECONDS = 60.0
"""Upstream's own limit; who asks for more, for nothing or for less than that gets it."""
_LONG_RUNNING = frozenset({"attach", "exec", "log", "portforward", "proxy"})
_READS = frozenset({"get", "list"})


def seconds_of(text: str, info: RequestInfo) -> float | None:
    """The seconds that a request may take; None for those that nothing limits. Raises BadRequest."""
    if not text or info.verb in ("watch", "proxy") or info.subresource in _LONG_RUNNING:
        return None
    try:
        asked = parse_go_duration(text)
    except ValueError as error:
        raise BadRequest(f"invalid timeout specified in the request URL - {error}") from None
    return asked if 0 < asked < MOST_SECONDS else MOST_SECONDS


async def in_time(clock: Clock, answer: Awaitable[Reply], seconds: float, verb: str) -> Reply:
    """The reply, if it comes within `seconds`; else raises Timeout."""
    task = asyncio.current_task()
    assert task is not None
    is_over = False

    def expire() -> None:
        nonlocal is_over
        is_over = True
        task.cancel()

    timer = clock.call_later(seconds, expire)
    try:
        return await answer
    except asyncio.CancelledError:
        if is_over and not task.uncancel():
            raise _timeout(verb) from None
        raise
    finally:
        timer.cancel()


def _timeout(verb: str) -> Timeout:
    if verb in _READS:
        return Timeout("Timeout: request did not complete within the allotted timeout", {})
    return Timeout("Timeout: request did not complete within requested timeout - context deadline exceeded", {})
