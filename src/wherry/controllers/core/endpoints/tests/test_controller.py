"""Endpoints from the first Pod of a Service to its deletion."""

from __future__ import annotations

from typing import Any

import pytest

from wherry.api import Obj
from wherry.api.core.endpoints import ENDPOINTS
from wherry.api.core.pod import PODS
from wherry.api.core.service import SERVICES
from wherry.api.errors import NotFound
from wherry.controllers.tests.plane import Plane, only, running, template

LOOPS = only("endpoint-controller")


def service(ports: list[Obj] | None = None, labels: dict[str, str] | None = None, **spec: Any) -> Obj:
    body = {"selector": {"app": "web"}, "ports": ports or [{"name": "http", "port": 80, "targetPort": 8080}], **spec}
    metadata = {"name": "web", "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body}


async def run(plane: Plane, name: str, ip: str, *, ready: bool = True, phase: str = "Running", **spec: Any) -> None:
    """A Pod of the Service, as its node reports it."""
    pod = {"apiVersion": "v1", "kind": "Pod", **template("web", **spec)}
    pod["metadata"] = {**pod["metadata"], "name": name}
    created = await plane.apply(PODS, pod)
    await plane.set_phase(created, phase, ready=ready, podIP=ip, podIPs=[{"ip": ip}])
    await plane.settle()


async def found(plane: Plane) -> list[tuple[list[str], list[str], list[Any]]]:
    """Of each subset the ready addresses, the others, and the ports."""
    subsets = (await plane.get(ENDPOINTS, "web")).get("subsets", [])
    return [
        (
            [each["ip"] for each in subset.get("addresses", [])],
            [each["ip"] for each in subset.get("notReadyAddresses", [])],
            [each["port"] for each in subset.get("ports", [])],
        )
        for subset in subsets
    ]


async def test_who_is_ready_and_who_is_not() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service())
        assert await found(plane) == []
        await run(plane, "b", "10.0.0.2")
        await run(plane, "a", "10.0.0.1")
        await run(plane, "c", "10.0.0.3", ready=False)
        assert await found(plane) == [(["10.0.0.1", "10.0.0.2"], ["10.0.0.3"], [8080])]
        first = (await plane.get(ENDPOINTS, "web"))["subsets"][0]["addresses"][0]
        pod = await plane.get(PODS, "a")
        reference = {"kind": "Pod", "namespace": "default", "name": "a", "uid": pod["metadata"]["uid"]}
        assert first == {"ip": "10.0.0.1", "targetRef": reference}


@pytest.mark.parametrize(
    ("phase", "policy", "is_there"),
    [
        pytest.param("Failed", "Never", False, id="failed for good"),
        pytest.param("Succeeded", "OnFailure", False, id="done"),
        pytest.param("Succeeded", "Never", False, id="done for good"),
        pytest.param("Running", "Never", True, id="still at it"),
    ],
)
async def test_pods_that_have_ended_are_left_out(phase: str, policy: str, is_there: bool) -> None:
    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service())
        await run(plane, "a", "10.0.0.1", phase=phase, restartPolicy=policy)
        assert bool(await found(plane)) is is_there


async def test_pods_on_their_way_out_are_left_out_unless_all_are_published() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service())
        await run(plane, "a", "10.0.0.1", nodeName="n1")
        await plane.client.delete(PODS, "a", "default")
        await plane.settle()
        assert await found(plane) == []
        await plane.client.patch(SERVICES, "web", {"spec": {"publishNotReadyAddresses": True}}, "default")
        await plane.settle()
        assert await found(plane) == [(["10.0.0.1"], [], [8080])]


async def test_a_named_port_is_another_on_each_pod() -> None:
    def named(port: int) -> Obj:
        ports = [{"name": "web", "containerPort": port}]
        return {"containers": [{"name": "main", "image": "busybox:1", "ports": ports}]}

    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service([{"port": 80, "targetPort": "web"}]))
        await run(plane, "a", "10.0.0.1", **named(8080))
        await run(plane, "b", "10.0.0.2", **named(9090))
        await run(plane, "c", "10.0.0.3")
        assert await found(plane) == [(["10.0.0.1"], [], [8080]), (["10.0.0.2"], [], [9090])]


async def test_a_headless_one_says_so_and_needs_no_ports() -> None:
    async with running(LOOPS) as plane:
        headless = service(clusterIP="None", labels={"tier": "x"})
        del headless["spec"]["ports"]
        await plane.apply(SERVICES, headless)
        await run(plane, "a", "10.0.0.1", hostname="first", subdomain="web")
        endpoints = await plane.get(ENDPOINTS, "web")
        assert endpoints["metadata"]["labels"] == {
            "tier": "x",
            "service.kubernetes.io/headless": "",
            "endpoints.kubernetes.io/managed-by": "endpoint-controller",
        }
        assert endpoints["subsets"][0]["addresses"][0]["hostname"] == "first"
        assert "ports" not in endpoints["subsets"][0]


async def test_labels_follow_the_service() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service(labels={"tier": "x"}))
        await plane.client.patch(SERVICES, "web", {"metadata": {"labels": {"tier": None, "zone": "y"}}}, "default")
        await plane.settle()
        labels = (await plane.get(ENDPOINTS, "web"))["metadata"]["labels"]
        assert labels == {"zone": "y", "endpoints.kubernetes.io/managed-by": "endpoint-controller"}


async def test_those_of_a_service_without_a_selector_are_somebody_elses() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service(selector=None))
        with pytest.raises(NotFound):
            await found(plane)
        subsets = [{"addresses": [{"ip": "192.0.2.9"}], "ports": [{"port": 80}]}]
        mine = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web"}, "subsets": subsets}
        await plane.apply(ENDPOINTS, mine)
        await run(plane, "a", "10.0.0.1")
        assert await found(plane) == [(["192.0.2.9"], [], [80])]


async def test_what_is_deleted_comes_back_until_the_service_goes() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service())
        await run(plane, "a", "10.0.0.1")
        await plane.client.delete(ENDPOINTS, "web", "default")
        await plane.settle()
        assert await found(plane) == [(["10.0.0.1"], [], [8080])]
        await plane.client.delete(SERVICES, "web", "default")
        await plane.settle()
        assert await plane.items(ENDPOINTS) == []


async def test_what_is_forged_lasts_until_a_pod_changes() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service())
        await run(plane, "a", "10.0.0.1")
        forged = [{"addresses": [{"ip": "192.0.2.9"}], "ports": [{"port": 1}]}]
        await plane.client.patch(ENDPOINTS, "web", {"subsets": forged}, "default")
        await plane.settle()
        assert await found(plane) == [(["192.0.2.9"], [], [1])]
        await run(plane, "b", "10.0.0.2")
        assert await found(plane) == [(["10.0.0.1", "10.0.0.2"], [], [8080])]


async def test_a_pod_that_no_longer_matches_is_left_out() -> None:
    async with running(LOOPS) as plane:
        await plane.apply(SERVICES, service())
        await run(plane, "a", "10.0.0.1")
        await plane.client.patch(PODS, "a", {"metadata": {"labels": {"app": "other"}}}, "default")
        await plane.settle()
        assert await found(plane) == []
