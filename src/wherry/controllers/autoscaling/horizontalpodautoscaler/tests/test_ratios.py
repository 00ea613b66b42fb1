from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Unavailable
from wherry.controllers.autoscaling.horizontalpodautoscaler.pods import Groups
from wherry.controllers.autoscaling.horizontalpodautoscaler.ratios import (
    Answer,
    Tolerance,
    by_average,
    by_share,
    by_utilization,
    by_value,
)

USUAL = Tolerance()


def groups(used: dict[str, int], unready: tuple[str, ...] = (), missing: tuple[str, ...] = ()) -> Groups:
    return Groups(len(used), unready, missing, used)


ASKED = dict.fromkeys(("a", "b", "c", "d"), 1000)
UTILIZATIONS = [
    pytest.param(30, groups({"a": 300, "b": 500, "c": 700}), 3, Answer(5, 500, 50), id="more"),
    pytest.param(50, groups({"a": 100, "b": 300}), 2, Answer(1, 200, 20), id="fewer"),
    pytest.param(100, groups({"a": 1010, "b": 1030}), 2, Answer(2, 1020, 102), id="near enough"),
    pytest.param(30, groups({"a": 400}, missing=("b",)), 2, Answer(2, 400, 40), id="missing damps more"),
    pytest.param(50, groups({"a": 100, "b": 100, "c": 100}, missing=("d",)), 4, Answer(3, 100, 10), id="and fewer"),
    pytest.param(60, groups({"a": 100}, missing=("b",)), 2, Answer(2, 100, 10), id="never turns round"),
    pytest.param(30, groups({"a": 600}, unready=("b", "c")), 3, Answer(3, 600, 60), id="unready damp more"),
    pytest.param(
        200, groups({"a": 500, "b": 500}, missing=("c",)), 3, Answer(2, 500, 50), id="missing ones use the target"
    ),
    pytest.param(50, groups({"a": 100}, unready=("b",)), 2, Answer(1, 100, 10), id="unready do not hinder fewer"),
]


@pytest.mark.parametrize(("target", "seen", "current", "answer"), UTILIZATIONS)
def test_utilization(target: int, seen: Groups, current: int, answer: Answer) -> None:
    assert by_utilization(current, target, seen, lambda: ASKED, USUAL) == answer


def test_averages() -> None:
    assert by_average(3, 15000, groups({"a": 20000, "b": 10000, "c": 30000}), USUAL) == Answer(4, 20000)
    assert by_average(2, 20000, groups({"a": 5000}, missing=("b",)), USUAL) == Answer(2, 5000)
    with pytest.raises(Unavailable, match="did not receive metrics for targeted pods"):
        by_average(2, 20000, groups({}), USUAL)


def test_one_figure() -> None:
    assert by_value(3, 20000, 15000, 3, USUAL) == Answer(4, 20000)
    assert by_value(0, 20000, 15000, None, USUAL) == Answer(2, 20000)
    assert by_value(3, 15100, 15000, None, USUAL) == Answer(3, 15100)
    assert by_share(3, 20000, 5000, USUAL) == Answer(4, 6667)
    assert by_share(4, 20000, 5000, USUAL) == Answer(4, 5000)
    assert by_share(0, 20000, 5000, USUAL) == Answer(4, 0)


def test_tolerance_has_two_sides() -> None:
    wide = Tolerance(up=0.0, down=0.5)
    assert by_average(2, 1000, groups({"a": 1001, "b": 1001}), wide).replicas == 3
    assert by_average(2, 1000, groups({"a": 500, "b": 500}), wide).replicas == 2


figures = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5000), min_size=1)


@given(figures, st.sets(st.sampled_from("ghi")), st.sets(st.sampled_from("jkl")), st.integers(1, 300))
def test_assumptions_about_pods_without_figures_never_make_a_change_larger(
    used: dict[str, int], unready: set[str], missing: set[str], target: int
) -> None:
    asked = dict.fromkeys("abcdefghijkl", 1000)
    current = len(used) + len(unready) + len(missing)
    seen = groups(used, tuple(unready), tuple(missing))
    found = by_utilization(current, target, seen, lambda: asked, USUAL)
    percent = sum(used.values()) * 100 // (1000 * len(used))
    if percent > target and missing:
        assert found.replicas >= current
    if percent < target and missing:
        assert found.replicas <= current
