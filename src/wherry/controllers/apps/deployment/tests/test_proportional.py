"""The table that upstream holds its own scaling to: sizes of the ReplicaSets, newest first, before and after."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from wherry.controllers.apps.deployment.model import DESIRED, MAX, Replicas, Rollout
from wherry.controllers.apps.deployment.proportional import scaled


def rollout(replicas: int, surge: int = 0, unavailable: int = 0) -> Rollout:
    return Rollout("foo", replicas, surge, unavailable, is_rolling=True)


def replica_sets(sizes: list[int], desired: int, surge: int, available: int | None) -> list[Replicas]:
    annotations = {DESIRED: str(desired), MAX: str(desired + surge)}
    return [
        Replicas(
            f"foo-{number}",
            size,
            available=size if available is None else available,
            created=float(-number),
            annotations=annotations,
        )
        for number, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("before", "after", "sizes", "expected", "has_new"),
    [
        pytest.param((10, 0), (12, 0), [10], [12], True, id="normal scaling: 10 to 12"),
        pytest.param((10, 0), (5, 0), [10], [5], True, id="normal scaling: 10 to 5"),
        pytest.param((5, 0), (10, 0), [2, 3], [4, 6], True, id="proportional: 5 to 10"),
        pytest.param((5, 0), (3, 0), [2, 3], [1, 2], True, id="proportional: 5 to 3"),
        pytest.param((9, 0), (4, 0), [8, 1], [4, 0], True, id="proportional: 9 to 4"),
        pytest.param((7, 0), (10, 0), [2, 3, 2], [3, 4, 3], True, id="proportional: 7 to 10"),
        pytest.param((13, 0), (8, 0), [2, 8, 3], [1, 5, 2], True, id="proportional: 13 to 8"),
        pytest.param((3, 0), (4, 0), [1, 1, 1], [2, 1, 1], True, id="what is left over goes to the newest: 3 to 4"),
        pytest.param(
            (3, 0), (2, 0), [1, 1, 1], [1, 1, 0], True, id="what is left over is taken from the oldest: 3 to 2"
        ),
        pytest.param((4, 0), (5, 0), [2, 2], [3, 2], False, id="no new one: 4 to 5"),
        pytest.param((6, 0), (0, 0), [3, 2, 1], [0, 0, 0], True, id="to zero"),
        pytest.param((6, 0), (6, 0), [0, 0, 0], [6, 0, 0], True, id="from zero"),
        pytest.param((10, 2), (20, 2), [6, 6], [11, 11], True, id="with surge"),
        pytest.param((10, 3), (50, 6), [5, 8], [22, 34], True, id="surge and size"),
        pytest.param((10, 0), (14, 0), [7, 3], [10, 4], False, id="size and template"),
    ],
)
def test_scaled(
    before: tuple[int, int], after: tuple[int, int], sizes: list[int], expected: list[int], has_new: bool
) -> None:
    found = replica_sets(sizes, *before, None)
    new, old = (found[0], found[1:]) if has_new else (None, found)
    changed = scaled(rollout(*after), new, old)
    assert [changed.get(one.name, one.spec) for one in found] == expected


def test_a_replica_set_that_failed_to_be_scaled_is_scaled_again() -> None:
    new, failed, oldest = replica_sets([2, 1, 1], 5, 0, None)
    failed = Replicas("foo-1", 1, available=1, created=-1.0, annotations={DESIRED: "3", MAX: "3"})
    assert scaled(rollout(5), new, [failed, oldest])["foo-1"] == 2


@pytest.mark.parametrize(("replicas", "changed"), [(4, {"foo-2": 2}), (2, {"foo-0": 0})])
def test_of_the_same_age_and_size_the_name_decides(replicas: int, changed: dict[str, int]) -> None:
    sets = [replace(one, created=0.0) for one in replica_sets([1, 1, 1], 3, 0, None)]
    assert scaled(rollout(replicas), sets[0], sets[1:]) == {"foo-0": 1, "foo-1": 1, "foo-2": 1, **changed}


def test_a_new_one_that_is_broken_leaves_the_old_ones_alone() -> None:
    new, old = replica_sets([2, 1], 2, 1, 0)
    assert scaled(rollout(2, 1, 1), new, [old]) == {"foo-0": 2, "foo-1": 1}
