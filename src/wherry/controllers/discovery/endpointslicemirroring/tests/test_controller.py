from __future__ import annotations

from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.controllers.tests.plane import running, without

SERVICE = {"metadata": {"name": "db"}, "spec": {"ports": [{"port": 5432}]}}
OURS = {"metadata": {"name": "db"}, "subsets": [{"addresses": [{"ip": "192.0.2.7"}], "ports": [{"port": 5432}]}]}


async def test_endpoints_of_ones_own_are_mirrored_as_long_as_they_are_there() -> None:
    async with running(without("kubernetes-service-controller")) as plane:
        await plane.apply(ENDPOINTS, OURS)
        assert await plane.items(ENDPOINTSLICES) == []
        await plane.apply(SERVICES, SERVICE)
        [mirror] = await plane.items(ENDPOINTSLICES)
        assert mirror["endpoints"] == [{"addresses": ["192.0.2.7"], "conditions": {"ready": True}}]
        assert mirror["ports"] == [{"name": "", "port": 5432, "protocol": "TCP"}]
        [owner] = mirror["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("Endpoints", "db", True)

        subsets = [{"addresses": [{"ip": "192.0.2.8"}], "ports": [{"port": 5432}]}]
        await plane.client.patch(ENDPOINTS, "db", {"subsets": subsets, "metadata": {"labels": {"a": "b"}}}, "default")
        await plane.settle()
        [mirror] = await plane.items(ENDPOINTSLICES)
        assert mirror["endpoints"][0]["addresses"] == ["192.0.2.8"]
        assert mirror["metadata"]["labels"]["a"] == "b"

        await plane.client.delete(ENDPOINTSLICES, mirror["metadata"]["name"], "default")
        await plane.settle()
        assert len(await plane.items(ENDPOINTSLICES)) == 1

        await plane.client.delete(ENDPOINTS, "db", "default")
        await plane.settle()
        assert await plane.items(ENDPOINTSLICES) == []


async def test_a_service_that_gets_a_selector_is_mirrored_no_more() -> None:
    async with running(without("kubernetes-service-controller", "endpointslice-controller")) as plane:
        await plane.apply(SERVICES, SERVICE)
        await plane.apply(ENDPOINTS, OURS)
        assert len(await plane.items(ENDPOINTSLICES)) == 1
        await plane.client.patch(SERVICES, "db", {"spec": {"selector": {"app": "db"}}}, "default")
        await plane.settle()
        assert await plane.items(ENDPOINTSLICES) == []
