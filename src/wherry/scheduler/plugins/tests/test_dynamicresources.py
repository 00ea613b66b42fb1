"""Pods with claims, a scheduler at work, and the messages when devices do not suffice."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from wherry.api import Obj
from wherry.api.core.node import NODES
from wherry.api.dra.deviceclass import DEVICECLASSES
from wherry.api.dra.devicetaintrule import DEVICETAINTRULES
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceslice import RESOURCESLICES
from wherry.api.errors import Conflict, ServiceUnavailable
from wherry.api.features import features
from wherry.api.resource import Resource
from wherry.client import Client
from wherry.scheduler.queue import Place
from wherry.scheduler.tests.scene import Scene, scene

DRIVER = "gpu.example.com"
NO_HELP = " still not schedulable, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
NO = "0/1 nodes are available: 1 cannot allocate all claims." + NO_HELP


async def offer(at: Scene, node: str, devices: int = 1, model: str = "a", **more: Any) -> None:
    """A node whose driver offers devices."""
    await at.node(node)
    offered = [
        {"name": f"dev-{number}", "attributes": {"model": {"string": model}, "index": {"int": number}}, **more}
        for number in range(devices)
    ]
    spec: Obj = {"driver": DRIVER, "nodeName": node, "devices": offered}
    spec["pool"] = {"name": node, "generation": 1, "resourceSliceCount": 1}
    await at.client.create(RESOURCESLICES, of("ResourceSlice", f"{node}-gpus", spec))
    await at.settle()


def of(kind: str, name: str, spec: Any) -> Obj:
    return {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


async def gpu_class(at: Scene, name: str = "gpu", expression: str = f'device.driver == "{DRIVER}"') -> None:
    spec = {"selectors": [{"cel": {"expression": expression}}]}
    await at.client.create(DEVICECLASSES, of("DeviceClass", name, spec))
    await at.settle()


async def claim(at: Scene, name: str, *requests: Obj, **more: Any) -> None:
    wanted = list(requests) or [exactly()]
    await at.client.create(
        RESOURCECLAIMS, of("ResourceClaim", name, {"devices": {"requests": wanted, **more}}), "default"
    )
    await at.settle()


def exactly(name: str = "gpu", /, **more: Any) -> Obj:
    return {"name": name, "exactly": {"deviceClassName": "gpu", **more}}


async def pod(at: Scene, name: str, *claims: str, **spec: Any) -> None:
    entries = [{"name": one, "resourceClaimName": one} for one in claims]
    await at.pod(name, resourceClaims=entries, **spec)


async def allocated(at: Scene, name: str) -> list[str]:
    status = (await at.client.get(RESOURCECLAIMS, name, "default")).get("status") or {}
    results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or []
    return [f"{one['request']}={one['pool']}/{one['device']}" for one in results]


async def test_a_claim_is_allocated_and_reserved_before_its_pod_is_bound() -> None:
    async with scene() as at:
        await at.node("plain")
        await offer(at, "n1")
        await gpu_class(at)
        await claim(at, "c")
        await pod(at, "p", "c")
        assert await at.home("p") == "n1"
        found = await at.client.get(RESOURCECLAIMS, "c", "default")
        assert found["metadata"]["finalizers"] == ["resource.kubernetes.io/delete-protection"]
        uid = (await at.get("p"))["metadata"]["uid"]
        assert found["status"]["reservedFor"] == [{"resource": "pods", "name": "p", "uid": uid}]
        result = {"request": "gpu", "driver": DRIVER, "pool": "n1", "device": "dev-0"}
        only = {"key": "metadata.name", "operator": "In", "values": ["n1"]}
        assert found["status"]["allocation"] | {"allocationTimestamp": ""} == {
            "allocationTimestamp": "",
            "devices": {"results": [result]},
            "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [only]}]},
        }


async def test_devices_are_given_once_and_wait_for_each_other() -> None:
    async with scene() as at:
        await offer(at, "n1")
        await gpu_class(at)
        for name in ("c1", "c2"):
            await claim(at, name)
        await asyncio.gather(pod(at, "p1", "c1"), pod(at, "p2", "c2"))
        homes = await at.homes()
        assert sorted(homes.values()) == ["", "n1"]
        waiting = next(name for name, home in homes.items() if not home)
        assert await at.why(waiting) == NO
        other = await at.client.get(RESOURCECLAIMS, "c2" if waiting == "p1" else "c1", "default")
        other["status"] = {}
        await at.client.update(RESOURCECLAIMS, other, subresource="status")
        await at.pass_time(5)
        assert await at.home(waiting) == "n1"


async def test_a_shared_claim_keeps_its_pods_together() -> None:
    async with scene() as at:
        for node in ("n1", "n2", "n3"):
            await offer(at, node)
        await gpu_class(at)
        await claim(at, "c")
        for name in ("p1", "p2", "p3"):
            await pod(at, name, "c")
        assert len(set((await at.homes()).values())) == 1
        await pod(at, "p4", "c", nodeSelector={"kubernetes.io/hostname": "nowhere"})
        assert "3 node(s) didn't match Pod's node affinity/selector" in await at.why("p4")


async def test_what_is_missing_is_told() -> None:
    async with scene() as at:
        await offer(at, "n1")
        await pod(at, "p", "c")
        assert await at.why("p") == ""
        await claim(at, "c")
        await at.pass_time(5)
        text = "0/1 nodes are available: request gpu: device class gpu does not exist."
        assert await at.why("p") == text + NO_HELP.replace("still not schedulable", "no new claims to deallocate")
        await gpu_class(at)
        await at.pass_time(5)
        assert await at.home("p") == "n1"


async def test_selectors() -> None:
    async with scene() as at:
        await offer(at, "n1", devices=3)
        await gpu_class(at)
        last: Obj = {"selectors": [{"cel": {"expression": f'device.attributes["{DRIVER}"].index == 2'}}]}
        await claim(at, "c", exactly(**last))
        await pod(at, "p", "c")
        assert await allocated(at, "c") == ["gpu=n1/dev-2"]
        other: Obj = {"selectors": [{"cel": {"expression": '"x" in device.attributes["other.example.com"]'}}]}
        await claim(at, "d", exactly(**other))
        await pod(at, "q", "d")
        assert await at.why("q") == NO


ABSENT = f'device.attributes["{DRIVER}"].nothing == 2'
MISTAKES = {
    "of a claim": (
        "true",
        exactly(selectors=[{"cel": {"expression": "true"}}, {"cel": {"expression": ABSENT}}]),
        "claim default/c: selector #1: CEL runtime error: no such key: nothing",
    ),
    "of a domain of which the driver says nothing": (
        'device.attributes["other.example.com"].nothing == 2',
        exactly(),
        "class gpu: selector #0: CEL runtime error: no such key: nothing",
    ),
    "of a class": (ABSENT, exactly(), "class gpu: selector #0: CEL runtime error: no such key: nothing"),
    "too many": (
        "true",
        exactly(count=33),
        "claim default/c: number of requested devices 33 exceeds the claim limit of 32",
    ),
}


@pytest.mark.parametrize(("expression", "request_", "message"), MISTAKES.values(), ids=MISTAKES)
async def test_mistakes_in_what_is_asked_are_errors(expression: str, request_: Obj, message: str) -> None:
    async with scene() as at:
        await offer(at, "n1")
        await gpu_class(at, expression=expression)
        await claim(at, "c", request_)
        await pod(at, "p", "c")
        (scheduled,) = (await at.get("p"))["status"]["conditions"]
        assert scheduled["reason"] == "SchedulerError"
        assert scheduled["message"] == f'running "DynamicResources" filter plugin: {message}'
        assert at.scheduler.queue.place((await at.get("p"))["metadata"]["uid"]) is Place.BACKING_OFF


async def test_capacity_that_a_device_must_have() -> None:
    async with scene() as at:
        await offer(at, "n1", capacity={"memory": {"value": "4Gi"}})
        await gpu_class(at)
        for name, amount in (("too-much", "8Gi"), ("enough", "4Gi")):
            await claim(at, name, exactly(capacity={"requests": {"memory": amount}}))
            await pod(at, f"pod-{name}", name)
        await claim(at, "other", exactly(capacity={"requests": {"cores": "1"}}))
        await pod(at, "pod-other", "other")
        assert await at.homes() == {"pod-enough": "n1", "pod-other": "", "pod-too-much": ""}


async def test_alternatives_by_preference() -> None:
    async with scene() as at:
        await offer(at, "n1", devices=2)
        await gpu_class(at)
        await gpu_class(at, "big", 'device.driver == "big.example.com"')
        first = [
            {"name": "one-big", "deviceClassName": "big"},
            {"name": "two-small", "deviceClassName": "gpu", "count": 2},
        ]
        await claim(at, "c", {"name": "any", "firstAvailable": first})
        await pod(at, "p", "c")
        assert await allocated(at, "c") == ["any/two-small=n1/dev-0", "any/two-small=n1/dev-1"]


async def test_all_devices_and_administrators() -> None:
    async with scene() as at:
        await offer(at, "n1", devices=2)
        await gpu_class(at)
        await claim(at, "c", exactly(allocationMode="All"))
        await pod(at, "p", "c")
        assert await allocated(at, "c") == ["gpu=n1/dev-0", "gpu=n1/dev-1"]
        await claim(at, "admin", exactly(allocationMode="All", adminAccess=True))
        await pod(at, "q", "admin")
        assert await allocated(at, "admin") == ["gpu=n1/dev-0", "gpu=n1/dev-1"]


async def test_taints_of_devices() -> None:
    async with scene() as at:
        taint = {"key": "broken", "value": "yes", "effect": "NoSchedule"}
        await offer(at, "n1", taints=[taint])
        await gpu_class(at)
        await claim(at, "c")
        await pod(at, "p", "c")
        assert await at.why("p") == NO
        await claim(at, "d", exactly(tolerations=[{"key": "broken", "operator": "Exists"}]))
        await pod(at, "q", "d")
        assert await at.home("q") == "n1"


async def test_taints_by_rule() -> None:
    async with scene() as at:
        await offer(at, "n1")
        await gpu_class(at)
        taint = {"key": "maintenance", "effect": "NoExecute"}
        rule = of("DeviceTaintRule", "r", {"deviceSelector": {"driver": DRIVER, "pool": "n1"}, "taint": taint})
        await at.client.create(DEVICETAINTRULES, rule)
        await claim(at, "c")
        await pod(at, "p", "c")
        assert await at.why("p") == NO
        await at.client.delete(DEVICETAINTRULES, "r")
        await at.pass_time(5)
        assert await at.home("p") == "n1"


async def test_rules_count_for_nothing_while_their_feature_is_off() -> None:
    async with scene(features=features({"DRADeviceTaintRules": False})) as at:
        await offer(at, "n1", devices=2, taints=[{"key": "broken", "effect": "NoSchedule"}])
        await gpu_class(at)
        spec = {"deviceSelector": {"driver": DRIVER}, "taint": {"key": "maintenance", "effect": "NoExecute"}}
        await at.client.create(DEVICETAINTRULES, of("DeviceTaintRule", "r", spec))
        await claim(at, "c")
        await pod(at, "p", "c")
        assert (await at.why("p")).startswith("0/1 nodes are available: 1 cannot allocate all claims.")
        await claim(at, "d", exactly(tolerations=[{"key": "broken", "operator": "Exists"}]))
        await pod(at, "q", "d")
        assert await at.home("q") == "n1"


async def test_taints_count_for_nothing_while_their_feature_is_off() -> None:
    async with scene(features=features({"DRADeviceTaintRules": False, "DRADeviceTaints": False})) as at:
        await offer(at, "n1", taints=[{"key": "broken", "effect": "NoSchedule"}])
        await gpu_class(at)
        await claim(at, "c")
        await pod(at, "p", "c")
        assert await at.home("p") == "n1"


async def test_a_claim_whose_node_is_gone_is_given_something_else() -> None:
    async with scene() as at:
        await offer(at, "n1")
        await gpu_class(at)
        await claim(at, "c")
        found = await at.client.get(RESOURCECLAIMS, "c", "default")
        only = {"key": "metadata.name", "operator": "In", "values": ["gone"]}
        result = {"request": "gpu", "driver": DRIVER, "pool": "gone", "device": "dev-0"}
        selector = {"nodeSelectorTerms": [{"matchFields": [only]}]}
        found["status"] = {"allocation": {"devices": {"results": [result]}, "nodeSelector": selector}}
        await at.client.update(RESOURCECLAIMS, found, subresource="status")
        await pod(at, "p", "c")
        await at.pass_time(5)
        assert await at.home("p") == "n1"
        assert await allocated(at, "c") == ["gpu=n1/dev-0"]


async def held(at: Scene, name: str, node: str, *holders: str) -> None:
    """A claim with a device that is reached from one node only, and Pods that hold it."""
    found = await at.client.get(RESOURCECLAIMS, name, "default")
    only = {"key": "metadata.name", "operator": "In", "values": [node]}
    result = {"request": "gpu", "driver": DRIVER, "pool": node, "device": "dev-0"}
    found["status"] = {
        "allocation": {
            "devices": {"results": [result]},
            "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [only]}]},
        },
        "reservedFor": [{"resource": "pods", "name": one, "uid": f"uid-{one}"} for one in holders],
    }
    await at.client.update(RESOURCECLAIMS, found, subresource="status")
    await at.settle()


async def test_a_claim_that_nobody_holds_is_given_something_else_though_another_is_held() -> None:
    async with scene() as at:
        await offer(at, "n1")
        await gpu_class(at)
        for name, holders in (("held", ("q",)), ("free", ())):
            await claim(at, name)
            await held(at, name, "gone", *holders)
        await pod(at, "p", "held", "free")
        message = (await at.events("p"))[0][1]
        assert "1 resourceclaim not available on the node. deallocation of ResourceClaim completed" in message
        assert (await allocated(at, "held"), await allocated(at, "free")) == (["gpu=gone/dev-0"], [])


class Failing:
    """A client whose next updates of a claim's status fail."""

    def __init__(self, real: Client, error: Exception) -> None:
        self._real = real
        self._error = error
        self.left = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    async def update(self, resource: Resource, obj: Obj, **options: Any) -> Obj:
        if resource is RESOURCECLAIMS and self.left:
            self.left -= 1
            raise self._error
        return await self._real.update(resource, obj, **options)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Conflict.modified(RESOURCECLAIMS, "c"), id="somebody-was-quicker"),
        pytest.param(ServiceUnavailable("busy"), id="nobody-answers"),
    ],
)
async def test_a_claim_that_could_not_be_taken_back_is_tried_again_after_a_back_off(error: Exception) -> None:
    clients: list[Failing] = []

    def between(client: Client) -> Client:
        clients.append(Failing(client, error))
        return cast(Client, clients[0])

    async with scene(between=between) as at:
        await offer(at, "n1")
        await gpu_class(at)
        await claim(at, "c")
        await held(at, "c", "gone")
        clients[0].left = 2
        await pod(at, "p", "c")
        assert await allocated(at, "c") == ["gpu=gone/dev-0"]
        await at.pass_time(10)
        assert (clients[0].left, await at.home("p")) == (0, "n1")


