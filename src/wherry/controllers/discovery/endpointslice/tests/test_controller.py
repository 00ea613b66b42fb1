from __future__ import annotations

from wherry.api.apps.deployment import DEPLOYMENTS
from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.event import EVENTS
from wherry.api.core.node import NODES
from wherry.api.core.pod import PODS
from wherry.api.core.service import SERVICES
from wherry.api.discovery.endpointslice import ENDPOINTSLICES
from wherry.controllers.discovery.triggertimes import ANNOTATION
from wherry.controllers.tests.plane import deployment, only, running, template, without
from wherry.lib.clock import format_time

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
        await plane.pass_time(10)
        await plane.set_phase(first, "Running", ready=False)
        await plane.settle()
        [legacy] = await plane.items(ENDPOINTS)
        [one] = await plane.items(ENDPOINTSLICES)
        moment = format_time(plane.clock.time())
        assert [obj["metadata"]["annotations"][ANNOTATION] for obj in (legacy, one)] == [moment, moment]
        assert [a["ip"] for a in legacy["subsets"][0]["notReadyAddresses"]] == [first["status"]["podIP"]]
        await plane.client.patch(DEPLOYMENTS, "web", {"spec": {"replicas": 0}}, "default")
        await plane.settle()
        [one] = await plane.items(ENDPOINTSLICES)
        assert not one.get("endpoints")
        assert ANNOTATION not in one["metadata"].get("annotations", {}), "nobody knows since when"
        [legacy] = await plane.items(ENDPOINTS)
        assert "subsets" not in legacy
        await plane.client.delete(SERVICES, "web", "default")
        await plane.settle()
        assert (await plane.items(ENDPOINTSLICES), await plane.items(ENDPOINTS)) == ([], [])


async def test_nothing_is_sent_to_nodes_that_are_not_there() -> None:
    async with running(only("endpointslice-controller")) as plane:
        await plane.apply(SERVICES, SERVICE)
        pod = {"apiVersion": "v1", "kind": "Pod", **template("web", nodeName="n1")}
        pod["metadata"] = {**pod["metadata"], "name": "p"}
        await plane.set_phase(await plane.apply(PODS, pod), "Running", ready=True)
        await plane.settle()
        [one] = await plane.items(ENDPOINTSLICES)
        assert not one.get("endpoints")
        [event] = await plane.items(EVENTS)
        why = "skipping Pod p for Service default/web: Node n1 Not Found"
        assert event["reason"] == "FailedToUpdateEndpointSlices"
        assert event["message"] == f"Error updating Endpoint Slices for Service default/web: {why}"
        await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
        [one] = await plane.items(ENDPOINTSLICES)
        assert [each["nodeName"] for each in one["endpoints"]] == ["n1"]


async def test_who_waits_for_a_node_is_forgotten_with_the_service() -> None:
    async with running(only("endpointslice-controller")) as plane:
        [loops] = plane.loops
        [loop] = loops.loops
        await plane.apply(SERVICES, SERVICE)
        pod = {"apiVersion": "v1", "kind": "Pod", **template("web", nodeName="n1")}
        pod["metadata"] = {**pod["metadata"], "name": "p"}
        await plane.set_phase(await plane.apply(PODS, pod), "Running", ready=True)
        await plane.client.delete(SERVICES, "web", "default")
        await plane.settle()
        before = loop.stats.successes
        await plane.apply(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
        assert loop.stats.successes == before
