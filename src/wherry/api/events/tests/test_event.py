"""One event in two spellings."""

from __future__ import annotations

from wherry.api.events.event import EVENTS, from_core, to_core

CORE = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "e"},
    "involvedObject": {"kind": "Pod", "name": "p"},
    "message": "hello",
    "source": {"component": "kubelet"},
    "firstTimestamp": "2026-01-01T00:00:00Z",
    "lastTimestamp": "2026-01-01T00:00:00Z",
    "count": 2,
    "reportingComponent": "kubelet",
    "series": {"count": 3},
}


def test_there_and_back() -> None:
    new = from_core(CORE)
    assert new["apiVersion"] == "events.k8s.io/v1"
    assert new["note"] == "hello"
    assert new["deprecatedCount"] == 2
    assert to_core(new) == CORE


def test_fields_are_those_of_the_new_spelling() -> None:
    new = from_core(CORE)
    assert EVENTS.fields["regarding.name"](new) == "p"
    assert EVENTS.fields["reportingController"](new) == "kubelet"
