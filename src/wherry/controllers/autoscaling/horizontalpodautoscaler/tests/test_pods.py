"""The cases of upstream's `groupPods` and of what Pods request."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.types.core_v1 import Pod
from wherry.api.types.decoding import convert
from wherry.controllers.autoscaling.horizontalpodautoscaler.metrics import Sample, Unavailable
from wherry.controllers.autoscaling.horizontalpodautoscaler.pods import Groups, count_ready, group, requests
from wherry.controllers.tests.views import NOW
from wherry.lib.clock import format_time

DAY = 86_400.0


def pod(
    name: str = "a",
    phase: str = "Running",
    started: float | None = DAY,
    ready: str = "True",
    since: float = DAY,
    **meta: Any,
) -> Pod:
    """Times are seconds ago."""
    status: Obj = {"phase": phase}
    if started is not None:
        status["startTime"] = format_time(NOW - started)
    if ready:
        condition = {"type": "Ready", "status": ready, "lastTransitionTime": format_time(NOW - since)}
        status["conditions"] = [condition]
    return convert(Pod, {"metadata": {"name": name, "namespace": "ns", **meta}, "status": status})


def sample(taken: float, window: float = 60.0) -> dict[str, Sample]:
    return {"a": Sample(5, NOW - taken, window)}


READY: tuple[Any, ...] = (1, (), (), {"a": 5})
UNREADY: tuple[Any, ...] = (0, ("a",), (), {})
CASES = [
    pytest.param(pod(ready="", started=None), sample(0), "memory", READY, id="memory counts whatever is not ready"),
    pytest.param(pod(ready=""), sample(0), "cpu", UNREADY, id="nobody says that it is ready"),
    pytest.param(pod(started=None), sample(0), "cpu", UNREADY, id="nobody says since when it runs"),
    pytest.param(pod(started=120, since=90), sample(29), "cpu", READY, id="young, with figures of its readiness"),
    pytest.param(pod(started=120, since=90), sample(31), "cpu", UNREADY, id="young, with figures of its start"),
    pytest.param(pod(started=120, since=30), sample(0, 30), "cpu", READY, id="young, exactly one window ready"),
    pytest.param(pod(started=120, ready="False", since=30), sample(0), "cpu", UNREADY, id="young and not ready"),
    pytest.param(pod(started=301, since=1), sample(60), "cpu", READY, id="old, with old figures"),
    pytest.param(pod(started=600, ready="False", since=500), sample(0), "cpu", READY, id="old, was ready once"),
    pytest.param(pod(started=600, ready="False", since=571), sample(0), "cpu", UNREADY, id="old, never was ready"),
    pytest.param(pod(), {}, "cpu", (0, (), ("a",), {}), id="without figures"),
    pytest.param(pod(phase="Pending"), sample(0), "memory", UNREADY, id="pending"),
    pytest.param(pod(phase="Pending"), {}, "cpu", UNREADY, id="pending without figures"),
    pytest.param(pod(phase="Failed"), sample(0), "cpu", (0, (), (), {}), id="failed"),
    pytest.param(pod(deletionTimestamp=format_time(NOW)), sample(0), "cpu", (0, (), (), {}), id="going"),
]


@pytest.mark.parametrize(("one", "samples", "resource", "expected"), CASES)
def test_what_a_pods_figures_are_worth(
    one: Pod, samples: dict[str, Sample], resource: str, expected: tuple[Any, ...]
) -> None:
    assert group([one], samples, resource, NOW) == Groups(*expected)


def test_pods_are_ready_when_they_run_and_say_so() -> None:
    pods = [pod("a"), pod("b", ready="False"), pod("c", phase="Pending"), pod("d", ready="")]
    assert count_ready(pods) == 1


def asking(whole: str = "", *containers: str, sidecar: str = "") -> Pod:
    def sized(cpu: str) -> Obj:
        return {"resources": {"requests": {"cpu": cpu}}} if cpu else {}

    listed = [{"name": f"c{number}", **sized(cpu)} for number, cpu in enumerate(containers)]
    first = [{"name": "init", **sized("9")}]
    if sidecar:
        first.append({"name": "sidecar", "restartPolicy": "Always", **sized(sidecar)})
    spec = {"containers": listed, "initContainers": first, **sized(whole)}
    return convert(Pod, {"metadata": {"name": "a"}, "spec": spec})


@pytest.mark.parametrize(
    ("one", "container", "expected"),
    [
        (asking("", "1", "500m"), "", 1500),
        (asking("", "1", "500m"), "c1", 500),
        (asking("", "1", sidecar="250m"), "", 1250),
        (asking("", "1", sidecar="250m"), "sidecar", 250),
        (asking("3", "1", ""), "", 3000),
        (asking("3", "1", "500m"), "c1", 500),
    ],
    ids=["all", "one", "with a sidecar", "a sidecar", "the whole Pod's word", "one, whatever the whole says"],
)
def test_what_a_pod_requests(one: Pod, container: str, expected: int) -> None:
    assert requests([one], "cpu", container) == {"a": expected}


def test_a_container_that_requests_nothing_is_named() -> None:
    with pytest.raises(Unavailable, match="missing request for cpu in container c1 of Pod a"):
        requests([asking("", "1", "")], "cpu", "")
