from __future__ import annotations

from wherry.api.types.core_v1 import Pod, Service
from wherry.api.types.decoding import convert
from wherry.client import Key
from wherry.controllers.discovery.triggertimes import TriggerTimes
from wherry.controllers.tests.views import NOW, pod
from wherry.lib.clock import format_time

MADE = format_time(NOW - 500)
SERVICE = convert(Service, {"metadata": {"name": "web", "namespace": "default", "creationTimestamp": MADE}})


def ready(name: str, seconds: float) -> Pod:
    return pod(name, ready=seconds)


def test_the_earliest_change_since_the_last_look_counts() -> None:
    times = TriggerTimes()
    assert times.note(SERVICE, []) == MADE
    assert times.note(SERVICE, []) is None
    assert times.note(SERVICE, [ready("a", 30), ready("b", 20)]) == format_time(NOW - 30)
    assert times.note(SERVICE, [ready("a", 30), ready("b", 10)]) == format_time(NOW - 10)
    assert times.note(SERVICE, [ready("b", 10)]) is None, "nobody knows when a Pod went"


def test_what_is_forgotten_is_new_again() -> None:
    times = TriggerTimes()
    times.note(SERVICE, [ready("a", 30)])
    times.forget(Key("default", "web"))
    assert times.note(SERVICE, [ready("a", 30)]) == MADE
