"""CrashLoopBackOff by the clock."""

from __future__ import annotations

import pytest

from wherry.kubelet.pods.backoff import CrashBackoff, format_delay


def test_doubles_up_to_five_minutes() -> None:
    crash = CrashBackoff()
    delays = []
    now = 0.0
    for _ in range(8):
        assert crash.remaining("c", now, now) == crash.delay("c")
        now += crash.delay("c")
        crash.count("c", now, now)
        delays.append(crash.delay("c"))
    assert delays == [10, 20, 40, 80, 160, 300, 300, 300]


def test_the_first_restart_is_immediate() -> None:
    assert CrashBackoff().remaining("c", 5, 5) == 0


def test_a_container_that_lived_for_ten_minutes_starts_over() -> None:
    crash = CrashBackoff()
    crash.count("c", 0, 0)
    crash.count("c", 10, 10)
    assert crash.remaining("c", 611, 611) == 0
    crash.count("c", 611, 611)
    assert crash.delay("c") == 10


@pytest.mark.parametrize(("seconds", "text"), [(10, "10s"), (80, "1m20s"), (300, "5m0s")])
def test_prints_as_upstream(seconds: float, text: str) -> None:
    assert format_delay(seconds) == text
