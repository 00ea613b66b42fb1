from __future__ import annotations

import pytest

from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.providers.simulated.annotations import BadAnnotation, annotated, duration
from wherry.providers.simulated.behaviour import STEADY, Behaviour, ContainerBehaviour


def pod(**annotations: str) -> Pod:
    said = {f"simulate.wherry.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return convert(Pod, {"metadata": {"name": "web", "annotations": {"other": "x", **said}}})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5), ("0.5", 0.5), ("500ms", 0.5), ("1m30s", 90), ("1.5h", 5400), ("2us", 2e-6), ("0", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "five", "5 s", "-5s", "5d", "1m30"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration(text)


def test_a_pod_that_says_nothing_fares_as_it_would() -> None:
    assert annotated(pod(), STEADY) is STEADY


def test_values_for_all_containers_and_for_one() -> None:
    base = Behaviour(containers={"proxy": ContainerBehaviour(stop_seconds=3.0)})
    found = annotated(pod(run_time="5s,forever", exit_code="1, 0", start_delay="2s", **{"main.cpu": "250m"}), base)
    assert found.start_seconds == 2.0
    assert found.of("other").run_seconds == (5.0, None)
    assert found.of("proxy").exit_codes == (1, 0)
    assert found.of("proxy").stop_seconds == 3.0
    assert found.of("main").cpu == 0.25
    assert found.of("main").run_seconds == (5.0, None)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("run_time", "soon", "annotation simulate.wherry.dev/run-time: 'soon' is no duration"),
        ("exit_code", "256", "256 is no exit code"),
        ("exit_code", "x", "invalid literal"),
        ("memory", "lots", "annotation simulate.wherry.dev/memory"),
        ("main.colour", "red", "there is no 'colour', only start-delay, pull-time"),
    ],
)
def test_what_is_refused(name: str, value: str, why: str) -> None:
    with pytest.raises(BadAnnotation, match=why):
        annotated(pod(**{name: value}), STEADY)
