"""`kr8s`: objects with methods, also of custom kinds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.e2e.clients import DEPLOYMENT, SLIPS, config, configmap, defined, need
from tests.e2e.cluster import Cluster

pytestmark = [*SLIPS, pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported")]


@pytest.fixture
async def api(control_plane: Cluster, namespace: str) -> AsyncIterator[Any]:
    """The client, which closes nothing by itself; a server that stops would wait for it."""
    api = await need("kr8s").asyncio.api(kubeconfig=config(control_plane), namespace=namespace)
    yield api
    await api._session.aclose()


async def test_kr8s(api: Any, namespace: str) -> None:
    objects = need("kr8s.asyncio.objects")
    deployment = await objects.Deployment({**DEPLOYMENT, "metadata": {"name": "web", "namespace": namespace}}, api=api)
    await deployment.create()
    await deployment.scale(3)
    async with asyncio.timeout(20):
        while len([pod async for pod in api.get("pods", namespace=namespace, label_selector={"app": "web"})]) < 3:
            await asyncio.sleep(0.05)
    await deployment.label(tier="front")
    assert deployment.labels["tier"] == "front"
    await deployment.delete(propagation_policy="Foreground")
    async with asyncio.timeout(20):
        while await deployment.exists():
            await asyncio.sleep(0.05)
    assert (await api.version())["minor"] == "37"


async def test_kr8s_custom_kinds(control_plane: Cluster, api: Any, namespace: str) -> None:
    kr8s, objects = need("kr8s"), need("kr8s.asyncio.objects")
    with defined(control_plane, f"{namespace}.example.com") as kind:
        known = objects.new_class(kind.kind, kind.api_version, namespaced=True, scalable=True)
        widget = await known(kind.object(size=1, replicas=1), api=api, namespace=namespace)
        await widget.create()
        assert widget.spec.color == "blue"
        with pytest.raises(kr8s.ServerError, match="should be greater than or equal to 1"):
            await widget.patch({"spec": {"size": 0}})
        await widget.scale(3)
        assert widget.replicas == 3
        await widget.patch({"status": {"phase": "Done"}}, subresource="status")
        await widget.wait("jsonpath='{.status.phase}'=Done", timeout=20)
        await widget.patch([{"op": "replace", "path": "/spec/color", "value": "red"}], type="json")
        await widget.refresh()
        assert (widget.spec.color, widget.status.phase) == ("red", "Done")
        by_name = [found async for found in api.get(f"{kind.plural}.{kind.group}", namespace=namespace)]
        assert [found.name for found in by_name] == ["w"]
        owned = await objects.ConfigMap(configmap("owned"), api=api, namespace=namespace)
        await owned.create()
        await widget.adopt(owned)
        await widget.delete(propagation_policy="Foreground")
        async with asyncio.timeout(20):
            while await owned.exists():
                await asyncio.sleep(0.05)


async def test_kr8s_watches(api: Any, namespace: str) -> None:
    objects = need("kr8s.asyncio.objects")
    made = await objects.ConfigMap(configmap(a="1"), api=api, namespace=namespace)
    await made.create()
    since = made.raw["metadata"]["resourceVersion"]
    await made.patch({"data": {"a": "2"}})
    made.raw["metadata"]["resourceVersion"] = since
    seen: list[tuple[str, Any]] = []
    async with asyncio.timeout(20):
        async for event, found in made.watch():
            seen.append((event, found.raw["data"]["a"]))
            if event == "DELETED":
                break
            await made.delete()
    assert seen == [("MODIFIED", "2"), ("DELETED", "2")]
