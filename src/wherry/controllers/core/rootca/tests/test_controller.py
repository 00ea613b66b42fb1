from __future__ import annotations

from wherry.api.core.configmap import CONFIGMAPS
from wherry.api.core.namespace import NAMESPACES
from wherry.controllers.core.rootca.controller import NAME
from wherry.controllers.tests.plane import only, running


async def test_what_was_deleted_or_changed_is_put_back() -> None:
    async with running(only("root-ca-certificate-publisher-controller")) as plane:
        await plane.client.delete(CONFIGMAPS, NAME, "default")
        await plane.settle()
        found = await plane.get(CONFIGMAPS, NAME)
        await plane.client.patch(CONFIGMAPS, NAME, {"data": {"ca.crt": "forged", "more": "x"}}, "default")
        await plane.settle()
        assert (await plane.get(CONFIGMAPS, NAME))["data"] == found["data"]


async def test_every_namespace_has_it_but_those_that_are_going() -> None:
    async with running(only("root-ca-certificate-publisher-controller")) as plane:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}}
        await plane.apply(NAMESPACES, namespace)
        found = await plane.get(CONFIGMAPS, NAME, "blue")
        assert found["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
        assert "kubernetes.io/description" in found["metadata"]["annotations"]
        await plane.client.delete(NAMESPACES, "blue")
        await plane.client.delete(CONFIGMAPS, NAME, "blue")
        await plane.settle()
        assert await plane.items(CONFIGMAPS, "blue") == []
