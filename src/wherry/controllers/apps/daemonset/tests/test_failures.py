from __future__ import annotations

from wherry.controllers.apps.daemonset.failures import FIRST, LONGEST, Rests
from wherry.testing.clock import ManualClock


async def test_a_rest_doubles_until_it_is_long_and_is_forgotten_after_a_quiet_time() -> None:
    clock = ManualClock()
    rests = Rests(clock)
    for expected in (FIRST, 2, 4, 8, 16, 32, 64, 128, 256, 512, LONGEST, LONGEST):
        assert rests.current("u") == {}
        rests.begin("u", "a")
        assert rests.current("u") == {"a": expected}
        await clock.advance(expected)
    await clock.advance(2 * LONGEST)
    rests.begin("u", "a")
    assert rests.current("u") == {"a": FIRST}
    rests.forget("u")
    assert rests.current("u") == {}
