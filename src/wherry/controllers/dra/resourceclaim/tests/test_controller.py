"""Claims made from templates, reserved, freed and deleted, on a control plane in memory."""

from __future__ import annotations

from typing import Any

from wherry.api import Obj
from wherry.api.core.event import EVENTS
from wherry.api.core.pod import PODS
from wherry.api.dra.resourceclaim import RESOURCECLAIMS
from wherry.api.dra.resourceclaimtemplate import RESOURCECLAIMTEMPLATES
from wherry.controllers.tests.plane import Plane, only, running

BOTH = only("resourceclaim-controller", "pod-resourceclaim-controller")
FINALIZER = "resource.kubernetes.io/delete-protection"
SPEC = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu", "count": 1}}]}}


def template(name: str = "gpus") -> Obj:
    metadata = {"labels": {"a": "b"}, "annotations": {"c": "d"}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": name},
        "spec": {"metadata": metadata, "spec": SPEC},
    }


def claim(name: str) -> Obj:
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": name}, "spec": SPEC}


def pod(name: str = "web", *claims: dict[str, str], **spec: Any) -> Obj:
    entries = list(claims) or [{"name": "gpu", "resourceClaimTemplateName": "gpus"}]
    containers = [{"name": "main", "image": "busybox"}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": containers, "resourceClaims": entries, **spec},
    }


async def allocate(plane: Plane, name: str, *pods: Obj) -> None:
    """What the scheduler does."""
    found = await plane.get(RESOURCECLAIMS, name)
    found["metadata"]["finalizers"] = [FINALIZER]
    found = await plane.client.update(RESOURCECLAIMS, found)
    result = {"request": "gpu", "driver": "d.example.com", "pool": "p", "device": "dev-0"}
    consumers = [{"resource": "pods", "name": one["metadata"]["name"], "uid": one["metadata"]["uid"]} for one in pods]
    found["status"] = {"allocation": {"devices": {"results": [result]}}, "reservedFor": consumers}
    await plane.client.update(RESOURCECLAIMS, found, subresource="status")
    await plane.settle()


async def bind(plane: Plane, name: str) -> None:
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": {"name": "n1"}}
    await plane.client.create(PODS, binding, "default", name=name, subresource="binding")
    await plane.settle()


async def names(plane: Plane) -> list[str]:
    return [one["metadata"]["name"] for one in await plane.items(RESOURCECLAIMS)]


async def test_a_claim_is_made_from_its_template() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCECLAIMTEMPLATES, template())
        created = await plane.apply(PODS, pod())
        (made,) = await plane.items(RESOURCECLAIMS)
        meta = made["metadata"]
        assert meta["generateName"] == "web-gpu-"
        assert meta["name"].startswith("web-gpu-")
        assert meta["labels"] == {"a": "b"}
        assert meta["annotations"] == {"c": "d", "resource.kubernetes.io/pod-claim-name": "gpu"}
        (owner,) = meta["ownerReferences"]
        assert owner == {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": "web",
            "uid": created["metadata"]["uid"],
            "controller": True,
        }
        assert made["spec"] == SPEC | {"devices": {"requests": [_with_defaults(SPEC["devices"]["requests"][0])]}}
        status = (await plane.get(PODS, "web"))["status"]
        assert status["resourceClaimStatuses"] == [{"name": "gpu", "resourceClaimName": meta["name"]}]


def _with_defaults(request: Any) -> Any:
    return {**request, "exactly": {"allocationMode": "ExactCount", **request["exactly"]}}


async def test_a_template_that_comes_later() -> None:
    async with running(BOTH) as plane:
        await plane.apply(PODS, pod())
        assert await names(plane) == []
        (event,) = await plane.items(EVENTS)
        assert (event["reason"], event["source"]["component"]) == ("FailedResourceClaimCreation", "resource_claim")
        assert event["message"] == (
            'PodResourceClaim gpu: resource claim template "gpus": '
            'resourceclaimtemplate.resource.k8s.io "gpus" not found'
        )
        await plane.apply(RESOURCECLAIMTEMPLATES, template())
        await plane.pass_time(1)
        assert len(await names(plane)) == 1


async def test_a_claim_that_was_deleted_is_made_again() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCECLAIMTEMPLATES, template())
        entries = [{"name": name, "resourceClaimTemplateName": "gpus"} for name in ("gpu", "more")]
        await plane.apply(PODS, pod("web", *entries))
        first = await names(plane)
        await plane.client.delete(RESOURCECLAIMS, first[0], "default")
        await plane.settle()
        second = await names(plane)
        assert len(second) == 2
        assert first[1] in second
        assert first[0] not in second
        statuses = (await plane.get(PODS, "web"))["status"]["resourceClaimStatuses"]
        assert sorted(one["resourceClaimName"] for one in statuses) == sorted(second)