async def test_so_many_pods_hold_a_claim_and_no_more() -> None:
    async with scene() as at:
        await offer(at, "n1")
        await gpu_class(at)
        await claim(at, "c")
        await held(at, "c", "n1", *(f"p{number}" for number in range(256)))
        await pod(at, "p", "c")
        assert await at.why("p") == "0/1 nodes are available: resourceclaim in use." + NO_HELP.replace(
            "still not schedulable", "no new claims to deallocate"
        )
        await held(at, "c", "n1", *(f"p{number}" for number in range(255)))
        await at.pass_time(5)
        assert await at.home("p") == "n1"


async def with_resources(at: Scene, name: str, *containers: tuple[str, int], **spec: Any) -> None:
    """A Pod whose containers ask for extended resources."""
    made = [
        {
            "name": f"c{number}",
            "image": "i",
            "resources": {"requests": {resource: str(count)}, "limits": {resource: str(count)}},
        }
        for number, (resource, count) in enumerate(containers)
    ]
    await at.pod(name, containers=made, **spec)


async def extended_class(at: Scene, name: str, resource: str) -> None:
    spec = {
        "selectors": [{"cel": {"expression": f'device.driver == "{DRIVER}"'}}],
        "extendedResourceName": resource,
    }
    await at.client.create(DEVICECLASSES, of("DeviceClass", name, spec))
    await at.settle()


