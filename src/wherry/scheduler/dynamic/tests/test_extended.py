"""Which requests stand for the extended resources of containers, and who uses which: upstream's cases."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wherry.api.types.core_v1 import Pod
from wherry.api.types.resource_v1 import DeviceClass
from wherry.scheduler.dynamic.extended import classes_by_resource, extended

GPU, NIC = "example.com/gpu", "example.com/nic"


def container(name: str, policy: str = "", **amounts: int) -> dict[str, Any]:
    names = {"gpu": GPU, "nic": NIC, "cpu": "cpu"}
    requests = {names[key]: str(amount) for key, amount in amounts.items()}
    more = {"restartPolicy": policy} if policy else {}
    return {"name": name, "resources": {"requests": requests}, **more}


def pod(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = ()) -> Pod:
    spec = {"containers": containers, "initContainers": init}
    return msgspec.convert({"metadata": {"name": "p", "namespace": "default", "uid": "u"}, "spec": spec}, Pod)


CASES: dict[str, tuple[Pod, list[str], list[str]]] = {
    "nothing": (pod(container("a", cpu=1)), [], []),
    "one": (pod(container("a", gpu=2)), ["0-0=2"], ["a:0-0"]),
    "others come before it by name": (pod(container("a", cpu=1, gpu=2, nic=1)), ["0-1=2", "0-2=1"], ["a:0-1", "a:0-2"]),
    "two containers": (pod(container("a", gpu=2), container("b", gpu=1)), ["0-0=2", "1-0=1"], ["a:0-0", "b:1-0"]),
    "what runs before uses what comes later": (
        pod(container("a", gpu=2), init=(container("i", gpu=1),)),
        ["1-0=2"],
        ["a:1-0", "i:1-0"],
    ),
    "what runs before needs more": (
        pod(container("a", gpu=2), init=(container("i", gpu=3),)),
        ["0-0=1", "1-0=2"],
        ["a:1-0", "i:1-0", "i:0-0"],
    ),
    "the greediest of those before": (
        pod(container("a", gpu=1), init=(container("i", gpu=2), container("j", gpu=4))),
        ["1-0=3", "2-0=1"],
        ["a:2-0", "i:2-0", "i:1-0", "j:2-0", "j:1-0"],
    ),
    "sidecars stay": (
        pod(container("a", gpu=1), init=(container("s", "Always", gpu=1), container("i", gpu=1))),
        ["0-0=1", "2-0=1"],
        ["s:0-0", "a:2-0", "i:2-0"],
    ),
}


@pytest.mark.parametrize(("one", "requests", "mappings"), CASES.values(), ids=CASES)
def test_requests(one: Pod, requests: list[str], mappings: list[str]) -> None:
    found = extended(one, {GPU: "gpu", NIC: "nic"})
    names = [f"{each['name']}={each['exactly']['count']}" for each in found.requests]
    assert [name.replace("container-", "").replace("request-", "") for name in names] == requests
    used = [f"{each['containerName']}:{each['requestName']}" for each in found.mappings]
    assert [name.replace("container-", "").replace("request-", "") for name in used] == mappings


def test_which_class_stands_for_a_resource() -> None:
    def made(name: str, second: int, resource: str = "") -> DeviceClass:
        spec = {"extendedResourceName": resource} if resource else {}
        metadata = {"name": name, "creationTimestamp": f"2026-01-01T00:00:0{second}Z"}
        return msgspec.convert({"metadata": metadata, "spec": spec}, DeviceClass)

    found = classes_by_resource([made("old", 1, GPU), made("b", 2, GPU), made("a", 2, GPU), made("plain", 3)])
    assert {name: one.metadata.name for name, one in found.items()} == {
        GPU: "a",
        "deviceclass.resource.kubernetes.io/old": "old",
        "deviceclass.resource.kubernetes.io/b": "b",
        "deviceclass.resource.kubernetes.io/a": "a",
        "deviceclass.resource.kubernetes.io/plain": "plain",
    }