async def test_one_made_before_its_pod_could_say_so_is_found_again() -> None:
    async with running(only()) as plane:
        await plane.apply(RESOURCECLAIMTEMPLATES, template())
        created = await plane.apply(PODS, pod())
        owner = {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": "web",
            "uid": created["metadata"]["uid"],
            "controller": True,
        }
        orphan = claim("web-gpu-x")
        orphan["metadata"] |= {
            "annotations": {"resource.kubernetes.io/pod-claim-name": "gpu"},
            "ownerReferences": [owner],
        }
        await plane.apply(RESOURCECLAIMS, orphan)
        await plane.start(BOTH)
        assert await names(plane) == ["web-gpu-x"]
        status = (await plane.get(PODS, "web"))["status"]
        assert status["resourceClaimStatuses"] == [{"name": "gpu", "resourceClaimName": "web-gpu-x"}]


async def test_what_a_pod_held_is_given_back_when_it_ends() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCECLAIMS, claim("shared"))
        entry = {"name": "gpu", "resourceClaimName": "shared"}
        one = await plane.apply(PODS, pod("one", entry, nodeName="n1"))
        two = await plane.apply(PODS, pod("two", entry, nodeName="n1"))
        await allocate(plane, "shared", one, two)
        await plane.end_pod(one)
        await plane.settle()
        held = await plane.get(RESOURCECLAIMS, "shared")
        assert [consumer["name"] for consumer in held["status"]["reservedFor"]] == ["two"]
        assert held["status"]["allocation"]
        await plane.set_phase(two, "Succeeded")
        await plane.settle()
        free = await plane.get(RESOURCECLAIMS, "shared")
        assert not free.get("status", {})
        assert "finalizers" not in free["metadata"]


async def test_a_holder_of_another_kind_stays() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCECLAIMS, claim("shared"))
        await allocate(plane, "shared")
        found = await plane.get(RESOURCECLAIMS, "shared")
        thing = {"apiGroup": "example.com", "resource": "things", "name": "t", "uid": "u1"}
        gone = {"resource": "pods", "name": "never", "uid": "u2"}
        found["status"]["reservedFor"] = [thing, gone]
        await plane.client.update(RESOURCECLAIMS, found, subresource="status")
        await plane.settle()
        held = await plane.get(RESOURCECLAIMS, "shared")
        assert held["status"]["reservedFor"] == [thing]
        assert held["status"]["allocation"]


async def test_a_deleted_claim_goes_once_nobody_holds_it() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCECLAIMS, claim("shared"))
        holder = await plane.apply(PODS, pod("one", {"name": "gpu", "resourceClaimName": "shared"}, nodeName="n1"))
        await allocate(plane, "shared", holder)
        await plane.client.delete(RESOURCECLAIMS, "shared", "default")
        await plane.settle()
        assert await names(plane) == ["shared"]
        await plane.end_pod(holder)
        await plane.settle()
        assert await names(plane) == []


async def test_an_unused_claim_goes_though_it_was_allocated() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCECLAIMS, claim("shared"))
        await allocate(plane, "shared")
        assert (await plane.get(RESOURCECLAIMS, "shared"))["status"]["allocation"]
        await plane.client.delete(RESOURCECLAIMS, "shared", "default")
        await plane.settle()
        assert await names(plane) == []


async def test_a_made_claim_goes_when_its_pod_has_ended() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCECLAIMTEMPLATES, template())
        await plane.apply(PODS, pod())
        (made,) = await names(plane)
        await bind(plane, "web")
        running_pod = await plane.get(PODS, "web")
        await allocate(plane, made, running_pod)
        await plane.set_phase(running_pod, "Failed")
        await plane.settle()
        assert await names(plane) == []


async def test_a_pod_that_was_not_scheduled_gets_its_reservation() -> None:
    async with running(BOTH) as plane:
        await plane.apply(RESOURCECLAIMS, claim("shared"))
        await allocate(plane, "shared")
        created = await plane.apply(PODS, pod("one", {"name": "gpu", "resourceClaimName": "shared"}, nodeName="n1"))
        held = await plane.get(RESOURCECLAIMS, "shared")
        uid = created["metadata"]["uid"]
        assert held["status"]["reservedFor"] == [{"resource": "pods", "name": "one", "uid": uid}]
