from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.autoscaling_v2 import HorizontalPodAutoscalerBehavior
from wherry.api.types.decoding import convert
from wherry.controllers.autoscaling.horizontalpodautoscaler.behavior import History, limit, stabilize

NOW = 10_000.0


def behavior(**rules: Any) -> HorizontalPodAutoscalerBehavior:
    return convert(HorizontalPodAutoscalerBehavior, rules)


def policies(*given: tuple[str, int, int], select: str = "Max", **more: Any) -> dict[str, Any]:
    listed = [{"type": kind, "value": value, "periodSeconds": period} for kind, value, period in given]
    return {"policies": listed, "selectPolicy": select, **more}


STABLE = [
    pytest.param(None, 5, 3, (8, "ScaleDownStabilized"), id="five minutes by default"),
    pytest.param(None, 5, 9, (9, ""), id="more is taken at once"),
    pytest.param({"scaleDown": {"stabilizationWindowSeconds": 60}}, 5, 3, (4, "ScaleDownStabilized"), id="a minute"),
    pytest.param({"scaleDown": {"stabilizationWindowSeconds": 0}}, 5, 3, (3, ""), id="at once"),
    pytest.param({"scaleUp": {"stabilizationWindowSeconds": 60}}, 3, 9, (4, "ScaleUpStabilized"), id="slow up"),
    pytest.param(
        {"scaleUp": {"stabilizationWindowSeconds": 60}}, 6, 9, (6, "ScaleUpStabilized"), id="slow up is never down"
    ),
    pytest.param(
        {"scaleDown": {"stabilizationWindowSeconds": 250}}, 5, 3, (5, "ScaleDownStabilized"), id="slow down is never up"
    ),
    pytest.param(
        {"scaleUp": {"stabilizationWindowSeconds": 60}, "scaleDown": {"stabilizationWindowSeconds": 0}},
        9,
        9,
        (9, "ScaleUpStabilized"),
        id="as it is",
    ),
]


@pytest.mark.parametrize(("rules", "current", "desired", "result"), STABLE)
def test_stabilization(rules: Any, current: int, desired: int, result: tuple[int, str]) -> None:
    history = History(((NOW - 301, 20), (NOW - 200, 8), (NOW - 30, 4)))
    found = stabilize(behavior(**rules) if rules is not None else None, history, current, desired, NOW)
    assert found.replicas == result[0]
    if result[1]:
        assert found.reason == result[1]


LIMITS = [
    pytest.param(None, 3, 50, (6, "ScaleUpLimit"), id="double"),
    pytest.param(None, 1, 50, (4, "ScaleUpLimit"), id="or four"),
    pytest.param(None, 30, 99, (50, "TooManyReplicas"), id="bound above"),
    pytest.param(None, 5, 0, (2, "TooFewReplicas"), id="bound below"),
    pytest.param(None, 5, 4, (4, "DesiredWithinRange"), id="within"),
    pytest.param({"scaleUp": policies(("Pods", 2, 60))}, 5, 50, (6, "ScaleUpLimit"), id="one was added before"),
    pytest.param({"scaleUp": policies(("Pods", 2, 10))}, 5, 50, (7, "ScaleUpLimit"), id="but long ago"),
    pytest.param(
        {"scaleUp": policies(("Pods", 1, 10), ("Percent", 100, 10))}, 5, 50, (10, "ScaleUpLimit"), id="the most"
    ),
    pytest.param(
        {"scaleUp": policies(("Pods", 1, 10), ("Percent", 100, 10), select="Min")},
        5,
        50,
        (6, "ScaleUpLimit"),
        id="least",
    ),
    pytest.param({"scaleUp": policies(("Pods", 1, 10), select="Disabled")}, 5, 50, (5, "ScaleUpLimit"), id="never"),
    pytest.param({"scaleDown": policies(("Percent", 10, 10))}, 20, 3, (18, "ScaleDownLimit"), id="a tenth less"),
    pytest.param({"scaleDown": policies(("Pods", 4, 60))}, 20, 3, (15, "ScaleDownLimit"), id="from what there was"),
    pytest.param({"scaleDown": policies(("Percent", 100, 15))}, 20, 0, (2, "TooFewReplicas"), id="down to the bound"),
    pytest.param({"scaleDown": policies(("Pods", 1, 1), select="Disabled")}, 9, 3, (9, "ScaleDownLimit"), id="keep"),
]


@pytest.mark.parametrize(("rules", "current", "desired", "result"), LIMITS)
def test_limits(rules: Any, current: int, desired: int, result: tuple[int, str]) -> None:
    history = History().doing(NOW - 20, 1)
    found = limit(behavior(**rules) if rules is not None else None, history, current, desired, (2, 50), NOW)
    assert (found.replicas, found.reason) == result


def test_what_was_long_ago_is_forgotten() -> None:
    history = History().recommending(0.0, 1).doing(0.0, 1)
    later = history.recommending(NOW, 2).doing(NOW, 3)
    assert (later.recommended, later.done) == (((NOW, 2),), ((NOW, 3),))
