"""The tables that upstream holds single steps of a rolling update to: ten Pods are wanted."""

from __future__ import annotations

import pytest

from wherry.controllers.apps.deployment.model import Replicas, Rollout, fenceposts
from wherry.controllers.apps.deployment.rolling import new_size, shrunk_old


def rollout(surge: int, unavailable: int) -> Rollout:
    return Rollout("foo", 10, *fenceposts(surge, unavailable, 10), is_rolling=True)


@pytest.mark.parametrize(
    ("surge", "old", "new", "expected"),
    [
        pytest.param(0, 10, 0, 0, id="no room"),
        pytest.param(2, 10, 0, 2, id="as much as the surge"),
        pytest.param(2, 5, 0, 7, id="and what the old ones have given up"),
        pytest.param(2, 10, 2, 2, id="the surge is used up"),
        pytest.param(2, 2, 11, 10, id="never more than is wanted"),
    ],
)
def test_how_far_the_new_one_grows(surge: int, old: int, new: int, expected: int) -> None:
    fresh, former = Replicas("new", new), Replicas("old", old)
    assert new_size(rollout(surge, 0), fresh, [former, fresh]) == expected


@pytest.mark.parametrize(
    ("unavailable", "old", "new", "available", "expected"),
    [
        pytest.param(0, 10, 0, (10, 0), 9, id="one at least"),
        pytest.param(2, 10, 0, (10, 0), 8, id="as many as may be missing"),
        pytest.param(2, 10, 0, (8, 0), 8, id="those that are of no use"),
        pytest.param(2, 10, 0, (9, 0), 8, id="one of no use, and one more"),
        pytest.param(2, 8, 2, (8, 0), 8, id="not while new ones are not available"),
        pytest.param(2, 10, 0, (1, 0), 8, id="no more than may be missing, of whatever use they are"),
        pytest.param(2, 0, 10, (0, 10), 0, id="nothing is left"),
    ],
)
def test_how_far_the_old_one_shrinks(
    unavailable: int, old: int, new: int, available: tuple[int, int], expected: int
) -> None:
    former = Replicas("old", old, available=available[0])
    fresh = Replicas("new", new, available=available[1])
    assert shrunk_old(rollout(0, unavailable), fresh, [former]).get("old", old) == expected


def test_the_oldest_goes_first() -> None:
    former = [Replicas(name, 3, available=3, created=created) for name, created in (("b", 2.0), ("a", 1.0), ("c", 3.0))]
    fresh = Replicas("new", 3, available=3)
    assert shrunk_old(rollout(2, 2), fresh, former) == {"a": 0, "b": 2}


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "expected"),
    [
        (0, 0, 10, (0, 1)),
        ("10%", "1%", 1, (1, 0)),
        ("0%", "1%", 10, (0, 1)),
        ("25%", "25%", 3, (1, 0)),
        ("50%", "50%", 0, (0, 0)),
        (1, 5, 3, (1, 3)),
        (0, "100%", 4, (0, 4)),
    ],
)
def test_surge_is_rounded_up_and_what_may_be_missing_down(
    surge: int | str, unavailable: int | str, replicas: int, expected: tuple[int, int]
) -> None:
    assert fenceposts(surge, unavailable, replicas) == expected
