"""Pods that run as their status says are taken up without another look; all others are looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wherry.api import Obj
from wherry.providers.simulated.behaviour import Behaviour, ContainerBehaviour
from wherry.providers.simulated.resting import says_all
from wherry.providers.simulated.resuming import resume
from wherry.providers.simulated.tests.test_life import BEGIN, Images, Story, fares

NODE = ("172.16.0.1",)


def running(behaviour: Behaviour | None = None, **spec: Any) -> Story:
    story = Story(behaviour, **spec)
    story.to(60)
    return story


def resumed(story: Story, behaviour: Behaviour | None = None) -> Story:
    story.life = resume(story.pod, behaviour or story.life.behaviour, Images(), BEGIN + 100)
    return story


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"containers": [{"name": "a", "image": "a"}, {"name": "b", "image": "b"}]},
        {"hostNetwork": True},
        {"restartPolicy": "Never"},
        {"containers": [{"name": "a", "image": "a", "livenessProbe": {"exec": {"command": ["x"]}}}]},
    ],
    ids=["one container", "two", "the node's address", "that would not start again", "a probe"],
)
def test_what_runs_rests_and_says_what_a_look_would_say(spec: Obj) -> None:
    story = resumed(running(**spec))
    told = story.obj["status"]
    assert story.life.rests
    assert story.life.next_due(story.pod) is None
    assert story.life.status(story.pod, told, NODE) is told
    story.life.reconsider(story.pod, BEGIN + 100)
    status = story.life.status(story.pod, told, NODE)
    assert status is not told
    assert status == told
    assert not story.life.told


def test_the_address_of_its_node_is_looked_at() -> None:
    story = resumed(running())
    assert story.life.status(story.pod, story.obj["status"], ("172.16.0.9",))["hostIP"] == "172.16.0.9"


@pytest.mark.parametrize(
    "behaviour",
    [
        fares(ready_after=None),
        fares(ready_until=1000.0),
        fares(run_seconds=(1000.0,)),
        fares(alive_seconds=1000.0),
        Behaviour(containers={"main": ContainerBehaviour(ready_until=10.0)}),
    ],
    ids=["it is never ready", "it will not be ready", "it ends", "it dies", "it was ready"],
)
def test_it_does_not_rest_if_its_behaviour_says_otherwise(behaviour: Behaviour) -> None:
    assert not resumed(running(), behaviour).life.rests


def _condition(type: str, **said: Any) -> Callable[[Obj], None]:
    def change(obj: Obj) -> None:
        next(each for each in obj["status"]["conditions"] if each["type"] == type).update(said)

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["metadata"].update(generation=2),
        lambda obj: obj["metadata"].update(generation=0),
        lambda obj: obj["spec"].update(activeDeadlineSeconds=900),
        lambda obj: obj["spec"].update(readinessGates=[{"conditionType": "example.org/fed"}]),
        lambda obj: obj["spec"].update(initContainers=[{"name": "i", "image": "i"}]),
        lambda obj: obj["spec"].update(ephemeralContainers=[{"name": "e", "image": "e"}]),
        lambda obj: obj["spec"]["containers"].append({"name": "b", "image": "b"}),
        lambda obj: obj["status"].update(phase="Pending"),
        lambda obj: obj["status"]["containerStatuses"][0].update(ready=False),
        lambda obj: obj["status"]["containerStatuses"][0].update(restartCount=1),
        lambda obj: obj["status"]["containerStatuses"][0].update(state={"waiting": {"reason": "x"}}),
        lambda obj: obj["status"]["conditions"].append({"type": "PodResizePending", "status": "True"}),
        _condition("Ready", status="False"),
        _condition("PodScheduled", observedGeneration=7),
    ],
    ids=[
        "another generation",
        "no generation",
        "a deadline",
        "a gate",
        "an init container",
        "an ephemeral container",
        "one more container",
        "another phase",
        "not ready",
        "started again",
        "waiting",
        "a resize",
        "a condition",
        "a condition of another generation",
    ],
)
def test_statuses_that_leave_something_to_say(change: Callable[[Obj], None]) -> None:
    obj = running().obj
    story = Story()
    story.obj = {
        **obj,
        "metadata": {**obj["metadata"]},
        "spec": {**obj["spec"], "containers": [*obj["spec"]["containers"]]},
    }
    assert says_all(story.pod)
    change(story.obj)
    assert not says_all(story.pod)


def test_one_that_is_to_go_ends() -> None:
    story = resumed(running())
    story.delete(100)
    story.to(200)
    assert story.life.ended


def test_a_reboot_wakes_it() -> None:
    story = resumed(running())
    story.life.reboot(BEGIN + 110)
    assert story.life.next_due(story.pod) == BEGIN + 110
    assert story.to(120)["status"]["containerStatuses"][0]["restartCount"] == 1
