"""What a Pod asks for in all."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import Pod
from wherry.scheduler.amounts import is_resized, pod_requests, score_requests
from wherry.scheduler.tests.objects import pod


def container(cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": f"c{cpu}", "resources": {"requests": {"cpu": cpu}}, **more}


CASES: dict[str, tuple[Pod, int]] = {
    "containers add up": (pod(containers=[container("1"), container("500m")]), 1500),
    "init containers run alone": (pod(containers=[container("1")], initContainers=[container("3")]), 3000),
    "small init containers do not count": (pod(containers=[container("1")], initContainers=[container("500m")]), 1000),
    "sidecars stay": (
        pod(containers=[container("1")], initContainers=[container("2", restartPolicy="Always")]),
        3000,
    ),
    "sidecars run beside later init containers": (
        pod(containers=[container("1")], initContainers=[container("2", restartPolicy="Always"), container("4")]),
        6000,
    ),
    "overhead": (pod(containers=[container("1")], overhead={"cpu": "250m"}), 1250),
    "pod-level requests": (pod(containers=[container("1")], resources={"requests": {"cpu": "5"}}), 5000),
}


@pytest.mark.parametrize(("one", "expected"), CASES.values(), ids=CASES)
def test_requests(one: Pod, expected: int) -> None:
    assert pod_requests(one) == {"cpu": expected, "pods": 1}
    assert not is_resized(one)


def status(name: str, in_force: str = "", granted: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"name": name}
    if in_force:
        found["resources"] = {"requests": {"cpu": in_force}}
    return found | ({"allocatedResources": {"cpu": granted}} if granted else {})


DEFERRED = {"type": "PodResizePending", "status": "True", "reason": "Deferred"}
INFEASIBLE = {"type": "PodResizePending", "status": "True", "reason": "Infeasible"}
MAIN = {"name": "main", "resources": {"requests": {"cpu": "1"}}}
SIDECAR = {"name": "side", "resources": {"requests": {"cpu": "1"}}, "restartPolicy": "Always"}
INIT = {"name": "first", "resources": {"requests": {"cpu": "1"}}}


def resized(*statuses: dict[str, Any], inits: list[dict[str, Any]] | None = None, **more: Any) -> Pod:
    """A container that asks for 1 by now, with what the node says of it."""
    told = {"containerStatuses": list(statuses), "initContainerStatuses": [], **more.pop("told", {})}
    return pod(containers=[MAIN], initContainers=inits or [], status=told, **more)


RESIZED: dict[str, tuple[Pod, int]] = {
    "all is as asked": (resized(status("main", "1", "1")), 1000),
    "in other words": (resized(status("main", "1000m", "1")), 1000),
    "still larger than asked": (resized(status("main", "3", "1")), 3000),
    "more is granted than asked": (resized(status("main", "1", "2")), 2000),
    "less is granted so far": (resized(status("main", "500m", "500m")), 1000),
    "only granted is told": (resized(status("main", granted="2")), 2000),
    "deferred: room is kept": (resized(status("main", "500m", "500m"), told={"conditions": [DEFERRED]}), 1000),
    "infeasible: what is asked does not count": (
        resized(status("main", "500m", "250m"), told={"conditions": [INFEASIBLE]}),
        500,
    ),
    "a sidecar": (resized(inits=[SIDECAR], told={"initContainerStatuses": [status("side", "2", "2")]}), 3000),
    "an init container is still what it was": (
        resized(inits=[INIT], told={"initContainerStatuses": [status("first", "4", "4")]}),
        4000,
    ),
    "of another container": (resized(status("other", "7", "7")), 1000),
    "largest of sums, not sum of largest": (
        pod(
            containers=[MAIN, {"name": "more", "resources": {"requests": {"cpu": "3"}}}],
            status={"containerStatuses": [status("main", "3", "3"), status("more", "1", "1")]},
        ),
        4000,
    ),
    "reported of the Pod as a whole": (
        resized(
            status("main", "9", "9"),
            told={"resources": {"requests": {"cpu": "2"}}, "allocatedResources": {"cpu": "1"}},
        ),
        2000,
    ),
    "pod-level requests": (
        resized(
            resources={"requests": {"cpu": "5"}},
            overhead={"cpu": "250m"},
            told={"resources": {"requests": {"cpu": "6250m"}}, "allocatedResources": {"cpu": "5250m"}},
        ),
        6250,
    ),
    "pod-level requests that are infeasible": (
        resized(
            resources={"requests": {"cpu": "50"}},
            told={
                "resources": {"requests": {"cpu": "5"}},
                "allocatedResources": {"cpu": "4"},
                "conditions": [INFEASIBLE],
            },
        ),
        5000,
    ),
}


@pytest.mark.parametrize(("one", "expected"), RESIZED.values(), ids=RESIZED)
def test_requests_while_a_pod_is_resized(one: Pod, expected: int) -> None:
    assert pod_requests(one) == {"cpu": expected, "pods": 1}


def asking(**requests: str) -> dict[str, Any]:
    return {"name": "-".join(requests.values()) or "nothing", "resources": {"requests": requests}}


MIB = 1024 * 1024
SCORED: dict[str, tuple[Pod, int, int]] = {
    "nothing asked": (pod(containers=[asking()]), 100, 200 * MIB),
    "each container counts": (pod(containers=[asking(), asking(cpu="1")]), 1100, 400 * MIB),
    "an explicit nothing is one": (pod(containers=[asking(cpu="0")]), 0, 200 * MIB),
    "init containers too": (pod(containers=[asking(cpu="50m")], initContainers=[asking()]), 100, 200 * MIB),
    "overhead comes on top": (pod(containers=[asking()], overhead={"cpu": "10m", "memory": "1Mi"}), 110, 201 * MIB),
    "pod-level requests": (
        pod(containers=[asking(), asking()], resources={"requests": {"cpu": "50m", "memory": "10Mi"}}),
        50,
        10 * MIB,
    ),
    "pod-level requests of CPU alone": (
        pod(containers=[asking(), asking()], resources={"requests": {"cpu": "50m"}}),
        50,
        400 * MIB,
    ),
    "pod-level requests beside one container's": (
        pod(containers=[asking(), asking(memory="1Mi")], resources={"requests": {"cpu": "50m"}}),
        50,
        1 * MIB,
    ),
}


@pytest.mark.parametrize(("one", "cpu", "memory"), SCORED.values(), ids=SCORED)
def test_scores_count_small_containers(one: Pod, cpu: int, memory: int) -> None:
    assert score_requests(one) == {"cpu": cpu, "memory": memory}
