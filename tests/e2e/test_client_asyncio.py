"""`kubernetes_asyncio`: what operators that live in an event loop are made with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.clients import DEPLOYMENT, SLIPS, config, configmap, defined, need
from tests.e2e.cluster import Cluster

pytestmark = SLIPS


@pytest.fixture
async def client(control_plane: Cluster) -> AsyncIterator[Any]:
    library = need("kubernetes_asyncio")
    async with await library.config.new_client_from_config(config_file=config(control_plane)) as made:
        yield made


async def test_objects(client: Any, namespace: str) -> None:
    library = need("kubernetes_asyncio")
    apps = library.client.AppsV1Api(client)
    made = await apps.create_namespaced_deployment(namespace, DEPLOYMENT)
    assert made.metadata.uid
    patched = await apps.patch_namespaced_deployment("web", namespace, {"spec": {"replicas": 3}})
    assert patched.spec.replicas == 3
    assert (await apps.read_namespaced_deployment_scale("web", namespace)).spec.replicas == 3
    with pytest.raises(library.client.ApiException) as missing:
        await apps.read_namespaced_deployment("nope", namespace)
    assert missing.value.status == 404
    await apps.delete_namespaced_deployment("web", namespace)


async def test_watches_end_and_go_on(client: Any, namespace: str) -> None:
    library = need("kubernetes_asyncio")
    core = library.client.CoreV1Api(client)
    first = await core.create_namespaced_config_map(namespace, configmap("first", {"mine": "yes"}))
    await core.create_namespaced_config_map(namespace, configmap("second", {"mine": "yes"}))
    selected = {"label_selector": "mine", "timeout_seconds": 1}
    seen = []
    since = first.metadata.resource_version
    async with library.watch.Watch() as watch:
        async for event in watch.stream(core.list_namespaced_config_map, namespace, resource_version=since, **selected):
            seen.append((event["type"], event["object"].metadata.name))
            watch.stop()
    assert seen == [("ADDED", "second")]


async def test_dynamic_client(client: Any, control_plane: Cluster, namespace: str, tmp_path: Path) -> None:
    need("kubernetes_asyncio")
    with defined(control_plane, f"{namespace}.example.com") as kind:
        dynamic = await need("kubernetes_asyncio.dynamic").DynamicClient(client, cache_file=str(tmp_path / "cache"))
        widgets = await dynamic.resources.get(api_version=kind.api_version, kind=kind.kind)
        made = await widgets.server_side_apply(
            body=kind.object(size=1, replicas=1), namespace=namespace, field_manager="one"
        )
        assert made.spec.color == "blue"
        patch = {"content_type": "application/merge-patch+json", "namespace": namespace}
        scaled = await widgets.scale.patch(name="w", body={"spec": {"replicas": 2}}, **patch)
        assert scaled.spec.replicas == 2
        found = await widgets.get(namespace=namespace, label_selector="!none")
        assert [item.metadata.name for item in found.items] == ["w"]
        async for event in widgets.watch(namespace=namespace, timeout=1):
            assert (event["type"], event["object"].spec.replicas) == ("ADDED", 2)
            break
        await widgets.delete(name="w", namespace=namespace)


async def test_create_from_yaml(client: Any, namespace: str) -> None:
    utils = need("kubernetes_asyncio.utils")
    listed = {"apiVersion": "v1", "kind": "List", "items": [configmap("one"), configmap("two")]}
    made = await utils.create_from_dict(client, listed, namespace=namespace)
    assert [obj.metadata.name for obj in made] == ["one", "two"]
