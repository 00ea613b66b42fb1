from __future__ import annotations

from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.controllers.tests.plane import deployment, running, without

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
}


async def test_endpoints_follow_pods() -> None:
    async with running(without("kubernetes-service-controller")) as plane:
        await plane.apply(SERVICES, SERVICE)
        await plane.apply(DEPLOYMENTS, deployment(replicas=2))
        await plane.run_pods()
        ips = sorted(pod["status"]["podIP"] for pod in await plane.pods())
        [one] = await plane.items(ENDPOINTSLICES)
        assert sorted(e["addresses"][0] for e in one["endpoints"]) == ips
        assert one["metadata"]["ownerReferences"][0]["name"] == "web"
        [legacy] = await plane.items(ENDPOINTS)
        assert sorted(a["ip"] for a in legacy["subsets"][0]["addresses"]) == ips
        assert legacy["subsets"][0]["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
        [first, _] = await plane.pods()
        await plane.set_phase(first, "Running", ready=False)
        await plane.settle()
        [legacy] = await plane.items(ENDPOINTS)
        assert [a["ip"] for a in legacy["subsets"][0]["notReadyAddresses"]] == [first["status"]["podIP"]]
        await plane.client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 0}}, "default")
        await plane.settle()
        [one] = await plane.items(ENDPOINTSLICES)
        assert not one.get("endpoints")
        [legacy] = await plane.items(ENDPOINTS)
        assert "subsets" not in legacy
        await plane.client.delete(SERVICES, "web", "default")
        await plane.settle()
        assert (await plane.items(ENDPOINTSLICES), await plane.items(ENDPOINTS)) == ([], [])
