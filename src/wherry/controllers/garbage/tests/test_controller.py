from __future__ import annotations

from typing import Any, cast

import pytest

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.apps.replicaset import REPLICASETS
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.event import EVENTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.secret import SECRETS
from wherry.api.resource import Resource
from wherry.client import Client
from wherry.controllers.tests.lagging import LaggingClient
from wherry.controllers.tests.plane import Plane, deployment, only, running

ALONE = only("garbage-collector-controller")


def reference(owner: Obj, **more: Any) -> Obj:
    metadata = owner["metadata"]
    return {"apiVersion": "v1", "kind": owner["kind"], "name": metadata["name"], "uid": metadata["uid"], **more}


async def make(plane: Plane, name: str, *owners: Obj, namespace: str = "default", **metadata: Any) -> Obj:
    meta = {"name": name, "ownerReferences": list(owners), **metadata}
    return await plane.apply(CONFIGMAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}, namespace)


async def names(plane: Plane) -> list[str]:
    return [obj["metadata"]["name"] for obj in await plane.items(CONFIGMAPS)]


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_a_whole_tree_goes(propagation: str) -> None:
    async with running() as plane:
        await plane.apply(DEPLOYMENTS, deployment())
        await plane.run_pods()
        await plane.client.delete(DEPLOYMENTS, "web", "default", propagation=propagation)
        await plane.settle()
        for resource in (DEPLOYMENTS, REPLICASETS, PODS):
            assert await plane.items(resource) == []


async def test_orphans_stay_and_lose_their_reference() -> None:
    async with running(ALONE) as plane:
        owner = await make(plane, "owner")
        await make(plane, "child", reference(owner))
        await plane.client.delete(CONFIGMAPS, "owner", "default", propagation="Orphan")
        await plane.settle()
        [child] = await plane.items(CONFIGMAPS)
        assert child["metadata"]["name"] == "child"
        assert not child["metadata"].get("ownerReferences")


async def test_in_the_foreground_the_owner_waits_for_blocking_dependents() -> None:
    async with running(ALONE) as plane:
        owner = await make(plane, "owner")
        await make(plane, "blocks", reference(owner, blockOwnerDeletion=True), finalizers=["example.com/hold"])
        await make(plane, "idle", reference(owner))
        await plane.client.delete(CONFIGMAPS, "owner", "default", propagation="Foreground")
        await plane.settle()
        assert await names(plane) == ["blocks", "owner"]
        await plane.client.patch(CONFIGMAPS, "blocks", {"metadata": {"finalizers": None}}, "default")
        await plane.settle()
        assert await names(plane) == []


async def test_a_dependent_with_another_owner_stays() -> None:
    async with running(ALONE) as plane:
        one, other = await make(plane, "one"), await make(plane, "other")
        await make(plane, "child", reference(one), reference(other))
        await plane.client.delete(CONFIGMAPS, "one", "default")
        await plane.settle()
        assert await names(plane) == ["child", "other"]
        child = await plane.get(CONFIGMAPS, "child")
        assert [owner["name"] for owner in child["metadata"]["ownerReferences"]] == ["other"]


async def test_an_owner_that_never_was_is_no_owner() -> None:
    async with running(ALONE) as plane:
        ghost = {"apiVersion": "v1", "kind": "Secret", "name": "ghost", "uid": "b3e92b49-0000-4000-8000-000000000000"}
        await make(plane, "child", ghost)
        assert await names(plane) == []


async def test_an_owner_of_the_same_name_with_another_uid_does_not_count() -> None:
    async with running(ALONE) as plane:
        await plane.apply(SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})
        stale = {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": "b3e92b49-0000-4000-8000-000000000000"}
        await make(plane, "child", stale)
        assert await names(plane) == []


async def test_who_is_named_twice_rightly_and_wrongly_is_an_owner() -> None:
    async with running(ALONE) as plane:
        owner = await plane.apply(SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "owner"}})
        right = reference({**owner, "kind": "Secret"})
        await make(plane, "child", right, {**right, "kind": "ConfigMap"})
        assert (await plane.get(CONFIGMAPS, "child"))["metadata"]["ownerReferences"] == [right]


class SecretsLag(LaggingClient):
    """Shows Secrets when the test says so, all else at once."""

    def informer(self, resource: Resource, view: type[Any], *, field_selector: str = "") -> Any:
        if resource is SECRETS:
            return super().informer(resource, view, field_selector=field_selector)
        return self._real.informer(resource, view, field_selector=field_selector)


async def test_who_names_an_owner_wrongly_does_not_take_those_along_who_name_it_right() -> None:
    async with running(only()) as plane:
        real = plane.client
        plane.client = cast(Client, SecretsLag(real))
        await plane.start(ALONE)
        owner = await plane.apply(SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "owner"}})
        await make(plane, "wrong", reference({**owner, "kind": "ConfigMap"}))
        await make(plane, "right", reference({**owner, "kind": "Secret"}))
        assert await names(plane) == ["right"]


async def test_a_kind_nobody_knows_keeps_its_dependents() -> None:
    async with running(ALONE) as plane:
        unknown = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "t", "uid": "u"}
        await make(plane, "child", unknown)
        assert await names(plane) == ["child"]


async def test_a_circle_is_broken() -> None:
    async with running(ALONE) as plane:
        one = await make(plane, "one")
        other = await make(plane, "other", reference(one, blockOwnerDeletion=True))
        patch = {"metadata": {"ownerReferences": [reference(other, blockOwnerDeletion=True)]}}
        await plane.client.patch(CONFIGMAPS, "one", patch, "default")
        await plane.settle()
        await plane.client.delete(CONFIGMAPS, "one", "default", propagation="Foreground")
        await plane.settle()
        assert await names(plane) == []


async def test_what_was_orphaned_while_nobody_looked_is_found_at_the_start() -> None:
    async with running(only()) as plane:
        owner = await make(plane, "owner")
        await make(plane, "child", reference(owner))
        await plane.client.delete(CONFIGMAPS, "owner", "default")
        await plane.settle()
        assert await names(plane) == ["child"]
        await plane.start(ALONE)
        assert await names(plane) == []


async def events(plane: Plane) -> list[tuple[str, str, str]]:
    await plane.pass_time(1)
    found = (await plane.client.list(EVENTS)).items
    return [(event["involvedObject"]["name"], event["reason"], event["message"]) for event in found]


async def test_an_owner_of_another_namespace_owns_nothing_and_that_is_said() -> None:
    async with running(ALONE) as plane:
        owner = await make(plane, "owner", namespace="kube-public")
        uid = owner["metadata"]["uid"]
        await make(plane, "child", reference(owner))
        assert await names(plane) == []
        named = f"v1/ConfigMap, namespace: default, name: owner, uid: {uid}"
        message = f'ownerRef [{named}] does not exist in namespace "default"'
        assert await events(plane) == [("child", "OwnerRefInvalidNamespace", message)]


async def test_what_has_no_namespace_is_kept_whoever_of_a_namespace_is_said_to_own_it() -> None:
    async with running(ALONE) as plane:
        owner = await make(plane, "owner")
        uid = owner["metadata"]["uid"]
        await plane.apply(NODES, {"metadata": {"name": "n1", "ownerReferences": [reference(owner)]}})
        await plane.client.delete(CONFIGMAPS, "owner", "default")
        await plane.settle()
        assert len(await plane.items(NODES)) == 1
        message = f'ownerRef [v1/ConfigMap, namespace: , name: owner, uid: {uid}] does not exist in namespace ""'
        assert await events(plane) == [("n1", "OwnerRefInvalidNamespace", message)]
