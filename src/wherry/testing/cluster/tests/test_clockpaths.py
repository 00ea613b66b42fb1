from __future__ import annotations

import inspect

import pytest

from wherry.apiserver.access import ROOT
from wherry.testing.clock import ManualClock
from wherry.testing.cluster.clockpaths import PATH, clock_paths
from wherry.transport.messages import Peer, Request, Response


async def ask(clock: ManualClock, method: str, body: bytes = b"") -> Response:
    async def act(make):  # type: ignore[no-untyped-def]
        return await make()

    answer = clock_paths(lambda: clock, act)[PATH](Request(method, PATH, "", {}, body, Peer("", None)), ROOT)
    reply = await answer if inspect.isawaitable(answer) else answer
    assert isinstance(reply, Response)
    return reply


async def test_the_clock_is_shown_and_advanced() -> None:
    clock = ManualClock(0)
    assert (await ask(clock, "GET")).body == b'{"now": "1970-01-01T00:00:00.000000Z", "runs": false}\n'
    assert (await ask(clock, "POST", b'{"seconds": 61.5}')).body.startswith(b'{"now": "1970-01-01T00:01:01.5')  # type: ignore[union-attr]
    assert clock.time() == 61.5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"minutes": 1}',
        b'{"seconds": "1"}',
        b'{"seconds": true}',
        b'{"seconds": -1}',
        b'{"seconds": 1e99}',
    ],
)
async def test_bodies_that_do_not_say_how_far(body: bytes) -> None:
    clock = ManualClock(0)
    assert (await ask(clock, "POST", body)).status == 400
    assert clock.time() == 0


async def test_other_methods() -> None:
    assert (await ask(ManualClock(0), "DELETE")).status == 405
