"""The cluster's clock.

GET  /wherry/clock                      {"now": "2023-11-14T22:13:20.000000Z", "runs": false}
POST /wherry/clock {"seconds": 3600}    the same, an hour later, with all that happened meanwhile done
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct
from msgspec.json import Decoder

from wherry.lib.clock import format_micro_time
from wherry.testing.clock import ManualClock, TravelClock
from wherry.testing.cluster.remote.doors import Paths, door, read, show
from wherry.testing.cluster.remote.hands import Hands
from wherry.transport.messages import Request, Response

_LONGEST = 100 * 366 * 86400


class _Span(Struct, frozen=True, forbid_unknown_fields=True):
    seconds: Annotated[float, Meta(ge=0, le=_LONGEST)]


_SPAN = Decoder(_Span)


def clock_paths(hands: Hands) -> Paths:
    """The path of the clock."""

    async def look(request: Request) -> Response:
        return _shown(hands.clock)

    async def advance(request: Request) -> Response:
        span = read(request, _SPAN)
        await hands.act(lambda: hands.clock.advance(span.seconds))
        return _shown(hands.clock)

    return {"/wherry/clock": door(GET=look, POST=advance)}


def _shown(clock: ManualClock) -> Response:
    return show({"now": format_micro_time(clock.time()), "runs": isinstance(clock, TravelClock)})
