"""The cluster's clock over HTTP, for tests in other languages.

    GET  /wherry/clock                      {"now": "2023-11-14T22:13:20.000000Z", "runs": false}
    POST /wherry/clock {"seconds": 3600}    the same, an hour later, with all that happened meanwhile done

It stands behind the API's doors like every path: whoever is not an administrator needs a role for it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from wherry.api.errors import BadRequest, MethodNotAllowed
from wherry.apiserver.attributes import User
from wherry.apiserver.exchange import Answer
from wherry.apiserver.respond import error_reply
from wherry.lib.clock import format_micro_time
from wherry.testing.clock import ManualClock, TravelClock
from wherry.transport.messages import Request, Response

PATH = "/wherry/clock"
_LONGEST = 100 * 366 * 86400


def clock_paths(
    clock: Callable[[], ManualClock], act: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
) -> Mapping[str, Callable[[Request, User], Answer]]:
    """What a control plane serves beside its API, with the clock that is its at the time."""

    async def advance(seconds: float) -> Response:
        await act(lambda: clock().advance(seconds))
        return _show(clock())

    def answer(request: Request, user: User) -> Answer:
        if request.method == "GET":
            return _show(clock())
        if request.method != "POST":
            return error_reply(MethodNotAllowed("the clock is read by GET and advanced by POST", {}))
        seconds = _seconds(request.body)
        if seconds is None:
            return error_reply(BadRequest('the body says how far: {"seconds": 3600}'))
        return advance(seconds)

    return {PATH: answer}


def _seconds(body: bytes) -> float | None:
    """How far a request wants to go; None when it does not say so."""
    try:
        seconds = json.loads(body)["seconds"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST:
        return None
    return float(seconds)


def _show(clock: ManualClock) -> Response:
    shown = {"now": format_micro_time(clock.time()), "runs": isinstance(clock, TravelClock)}
    return Response(200, json.dumps(shown).encode() + b"\n")
