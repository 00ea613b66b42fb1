from __future__ import annotations

from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.controllers.tests.plane import only, running


async def test_the_api_server_is_published_and_stays_so() -> None:
    async with running(only("kubernetes-service-controller")) as plane:
        service = await plane.get(SERVICES, "kubernetes")
        assert service["spec"]["clusterIP"] == "10.43.0.1"
        assert service["spec"]["ports"][0]["targetPort"] == 6443
        endpoints = await plane.get(ENDPOINTS, "kubernetes")
        assert endpoints["subsets"][0]["addresses"] == [{"ip": "192.0.2.2"}]
        for resource in (SERVICES, ENDPOINTS, ENDPOINTSLICES):
            await plane.client.delete(resource, "kubernetes", "default")
        await plane.settle()
        assert (await plane.get(ENDPOINTSLICES, "kubernetes"))["endpoints"][0]["addresses"] == ["192.0.2.2"]
        await plane.client.patch(ENDPOINTS, "kubernetes", {"subsets": None}, "default")
        await plane.settle()
        assert (await plane.get(ENDPOINTS, "kubernetes"))["subsets"] == endpoints["subsets"]
