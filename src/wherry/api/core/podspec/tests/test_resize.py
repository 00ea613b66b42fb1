"""What a resize may change, and what not."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api.core.podspec.resize import take_resources, validate_resize

Spec = dict[str, Any]


def container(name: str, cpu: str = "1", **more: Any) -> Spec:
    return {"name": name, "resources": {"requests": {"cpu": cpu}}, **more}


def pod(*containers: Spec, **spec: Any) -> Spec:
    return {"metadata": {}, "spec": {"containers": list(containers), **spec}}


RUNNING: Spec = {"state": {"running": {}}}
CASES: list[Any] = [
    pytest.param(pod(container("a")), pod(container("a", "2")), [], id="more cpu"),
    pytest.param(pod({"name": "a"}), pod(container("a")), ["spec: Invalid value: "], id="best effort stays"),
    pytest.param(
        pod(container("a"), container("b")),
        pod(container("b"), container("a")),
        [
            "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize",
            "spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize",
        ],
        id="order",
    ),
    pytest.param(
        pod(container("a")),
        pod(container("a"), container("b")),
        ["spec.containers: Forbidden: containers may not be added or removed on resize"],
        id="added",
    ),
    pytest.param(
        pod(container("a"), initContainers=[container("i", resizePolicy=[{"restartPolicy": "RestartContainer"}])]),
        pod(container("a"), initContainers=[container("i", "2")]),
        ["spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy"],
        id="init container",
    ),
    pytest.param(
        {**pod(container("a")), "status": {"qosClass": "Burstable", "containerStatuses": [RUNNING]}},
        pod(container("a", "2")),
        ["spec: Forbidden: Pod running on node without support for resize"],
        id="old node",
    ),
    pytest.param(
        pod(container("a"), resources={"requests": {"cpu": "2"}}),
        pod(container("a")),
        ["spec.resources: Forbidden: pod-level resources cannot be removed"],
        id="pod level",
    ),
    pytest.param(
        {**pod(container("a")), "metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}},
        pod(container("a", "2")),
        [": Forbidden: static pods cannot be resized"],
        id="static",
    ),
]


@pytest.mark.parametrize(("old", "wanted", "faults"), CASES)
def test_resize(old: Spec, wanted: Spec, faults: list[str]) -> None:
    new = {**old, "spec": dict(old["spec"])}
    take_resources(new, wanted)
    found = [str(fault) for fault in validate_resize(new, old)]
    assert len(found) == len(faults)
    assert all(said.startswith(fault) for said, fault in zip(found, faults, strict=True)), found


def test_only_resources_are_carried_over() -> None:
    obj = pod(container("a", image="i"))
    take_resources(obj, pod(container("a", "2", image="other"), nodeName="n"))
    assert obj["spec"] == {"containers": [container("a", "2", image="i")]}
