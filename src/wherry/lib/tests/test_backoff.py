from __future__ import annotations

import pytest

from wherry.lib.backoff import Backoff, Failures


@pytest.mark.parametrize(
    ("failures", "delay"), [(0, 0.005), (1, 0.01), (10, 5.12), (17, 655.36), (18, 1000.0), (10_000, 1000.0)]
)
def test_delays_double_up_to_the_cap(failures: int, delay: float) -> None:
    assert Backoff(0.005, 1000.0).delay(failures) == pytest.approx(delay)


def test_failures_count_per_key_until_forgotten() -> None:
    failures: Failures[str] = Failures(Backoff(1, 8))
    assert [failures.next_delay("a") for _ in range(5)] == [1, 2, 4, 8, 8]
    assert failures.next_delay("b") == 1
    failures.forget("a")
    assert (failures.count("a"), failures.count("b"), failures.next_delay("a")) == (0, 1, 1)
