"""`lightkube`: models, patches of all types, server-side apply, generic resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.e2e.clients import DEPLOYMENT, SLIPS, config, configmap, defined, eventually, need
from tests.e2e.cluster import Cluster

pytestmark = SLIPS


@pytest.fixture
def client(control_plane: Cluster, namespace: str) -> Iterator[Any]:
    lightkube = need("lightkube")
    load = need("lightkube.config.kubeconfig").KubeConfig.from_file(config(control_plane))
    with lightkube.Client(config=load.get(), namespace=namespace, field_manager="kube", trust_env=False) as made:
        yield made


def test_lightkube_objects(client: Any) -> None:
    lightkube = need("lightkube")
    core, apps = need("lightkube.resources.core_v1"), need("lightkube.resources.apps_v1")
    client.create(apps.Deployment.from_dict(DEPLOYMENT))
    eventually(lambda: len(list(client.list(core.Pod, labels={"app": "web"}))) == 2)
    client.patch(apps.Deployment, "web", {"spec": {"replicas": 0}})
    client.wait(apps.Deployment, "web", for_conditions=["Available"])
    for kind, deployment in client.watch(apps.Deployment, fields={"metadata.name": "web"}):
        assert (kind, deployment.spec.replicas) == ("ADDED", 0)
        break
    with pytest.raises(lightkube.ApiError) as error:
        client.get(core.Pod, "nope")
    assert error.value.status.reason == "NotFound"
    assert client.patch(apps.Deployment.Scale, "web", {"spec": {"replicas": 1}}).spec.replicas == 1
    assert client.get(apps.Deployment.Scale, "web").status.selector == "app=web"
    client.delete(apps.Deployment, "web")


def test_lightkube_patches_of_all_types(client: Any) -> None:
    lightkube, types = need("lightkube"), need("lightkube.types").PatchType
    core = need("lightkube.resources.core_v1")
    client.create(core.ConfigMap.from_dict(configmap(a="1")))
    patches = [
        (types.STRATEGIC, {"data": {"b": "2"}}),
        (types.MERGE, {"data": {"a": None}}),
        (types.JSON, [{"op": "add", "path": "/data/c", "value": "3"}]),
        (types.APPLY, core.ConfigMap.from_dict({**configmap(d="4"), "metadata": {"name": "c"}})),
    ]
    for kind, patch in patches:
        found = client.patch(core.ConfigMap, "c", patch, patch_type=kind)
    assert found.data == {"b": "2", "c": "3", "d": "4"}
    with pytest.raises(lightkube.ApiError) as wrong:
        client.patch(core.ConfigMap, "c", [{"op": "test", "path": "/data/c", "value": "4"}], patch_type=types.JSON)
    assert (wrong.value.status.code, wrong.value.status.reason) == (422, "Invalid")


def test_lightkube_applies_what_it_reads(client: Any, namespace: str) -> None:
    lightkube, codecs = need("lightkube"), need("lightkube.codecs")
    apps = need("lightkube.resources.apps_v1")
    text = codecs.dump_all_yaml([codecs.from_dict(DEPLOYMENT), codecs.from_dict(configmap(a="1"))])
    made = [client.apply(obj) for obj in codecs.load_all_yaml(text)]
    assert [type(obj).__name__ for obj in made] == ["Deployment", "ConfigMap"]
    assert {entry.manager for entry in made[0].metadata.managedFields} == {"kube"}
    three = codecs.from_dict({**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": 3}})
    with pytest.raises(lightkube.ApiError) as conflict:
        client.apply(three, field_manager="other")
    assert [cause.field for cause in conflict.value.status.details.causes] == [".spec.replicas"]
    assert client.apply(three, field_manager="other", force=True).spec.replicas == 3
    assert client.get(apps.Deployment, "web").metadata.namespace == namespace


def test_lightkube_lists_in_chunks(client: Any) -> None:
    core = need("lightkube.resources.core_v1")
    for index in range(5):
        client.create(core.ConfigMap.from_dict(configmap(f"c{index}", {"mine": "yes"})))
    found = client.list(core.ConfigMap, chunk_size=2, labels={"mine": "yes"})
    assert [obj.metadata.name for obj in found] == [f"c{index}" for index in range(5)]
    since = found.resourceVersion
    client.deletecollection(core.ConfigMap)
    gone = []
    for kind, obj in client.watch(core.ConfigMap, labels={"mine": "yes"}, resource_version=since):
        gone.append((kind, obj.metadata.name))
        if len(gone) == 5:
            break
    assert sorted(gone) == [("DELETED", f"c{index}") for index in range(5)]


def test_lightkube_generic_resources(client: Any, control_plane: Cluster, namespace: str) -> None:
    generic = need("lightkube.generic_resource")
    extensions = need("lightkube.resources.apiextensions_v1")
    with defined(control_plane, f"{namespace}.example.com") as kind:
        definition = client.get(extensions.CustomResourceDefinition, f"{kind.plural}.{kind.group}")
        generic.create_resources_from_crd(definition)
        widgets = generic.get_generic_resource(kind.api_version, kind.kind)
        made = client.create(widgets(metadata={"name": "w"}, spec={"size": 1}))
        assert made.spec == {"size": 1, "color": "blue"}
        assert client.apply(widgets(metadata={"name": "w"}, spec={"replicas": 2})).spec["replicas"] == 2
        status = client.apply(widgets.Status(metadata={"name": "w"}, status={"phase": "Done"}), "w")
        assert (status.status, status.spec["size"]) == ({"phase": "Done"}, 1)
        scale = client.get(widgets.Scale, "w")
        assert (scale.spec.replicas, scale.status.replicas) == (2, 0)
        assert [obj.metadata.name for obj in client.list(widgets)] == ["w"]
        for event, obj in client.watch(widgets, fields={"metadata.name": "w"}):
            assert (event, obj.spec["replicas"]) == ("ADDED", 2)
            break
        client.delete(widgets, "w")
