"""What holds of every simulated life, whatever its behaviour, whenever somebody looks, and when it is taken up."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api import Obj
from wherry.lib.clock import format_time
from wherry.providers.simulated.behaviour import Behaviour, ContainerBehaviour
from wherry.providers.simulated.resuming import resume
from wherry.providers.simulated.tests.test_life import BEGIN, Images, Story

SECONDS = st.integers(0, 40).map(float)
FARES = st.builds(
    ContainerBehaviour,
    pull_seconds=SECONDS,
    run_seconds=st.lists(st.none() | SECONDS, min_size=1, max_size=3).map(tuple),
    exit_codes=st.lists(st.integers(0, 2), min_size=1, max_size=3).map(tuple),
    started_after=SECONDS,
    ready_after=st.none() | SECONDS,
    ready_until=st.none() | SECONDS,
    alive_seconds=st.none() | st.integers(1, 40).map(float),
    stop_seconds=SECONDS,
)
BEHAVIOURS = st.builds(
    Behaviour,
    start_seconds=SECONDS,
    default=FARES,
    containers=st.dictionaries(st.sampled_from(["main", "init", "side"]), FARES),
)
SPECS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "restartPolicy": st.sampled_from(["Always", "OnFailure", "Never"]),
        "initContainers": st.lists(
            st.sampled_from(
                [{"name": "init", "image": "i"}, {"name": "side", "image": "s", "restartPolicy": "Always"}]
            ),
            unique_by=lambda each: str(each["name"]),
            max_size=2,
        ),
    }
)
LOOKS = st.lists(st.integers(0, 400), max_size=12).map(sorted)


def restarts(status: Obj) -> dict[str, int]:
    lists = ("containerStatuses", "initContainerStatuses")
    return {each["name"]: each["restartCount"] for name in lists for each in status.get(name, ())}


@settings(max_examples=40, deadline=None)
@given(BEHAVIOURS, SPECS, LOOKS)
def test_it_does_not_matter_who_looks_when(behaviour: Behaviour, spec: dict[str, Any], looks: list[int]) -> None:
    watched, late = Story(behaviour, **spec), Story(behaviour, **spec)
    for second in looks:
        watched.to(second)
    assert watched.to(500)["status"]["containerStatuses"] == late.to(500)["status"]["containerStatuses"]
    assert watched.told == late.told


@settings(max_examples=40, deadline=None)
@given(BEHAVIOURS, SPECS, LOOKS)
def test_safety_what_is_over_is_over(behaviour: Behaviour, spec: dict[str, Any], looks: list[int]) -> None:
    story = Story(behaviour, **spec)
    phase, counts = "Pending", restarts({})
    for second in [0, *looks, 500]:
        status = story.to(second)["status"]
        assert phase not in ("Succeeded", "Failed") or status["phase"] == phase
        now = restarts(status)
        assert all(now[name] >= count for name, count in counts.items())
        phase, counts = status["phase"], now
        ready = [each for each in status.get("containerStatuses", ()) if each["ready"]]
        assert all("running" in each["state"] for each in ready)


@settings(max_examples=40, deadline=None)
@given(BEHAVIOURS, SPECS, st.integers(0, 300), st.integers(0, 60))
def test_liveness_a_deleted_pod_ends_within_its_grace(
    behaviour: Behaviour, spec: dict[str, Any], at: int, grace: int
) -> None:
    story = Story(behaviour, **spec)
    story.to(at)
    story.delete(at, grace)
    story.to(at + grace)
    assert story.life.ended
    assert not story.life.runtime.has_running


@settings(max_examples=40, deadline=None)
@given(BEHAVIOURS, SPECS, st.integers(0, 300))
def test_a_life_that_is_taken_up_goes_on_as_it_was(behaviour: Behaviour, spec: dict[str, Any], at: int) -> None:
    story = Story(behaviour, **spec)
    story.to(0)
    before = dict(story.to(at)["status"])
    assert before["startTime"] == format_time(BEGIN)
    story.life = resume(story.pod, behaviour, Images(), BEGIN + at)
    assert not story.life.told
    after = story.to(at)["status"]
    assert restarts(after) == restarts(before)
    assert after["phase"] == before["phase"]
