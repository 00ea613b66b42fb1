"""Order, back-off, gates, and being woken by what may help."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.scheduler.model import PodInfo
from wherry.scheduler.plugins.schedulinggates import SCHEDULING_GATES
from wherry.scheduler.profile import make_profile
from wherry.scheduler.queue import Place, Queue
from wherry.scheduler.rules import NODE, PLACED_POD, Action, Hint, Plugin, Queued
from wherry.scheduler.tests.objects import info
from wherry.testing.clock import ManualClock


def only_large(pod: PodInfo, old: Any, new: Any) -> bool:
    return bool(new == "large")


PLUGINS = (
    SCHEDULING_GATES,
    Plugin("Nodes", hints=(Hint(NODE, Action.ADD | Action.LABELS),)),
    Plugin("Pods", hints=(Hint(PLACED_POD, Action.DELETE),)),
    Plugin("Large", hints=(Hint(NODE, Action.ADD, only_large),)),
)


class Woken:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def make() -> tuple[Queue, ManualClock, Woken]:
    clock, woken = ManualClock(), Woken()
    return Queue(clock, woken, [make_profile("default-scheduler", PLUGINS, ())]), clock, woken


def name(queue: Queue) -> str | None:
    return pod.key.name if (pod := queue.pop()) else None


def refused(queue: Queue, plugin: str, pod: PodInfo | None = None) -> None:
    queue.add(pod or info("web"))
    queue.pop()
    queue.refuse("uid-web", (plugin,))


def test_the_important_come_first_then_the_older() -> None:
    queue, _, _ = make()
    for pod in (info("first"), info("second"), info("urgent", priority=1000)):
        queue.add(pod)
    assert [name(queue) for _ in range(4)] == ["urgent", "first", "second", None]


def test_one_that_a_plugin_cannot_place_comes_last(caplog: pytest.LogCaptureFixture) -> None:
    def order(queued: Queued) -> str:
        if queued.pod.key.name.startswith("odd"):
            raise LookupError(queued.pod.key.name)
        return queued.pod.key.name

    queue = Queue(ManualClock(), Woken(), [make_profile("default-scheduler", (Plugin("Sort", order=order),), ())])
    for one in ("odd-1", "b", "odd-2", "a"):
        queue.add(info(one))
    assert [name(queue) for _ in range(5)] == ["a", "b", "odd-1", "odd-2", None]
    assert "sorting default/odd-1 failed" in caplog.text


async def test_only_a_change_that_may_help_wakes() -> None:
    queue, clock, woken = make()
    refused(queue, "Nodes")
    await clock.advance(2)
    queue.changed(PLACED_POD, Action.DELETE, None, None)
    queue.changed(NODE, Action.TAINTS, None, None)
    assert name(queue) is None
    queue.changed(NODE, Action.LABELS, None, None)
    assert name(queue) == "web"
    assert woken.times == 2


async def test_a_hint_looks_at_the_change() -> None:
    queue, clock, _ = make()
    refused(queue, "Large")
    await clock.advance(2)
    queue.changed(NODE, Action.ADD, None, "small")
    assert queue.place("uid-web") is Place.WAITING
    queue.changed(NODE, Action.ADD, None, "large")
    assert queue.place("uid-web") is Place.ACTIVE


async def test_a_hint_that_breaks_counts_as_help() -> None:
    def broken(pod: PodInfo, old: Any, new: Any) -> bool:
        raise ValueError

    profile = make_profile("default-scheduler", (Plugin("Broken", hints=(Hint(NODE, Action.ADD, broken),)),), ())
    queue = Queue(ManualClock(), Woken(), [profile])
    refused(queue, "Broken")
    queue.changed(NODE, Action.ADD, None, None)
    assert queue.place("uid-web") is Place.BACKING_OFF


def test_what_changes_while_a_pod_is_in_flight_counts_as_if_it_came_after() -> None:
    queue, _, _ = make()
    queue.add(info("early"))
    queue.pop()
    queue.changed(NODE, Action.ADD, None, None)
    queue.add(info("web"))
    queue.pop()
    queue.changed(PLACED_POD, Action.DELETE, None, None)
    queue.refuse("uid-web", ("Nodes",))
    queue.refuse("uid-early", ("Nodes",))
    assert queue.place("uid-web") is Place.WAITING
    assert queue.place("uid-early") is Place.BACKING_OFF


def test_a_refused_pod_rests_only_while_there_is_other_work() -> None:
    queue, _, _ = make()
    refused(queue, "Nodes")
    queue.add(info("other"))
    queue.changed(NODE, Action.ADD, None, None)
    assert queue.place("uid-web") is Place.BACKING_OFF
    assert [name(queue) for _ in range(3)] == ["other", "web", None]


def test_a_refused_pod_rests_to_the_end_where_that_is_wanted() -> None:
    queue = Queue(ManualClock(), Woken(), [make_profile("default-scheduler", PLUGINS, ())], is_eager=False)
    refused(queue, "Nodes")
    queue.changed(NODE, Action.ADD, None, None)
    assert queue.place("uid-web") is Place.BACKING_OFF
    assert name(queue) is None


async def test_an_error_backs_off_and_doubles() -> None:
    queue, clock, _ = make()
    queue.add(info("web"))
    for seconds in (1, 2, 4, 8, 10, 10):
        assert name(queue) == "web"
        queue.retry("uid-web")
        await clock.advance(seconds - 0.01)
        assert name(queue) is None
        await clock.advance(0.01)
    assert name(queue) == "web"


async def test_nothing_waits_for_more_than_five_minutes() -> None:
    queue, clock, _ = make()
    refused(queue, "Nodes")
    await clock.advance(299)
    assert name(queue) is None
    await clock.advance(1)
    assert name(queue) == "web"


async def test_a_refusal_by_nobody_in_particular_ends_with_any_change() -> None:
    queue, clock, _ = make()
    queue.add(info("web"))
    queue.pop()
    queue.refuse("uid-web", ())
    await clock.advance(2)
    queue.changed(PLACED_POD, Action.ADD, None, None)
    assert name(queue) == "web"


def test_gates_keep_a_pod_out_until_the_last_is_gone() -> None:
    queue, _, woken = make()
    queue.add(info("web", schedulingGates=[{"name": "a"}, {"name": "b"}]))
    queue.add(info("web", schedulingGates=[{"name": "b"}]))
    assert (queue.place("uid-web"), woken.times) == (Place.GATED, 0)
    queue.add(info("web"))
    assert name(queue) == "web"


async def test_what_is_removed_does_not_come_back() -> None:
    queue, clock, _ = make()
    queue.add(info("web"))
    queue.pop()
    queue.retry("uid-web")
    queue.remove("uid-web")
    await clock.advance(60)
    assert (name(queue), len(queue)) == (None, 0)


def test_counts() -> None:
    queue, _, _ = make()
    refused(queue, "Nodes")
    queue.add(info("other"))
    queue.add(info("gated", schedulingGates=[{"name": "a"}]))
    assert queue.counts() == {"active": 1, "waiting": 1, "backing off": 0, "gated": 1}
