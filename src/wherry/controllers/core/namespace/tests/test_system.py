from __future__ import annotations

from wherry.api.core.namespace import NAMESPACES
from wherry.controllers.tests.plane import only, running


async def test_a_namespace_of_the_system_is_put_back() -> None:
    async with running(only("namespace-controller", "system-namespaces-controller")) as plane:
        before = await plane.get(NAMESPACES, "kube-node-lease")
        await plane.client.delete(NAMESPACES, "kube-node-lease")
        await plane.settle()
        after = await plane.get(NAMESPACES, "kube-node-lease")
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert after["status"] == {"phase": "Active"}
        assert after["metadata"]["managedFields"][0]["manager"] == "kube-apiserver"


async def test_others_are_not() -> None:
    async with running(only("namespace-controller", "system-namespaces-controller")) as plane:
        await plane.apply(NAMESPACES, {"metadata": {"name": "blue"}})
        await plane.client.delete(NAMESPACES, "blue")
        await plane.settle()
        assert "blue" not in [obj["metadata"]["name"] for obj in await plane.items(NAMESPACES, "")]
