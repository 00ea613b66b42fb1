"""What a Pod asks for in all."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.types.core_v1 import Pod
from wherry.scheduler.amounts import pod_requests
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
    assert pod_requests(one.spec) == {"cpu": expected, "pods": 1}
