from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wherry.api import Obj
from wherry.api.core.event import EVENTS
from wherry.api.core.node import NODES
from wherry.api.core.service import SERVICES
from wherry.api.types.core_v1 import Node, Service
from wherry.controllers.core.loadbalancer.controller import controller
from wherry.controllers.tests.plane import Plane, running

FINALIZER = "service.kubernetes.io/load-balancer-cleanup"


class Appliance:
    """Load balancers that are numbers."""

    def __init__(self) -> None:
        self.nodes: dict[str, list[str]] = {}
        self.broken = ""

    async def exists(self, service: Service) -> bool:
        return service.metadata.name in self.nodes

    async def ensure(self, service: Service, nodes: Sequence[Node]) -> Sequence[Obj]:
        await self.update(service, nodes)
        return [{"ip": f"192.0.2.{len(self.nodes)}", "ipMode": "VIP"}]

    async def update(self, service: Service, nodes: Sequence[Node]) -> None:
        if self.broken:
            raise OSError(self.broken)
        self.nodes[service.metadata.name] = [node.metadata.name for node in nodes]

    async def delete(self, service: Service) -> None:
        if self.broken:
            raise OSError(self.broken)
        del self.nodes[service.metadata.name]


def service(name: str = "web", **spec: Any) -> Obj:
    return {"metadata": {"name": name}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], **spec}}


async def add_node(plane: Plane, name: str, **metadata: Any) -> None:
    await plane.apply(NODES, {"metadata": {"name": name, **metadata}})
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    await plane.client.patch(NODES, name, ready, subresource="status")
    await plane.settle()


async def told(plane: Plane) -> list[str]:
    await plane.pass_time(1)
    found = (await plane.client.list(EVENTS)).items
    return [event["reason"] for event in sorted(found, key=lambda event: int(event["metadata"]["resourceVersion"]))]


async def test_a_balancer_lives_as_long_as_its_service() -> None:
    appliance = Appliance()
    async with running(lambda _: [controller(appliance)]) as plane:
        await add_node(plane, "n1")
        await plane.apply(SERVICES, service())
        shown = await plane.get(SERVICES, "web")
        assert shown["metadata"]["finalizers"] == [FINALIZER]
        assert shown["status"]["loadBalancer"]["ingress"] == [{"ip": "192.0.2.1", "ipMode": "VIP"}]
        assert appliance.nodes == {"web": ["n1"]}

        await add_node(plane, "n2")
        await add_node(plane, "hidden", labels={"node.kubernetes.io/exclude-from-external-load-balancers": ""})
        assert appliance.nodes == {"web": ["n1", "n2"]}

        await plane.client.delete(SERVICES, "web", "default")
        await plane.settle()
        assert appliance.nodes == {}
        assert await plane.items(SERVICES) == []
        assert await told(plane) == [
            "EnsuringLoadBalancer",
            "EnsuredLoadBalancer",
            "UpdatedLoadBalancer",
            "DeletingLoadBalancer",
            "DeletedLoadBalancer",
        ]


async def test_another_type_or_class_is_not_ours() -> None:
    appliance = Appliance()
    async with running(lambda _: [controller(appliance)]) as plane:
        await plane.apply(SERVICES, service("theirs", loadBalancerClass="example.com/lb"))
        await plane.apply(SERVICES, service("plain", type="ClusterIP"))
        await plane.apply(SERVICES, service())
        assert list(appliance.nodes) == ["web"]
        await plane.client.patch(SERVICES, "web", {"spec": {"type": "ClusterIP"}}, "default")
        await plane.settle()
        web = await plane.get(SERVICES, "web")
        assert "finalizers" not in web["metadata"]
        assert web["status"]["loadBalancer"] == {}
        assert appliance.nodes == {}


async def test_failures_are_told_and_tried_again() -> None:
    appliance = Appliance()
    appliance.broken = "no route to the appliance"
    async with running(lambda _: [controller(appliance)]) as plane:
        await plane.apply(SERVICES, service())
        await plane.pass_time(1)
        events = (await plane.client.list(EVENTS)).items
        assert {event["message"] for event in events if event["type"] == "Warning"} == {
            "There are no available nodes for LoadBalancer",
            "Error syncing load balancer: failed to ensure load balancer: no route to the appliance",
        }
        appliance.broken = ""
        await plane.pass_time(60)
        assert list(appliance.nodes) == ["web"]

        appliance.broken = "on fire"
        await plane.client.delete(SERVICES, "web", "default")
        await plane.pass_time(5)
        assert len(await plane.items(SERVICES)) == 1
        appliance.broken = ""
        await plane.pass_time(60)
        assert await plane.items(SERVICES) == []