async def test_a_class_stands_for_an_extended_resource() -> None:
    async with scene() as at:
        await offer(at, "n1", devices=3)
        await with_resources(at, "p", ("example.com/gpu", 1), ("example.com/gpu", 2))
        assert "Insufficient example.com/gpu" in await at.why("p")
        await extended_class(at, "gpu", "example.com/gpu")
        await at.pass_time(5)
        assert await at.home("p") == "n1"
        (made,) = (await at.client.list(RESOURCECLAIMS, "default")).items
        assert made["metadata"]["generateName"] == "p-extended-resources-"
        assert made["metadata"]["annotations"] == {"resource.kubernetes.io/extended-resource-claim": "true"}
        requests = [(one["name"], one["exactly"]["count"]) for one in made["spec"]["devices"]["requests"]]
        assert requests == [("container-0-request-0", 1), ("container-1-request-0", 2)]
        assert [one["name"] for one in made["status"]["reservedFor"]] == ["p"]
        status = (await at.get("p"))["status"]["extendedResourceClaimStatus"]
        assert status == {
            "resourceClaimName": made["metadata"]["name"],
            "requestMappings": [
                {"containerName": name, "resourceName": "example.com/gpu", "requestName": request}
                for name, request in (("c0", "container-0-request-0"), ("c1", "container-1-request-0"))
            ],
        }
        await with_resources(at, "q", ("deviceclass.resource.kubernetes.io/gpu", 1))
        assert await at.why("q") == NO


async def test_a_node_that_has_the_resource_gives_it_itself() -> None:
    async with scene() as at:
        await at.node("n1")
        amounts = {"cpu": "2", "memory": "4Gi", "pods": "110", "example.com/gpu": "1"}
        status = {"capacity": amounts, "allocatable": amounts}
        await at.client.patch(NODES, "n1", {"status": status}, subresource="status")
        await extended_class(at, "gpu", "example.com/gpu")
        await with_resources(at, "p", ("example.com/gpu", 1))
        assert await at.home("p") == "n1"
        assert (await at.client.list(RESOURCECLAIMS, "default")).items == []
        await with_resources(at, "q", ("example.com/gpu", 1))
        assert "1 Insufficient example.com/gpu" in await at.why("q")


async def test_what_one_before_refuses_is_asked_no_further() -> None:
    async with scene() as at:
        await offer(at, "n1")
        entry = {"name": "data", "persistentVolumeClaim": {"claimName": "missing"}}
        await at.pod("p", volumes=[entry])
        assert await at.why("p") == '0/1 nodes are available: persistentvolumeclaim "missing" not found. not found'
