from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from wherry.api import Obj
from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.api.core.pod import PODS
from wherry.api.core.secret import SECRETS
from wherry.api.errors import Expired, NotFound
from wherry.api.resource import Resource
from wherry.apiserver.gate import Ask, Obstacle
from wherry.apiserver.presenting import End
from wherry.controllers.core.namespace.controller import PAGE
from wherry.controllers.tests.plane import Plane, deployment, only, running

T = TypeVar("T")


def condition(namespace: Obj, type: str) -> Obj:
    found: Obj = next(c for c in namespace["status"]["conditions"] if c["type"] == type)
    return found


async def is_gone(plane: Plane, name: str) -> bool:
    try:
        await plane.get(NAMESPACES, name)
    except NotFound:
        return True
    return False


async def make(plane: Plane, name: str = "shop") -> None:
    await plane.apply(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


async def test_everything_in_a_namespace_goes_with_it() -> None:
    async with running() as plane:
        await make(plane)
        for i in range(100):
            obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{i}"}}
            await plane.client.create(CONFIGMAPS, obj, "shop")
        await plane.apply(SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}, "shop")
        await plane.apply(DEPLOYMENTS, deployment(), "shop")
        assert len(await plane.pods("shop")) == 3
        await plane.client.delete(NAMESPACES, "shop")
        for _ in range(3):
            await plane.pass_time(1.1)
        assert await is_gone(plane, "shop")
        for resource in (CONFIGMAPS, SECRETS, DEPLOYMENTS, PODS):
            assert await plane.items(resource, "shop") == []
        assert not await is_gone(plane, "default")


class Busy:
    """A `Gate` that lets the history of a kind be pushed out before its second page is asked for."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self.lists = 0

    def obstacle(self, ask: Ask) -> Obstacle | None:
        self.lists += ask.verb == "list" and ask.resource is self._resource
        return Pushed() if self.lists == 3 else None

    def watching(self, ask: Ask, end: End) -> Callable[[], object]:
        return lambda: None


class Pushed:
    async def around(self, carry_out: Callable[[], Awaitable[T]]) -> T:
        raise Expired("The provided continue parameter is too old")


async def test_a_large_namespace_is_looked_through_however_much_happens_meanwhile() -> None:
    gate = Busy(CONFIGMAPS)
    async with running(only("namespace-controller"), gate=gate) as plane:
        await make(plane)
        for i in range(PAGE + 1):
            metadata = {"name": f"c{i}", "finalizers": ["example.com/hold"]}
            obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
            await plane.client.create(CONFIGMAPS, obj, "shop")
        await plane.client.delete(NAMESPACES, "shop")
        await plane.settle()
        namespace = await plane.get(NAMESPACES, "shop")
        assert condition(namespace, "NamespaceDeletionContentFailure")["status"] == "False"
        message = condition(namespace, "NamespaceContentRemaining")["message"]
        assert message == f"Some resources are remaining: configmaps. has {PAGE + 1} resource instances"
        assert gate.lists == 5, "is there anything; two pages, the second of which had gone; two pages"


async def test_what_holds_a_namespace_is_said_in_its_conditions() -> None:
    async with running() as plane:
        await make(plane)
        metadata = {"name": "held", "finalizers": ["example.com/hold"]}
        await plane.apply(CONFIGMAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}, "shop")
        await plane.client.delete(NAMESPACES, "shop")
        await plane.settle()
        namespace = await plane.get(NAMESPACES, "shop")
        assert condition(namespace, "NamespaceDeletionContentFailure")["status"] == "False"
        assert condition(namespace, "NamespaceContentRemaining") | {"lastTransitionTime": ""} == {
            "type": "NamespaceContentRemaining",
            "status": "True",
            "reason": "SomeResourcesRemain",
            "message": "Some resources are remaining: configmaps. has 1 resource instances",
            "lastTransitionTime": "",
        }
        message = condition(namespace, "NamespaceFinalizersRemaining")["message"]
        assert message.endswith("finalizers remaining: example.com/hold in 1 resource instances")
        await plane.client.patch(CONFIGMAPS, "held", {"metadata": {"finalizers": None}}, "shop")
        await plane.pass_time(1.1)
        assert await is_gone(plane, "shop")


async def test_pods_go_before_everything_else() -> None:
    async with running() as plane:
        await make(plane)
        await plane.apply(CONFIGMAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}, "shop")
        metadata = {"name": "p", "finalizers": ["example.com/hold"]}
        spec = {"containers": [{"name": "main", "image": "x"}]}
        await plane.apply(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, "shop")
        await plane.client.delete(NAMESPACES, "shop")
        await plane.pass_time(5)
        assert "c" in [obj["metadata"]["name"] for obj in await plane.items(CONFIGMAPS, "shop")]
        await plane.client.patch(PODS, "p", {"metadata": {"finalizers": None}}, "shop")
        await plane.settle()
        assert await is_gone(plane, "shop")


async def test_pods_that_have_time_to_end_are_not_looked_at_every_second() -> None:
    gate = Busy(PODS)
    async with running(only("namespace-controller"), gate=gate) as plane:
        await make(plane)
        spec = {"containers": [{"name": "main", "image": "x"}], "nodeName": "n1", "terminationGracePeriodSeconds": 30}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
        await plane.apply(PODS, pod, "shop")
        gate.lists = 10
        await plane.client.delete(NAMESPACES, "shop")
        await plane.pass_time(15.9)
        assert gate.lists == 12
        await plane.pass_time(0.2)
        assert gate.lists == 14
        await plane.end_pod(await plane.get(PODS, "p", "shop"))
        await plane.settle()
        assert await is_gone(plane, "shop")


@pytest.mark.parametrize("name", ["default", "shop"])
async def test_every_namespace_has_its_service_account_and_the_root_ca(name: str) -> None:
    async with running() as plane:
        if name != "default":
            await make(plane)
        [bundle] = await plane.items(CONFIGMAPS, name)
        assert bundle["metadata"]["name"] == "kube-root-ca.crt"
        assert bundle["data"]["ca.crt"].startswith("-----BEGIN")
