"""IPAddress objects follow the Services, whoever meddles with them."""

from __future__ import annotations

from wherry.api.core.service import SERVICES
from wherry.api.networking.ipaddress import IPADDRESSES
from wherry.controllers.tests.plane import Plane, only, running

NAME = "service-ip-address-controller"


async def _service(plane: Plane, name: str, address: str) -> None:
    spec = {"clusterIP": address, "ports": [{"port": 80}]}
    await plane.apply(SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


async def _parents(plane: Plane) -> dict[str, str]:
    found = await plane.items(IPADDRESSES)
    return {each["metadata"]["name"]: each["spec"]["parentRef"]["name"] for each in found}


async def test_addresses_come_and_go_with_their_services() -> None:
    async with running(only(NAME)) as plane:
        await _service(plane, "a", "10.43.0.5")
        await _service(plane, "b", "10.43.0.6")
        assert await _parents(plane) == {"10.43.0.5": "a", "10.43.0.6": "b"}
        found = await plane.get(IPADDRESSES, "10.43.0.5")
        assert found["metadata"]["labels"] == {
            "ipaddress.kubernetes.io/ip-family": "IPv4",
            "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
        }
        await plane.client.delete(SERVICES, "a", "default")
        await plane.settle()
        assert await _parents(plane) == {"10.43.0.6": "b"}
        await _service(plane, "c", "10.43.0.5")
        assert await _parents(plane) == {"10.43.0.5": "c", "10.43.0.6": "b"}


async def test_what_is_deleted_is_put_back_and_what_is_forged_taken_away() -> None:
    async with running(only(NAME)) as plane:
        await _service(plane, "a", "10.43.0.5")
        forged = await plane.get(IPADDRESSES, "10.43.0.5")
        await plane.client.delete(IPADDRESSES, "10.43.0.5")
        await plane.settle()
        assert await _parents(plane) == {"10.43.0.5": "a"}
        forged["metadata"] = {"name": "10.43.0.7", "labels": forged["metadata"]["labels"]}
        await plane.apply(IPADDRESSES, forged)
        assert await _parents(plane) == {"10.43.0.5": "a"}
        forged["metadata"] = {"name": "10.43.0.8"}
        await plane.apply(IPADDRESSES, forged)
        assert sorted(await _parents(plane)) == ["10.43.0.5", "10.43.0.8"]
