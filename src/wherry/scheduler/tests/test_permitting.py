"""Who waits, and what ends it."""

from __future__ import annotations

import pytest

from wherry.scheduler.permitting import LONGEST, Denial, Wait, WaitingPod, WaitingPods
from wherry.scheduler.tests.objects import info
from wherry.testing.clock import ManualClock


def waiting(clock: ManualClock, **seconds: float) -> WaitingPod:
    return WaitingPod(info(), "n1", {name: Wait(each) for name, each in seconds.items()}, clock)


def decision(pod: WaitingPod) -> list[Denial | None]:
    told: list[Denial | None] = []
    pod.then(told.append)
    return told


async def test_all_must_allow_it() -> None:
    pod = waiting(clock := ManualClock(), A=10, B=20)
    told = decision(pod)
    pod.allow("A")
    assert (pod.pending, told) == (("B",), [])
    await clock.advance(15)
    pod.allow("B")
    assert decision(pod) == [None]


async def test_one_suffices_to_reject_it_and_what_comes_later_is_too_late() -> None:
    pod = waiting(ManualClock(), A=10, B=20)
    pod.reject("B", "no")
    pod.allow("A")
    pod.allow("B")
    assert decision(pod) == [Denial("B", "no")]


@pytest.mark.parametrize(
    ("seconds", "after", "text"),
    [
        (10.0, 10.0, "rejected due to timeout after waiting 10s at plugin A"),
        (3600.0, LONGEST, "rejected due to timeout after waiting 15m0s at plugin A"),
    ],
    ids=["its own time", "never more than a quarter of an hour"],
)
async def test_the_first_whose_time_is_over_rejects_it(seconds: float, after: float, text: str) -> None:
    pod = waiting(clock := ManualClock(), A=seconds, B=seconds + 1)
    await clock.advance(after)
    assert decision(pod) == [Denial("A", text)]


async def test_all_of_them() -> None:
    pods, clock = WaitingPods(), ManualClock()
    one = waiting(clock, A=10)
    pods.add(one)
    assert list(pods) == [one]
    assert pods.get("uid-web") is one
    assert pods.reject("uid-web")
    assert not pods.reject("uid-other")
    assert decision(one) == [Denial("", "removed")]
    pods.remove("uid-web")
    assert len(pods) == 0
