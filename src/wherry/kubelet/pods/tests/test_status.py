"""Statuses as a table (`status.json`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wherry.api import Obj
from wherry.kubelet.pods.containerstatus import Report, Waiting
from wherry.kubelet.pods.status import Verdict, derive
from wherry.kubelet.pods.tests.cases import make_pod, make_runtime

CASES = json.loads(Path(__file__).with_name("status.json").read_text())


def _derive(case: dict[str, Any], now: float = 100.0, verdict: Verdict | None = None) -> Obj:
    pod = make_pod(case.get("spec"))
    report = Report(
        waiting={name: Waiting(*parts) for name, parts in case.get("waiting", {}).items()},
        old=case.get("old", {}),
        ended=case.get("ended", False),
    )
    return derive(pod, make_runtime(pod, case["runtime"]), report, ("192.0.2.1",), now, verdict)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_status(case: dict[str, Any]) -> None:
    status = _derive(case)
    assert status["phase"] == case["phase"]
    found = {each["name"]: each for each in status.get("containerStatuses", ())}
    assert list(found) == sorted(found)
    for name, state in case.get("states", {}).items():
        assert found[name]["state"] == state
    for name, code in case.get("last", {}).items():
        assert found[name]["lastState"]["terminated"]["exitCode"] == code
    for name, count in case.get("restarts", {}).items():
        assert found[name]["restartCount"] == count
    conditions = {each["type"]: [each["status"], each.get("reason", "")] for each in status["conditions"]}
    assert conditions | case.get("conditions", {}) == conditions


def test_messages_name_the_containers() -> None:
    spec = {"containers": [{"name": "a"}, {"name": "b"}]}
    status = _derive({"spec": spec, "runtime": {"sandbox": "ready"}})
    ready = next(each for each in status["conditions"] if each["type"] == "Ready")
    assert ready["message"] == "containers with unready status: [a b]"


def test_addresses_and_generation() -> None:
    status = _derive({"runtime": {"sandbox": "ready", "containers": [{"name": "app", "state": "running"}]}})
    assert (status["podIP"], status["podIPs"]) == ("10.0.0.2", [{"ip": "10.0.0.2"}])
    assert (status["hostIP"], status["hostIPs"]) == ("192.0.2.1", [{"ip": "192.0.2.1"}])
    assert status["observedGeneration"] == 1
    assert {each["observedGeneration"] for each in status["conditions"]} == {1}
    assert status["startTime"] == "1970-01-01T00:01:40Z"


def test_transition_times_change_only_with_the_status() -> None:
    case: dict[str, Any] = {"runtime": {"sandbox": "ready"}}
    first = _derive(case)
    running = {
        **case,
        "old": first,
        "runtime": {"sandbox": "ready", "containers": [{"name": "app", "state": "running"}]},
    }
    second = _derive(running, now=200.0)
    times = {each["type"]: each["lastTransitionTime"] for each in second["conditions"]}
    assert times["Ready"] == "1970-01-01T00:03:20Z"
    assert times["PodScheduled"] == "1970-01-01T00:01:40Z"
    assert second["startTime"] == first["startTime"]


def test_a_refused_pod_says_why() -> None:
    status = _derive({"runtime": {}, "ended": True}, verdict=Verdict("Failed", "OutOfcpu", "no room"))
    assert (status["phase"], status["reason"], status["message"]) == ("Failed", "OutOfcpu", "no room")


def test_sidecars_and_init_containers() -> None:
    spec = {"initContainers": [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}]}
    containers = [
        {"name": "app", "state": "running"},
        {"name": "i", "state": "exited", "finished": 2},
        {"name": "s", "state": "running"},
    ]
    status = _derive({"spec": spec, "runtime": {"sandbox": "ready", "containers": containers}})
    inits = status["initContainerStatuses"]
    assert [(each["name"], each["ready"], each["started"]) for each in inits] == [("s", True, True), ("i", True, False)]
    assert status["phase"] == "Running"
